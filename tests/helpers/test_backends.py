"""Whatever touches Keras keeps its promises on the other backends too: the same tests, run on them."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import needs

HERE = Path(__file__).parent
# What builds a network, trains it or looks into it; the rest has nothing to do with the backend.
TESTS = """
    test_training.py
    test_gradients.py
    test_inside.py
    test_experiments.py::test_rates_are_keras_own
    test_experiments.py::test_the_network_has_what_the_recipe_says
    test_experiments.py::test_an_initialiser_object_gives_every_layer_values_of_its_own
    test_experiments.py::test_runs_come_back_in_the_order_asked_for
    test_experiments.py::test_a_run_is_what_keras_does_alone
    test_experiments.py::test_the_loss_is_without_the_penalty
    test_pretrained.py::test_top_and_no_top_are_parts_of_one_network
    test_pretrained.py::test_frozen_nothing_moves_and_fine_tuned_only_what_is_meant_to
    test_pretrained.py::test_a_network_can_be_cut_and_saved
""".split()
ON_EVERY_BACKEND = "test_backends_agree_with_pencil_and_paper"  # starts them all by itself
BACKENDS = ["jax", *["torch"] * (importlib.util.find_spec("torch") is not None)]  # torch is large: the nightly tests install it


@pytest.mark.parametrize("backend", BACKENDS)
def test_helpers_keep_their_promises_on(backend):
    if importlib.util.find_spec(backend) is None:
        needs.require("backends", f"{backend} is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "0", "-k", f"not {ON_EVERY_BACKEND}", *(str(HERE / name) for name in TESTS)],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
