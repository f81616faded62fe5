"""`import helpers` and its small modules stay cheap: what is slow to import is imported where it is used."""

import subprocess
import sys

import pytest

SLOW = {"keras", "tensorflow", "matplotlib.pyplot", "sklearn", "skimage", "scipy", "pyarrow", "pooch", "PIL.Image", "tqdm"}


@pytest.mark.parametrize(
    "module", ["helpers", "helpers.budget", "helpers.checks", "helpers.data", "helpers.exercise", "helpers.pretrained"]
)
def test_importing_loads_nothing_slow(module):
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    loaded = set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())
    assert not loaded & SLOW


def test_plots_need_no_network_of_neurons():
    code = "import sys, helpers.plots; print(' '.join(sys.modules))"
    loaded = set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())
    assert not loaded & {"keras", "tensorflow", "torch", "jax"}
