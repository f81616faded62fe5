"""Whatever touches Keras keeps its promises on the other backends too: the same tests, run on them."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = ("test_training.py", "test_gradients.py", "test_inside.py", "test_experiments.py", "test_pretrained.py")


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_helpers_on_other_backends(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", *(str(HERE / name) for name in FILES)],
        text=True,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout
