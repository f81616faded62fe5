"""Makes ``gate.py``, the fast executor beside this file, importable from the tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def executor():
    """One warm process for all exercises: it has imported what they need and forks for every variant."""
    from gate import Executor

    with Executor() as warm:
        yield warm
