"""Whatever touches Keras keeps its promises on another backend too: the same tests, run on JAX.

A choice, to stay within a minute; every night all of these files are run on JAX and on torch.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from tests import needs

HERE = Path(__file__).parent
TESTS = """
    test_training.py
    test_gradients.py
    test_inside.py
    test_experiments.py::test_runs_come_back_in_the_order_asked_for
    test_pretrained.py::test_a_network_can_be_cut_and_saved
""".split()
ON_EVERY_BACKEND = "test_backends_agree_with_pencil_and_paper"  # starts them all by itself


def test_helpers_keep_their_promises_on_jax():
    if importlib.util.find_spec("jax") is None:
        needs.require("backends", "jax is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-k", f"not {ON_EVERY_BACKEND}", *(str(HERE / name) for name in TESTS)],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
