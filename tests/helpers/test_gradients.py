"""Gradients agree with pencil and paper, on every backend that is installed, and mistakes are explained."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers, ops

from helpers.gradients import value_and_gradient
from tests import needs

# Everything that the backends must agree on, as a program: it is run once for each backend that is installed.
PROGRAM = """
import keras, numpy as np
from keras import layers, ops
from helpers.gradients import value_and_gradient
assert keras.backend.backend() == {backend!r}

x = np.array([[1.0, -2.0], [0.5, 3.0]])
value, gradient = value_and_gradient(lambda t: ops.sum(t ** 3), x)
assert isinstance(value, np.ndarray) and value.shape == () and isinstance(gradient, np.ndarray)
np.testing.assert_allclose(value, (x ** 3).sum(), rtol=1e-6)
np.testing.assert_allclose(gradient, 3 * x ** 2, rtol=1e-6)

def f(both):
    a, b = both
    return ops.sum(a * b), {{"product": a * b, "kept": [b]}}
(value, aux), gradients = value_and_gradient(f, [x, 2 * x])
np.testing.assert_allclose(gradients[0], 2 * x)
np.testing.assert_allclose(gradients[1], x)
assert isinstance(aux["product"], np.ndarray) and isinstance(aux["kept"][0], np.ndarray)
np.testing.assert_allclose(aux["product"], 2 * x * x)

model = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.Dropout(0.5),
                          layers.GlobalAveragePooling2D(), layers.Dense(3)])
image = np.random.default_rng(0).normal(size=(1, 6, 6, 1)).astype("float32")
before = [weight.copy() for weight in model.get_weights()]  # dropout has a seed, but no weights
value, gradient = value_and_gradient(lambda t: model(t, training=False)[0, 1], image)
np.testing.assert_allclose(value, ops.convert_to_numpy(model(image, training=False))[0, 1], rtol=1e-5)
for y, x in [(0, 0), (2, 3), (5, 1)]:                      # the network is linear: a difference is the derivative
    moved = image.copy()
    moved[0, y, x, 0] += 1
    change = ops.convert_to_numpy(model(moved, training=False))[0, 1] - value
    np.testing.assert_allclose(gradient[0, y, x, 0], change, atol=1e-5)
assert all((a == b).all() for a, b in zip(before, model.get_weights()))
again = value_and_gradient(lambda t: model(t, training=False)[0, 1], ops.convert_to_tensor(image))[1]
np.testing.assert_allclose(gradient, again, atol=1e-6)       # nothing piles up; tensors are taken as well

for policy in ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16"):
    keras.config.set_dtype_policy(policy)
    low = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(),
                            layers.GlobalAveragePooling2D(), layers.Dense(3)])
    keras.config.set_dtype_policy("float32")
    low.set_weights(before)

    def logit(t):
        scores = low(t, training=False)
        return scores[0, 1], scores
    (value, scores), slopes = value_and_gradient(logit, image)
    assert slopes.dtype == "float32" and value.dtype == scores.dtype == ("float32" if "bf" in policy else "float16"), policy
    np.testing.assert_allclose(slopes, gradient, atol=0.02 * np.abs(gradient).max())
    np.testing.assert_allclose(value, scores[0, 1])

try:
    value_and_gradient(lambda t: model(t, training=False)[0], image)
except ValueError as error:
    assert "shape (3,)" in str(error)
else:
    raise AssertionError("a vector has no gradient")
print("agreed")
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax", *["torch"] * (importlib.util.find_spec("torch") is not None)])
def test_backends_agree_with_pencil_and_paper(backend):
    if importlib.util.find_spec(backend) is None:
        needs.require("backends", f"{backend} is not installed")
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(backend=backend)],
        capture_output=True,
        text=True,
        env={**os.environ, "KERAS_BACKEND": backend},
    )
    assert run.stdout.strip() == "agreed", run.stderr


def test_importing_loads_no_backend():
    code = "import sys, helpers.gradients; print(' '.join(sys.modules))"
    loaded = set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())
    assert not loaded & {"keras", "tensorflow", "torch", "jax"}


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX computes in float32 unless told otherwise")
def test_precision_is_that_of_keras():
    _, gradient = value_and_gradient(lambda x: ops.sum(x * x), np.ones(3, "float64"))
    assert gradient.dtype == np.float32
    keras.config.set_floatx("float64")
    try:
        assert value_and_gradient(lambda x: ops.sum(x * x), np.ones(3, "float32"))[1].dtype == np.float64
    finally:
        keras.config.set_floatx("float32")


def test_a_list_is_several_arguments():
    value, gradients = value_and_gradient(lambda both: both[0] * both[1], [2.0, 5.0])
    assert float(value) == 10 and [float(g) for g in gradients] == [5, 2]


@pytest.mark.parametrize("x", [np.arange(3), np.zeros(3, bool), np.zeros(3, "uint8"), "text"])
def test_only_floats_have_gradients(x):
    with pytest.raises(TypeError, match=r"^x holds .*astype"):
        value_and_gradient(ops.sum, x)


def test_the_argument_at_fault_is_named():
    with pytest.raises(TypeError, match=r"^x\[1\] holds"):
        value_and_gradient(lambda both: ops.sum(both[0]), [np.ones(2), np.arange(2)])
    with pytest.raises(ValueError, match="empty list"):
        value_and_gradient(ops.sum, [])


@pytest.mark.parametrize(
    ("function", "error", "told"),
    [
        (lambda x: x, ValueError, r"shape \(3,\)"),
        (lambda x: ops.reshape(ops.sum(x), (1,)), ValueError, r"shape \(1,\)"),
        (lambda x: None, ValueError, "return"),
        (lambda x: ops.argmax(x), TypeError, "argmax"),
    ],
)
def test_only_a_scalar_has_a_gradient(function, error, told):
    with pytest.raises(error, match=told):
        value_and_gradient(function, np.ones(3))


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX does not tell zero from absent")
def test_a_broken_chain_is_noticed():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    for function in (
        lambda x: ops.sum(ops.ones(3)),
        lambda x: 1.0,
        lambda x: ops.sum(ops.convert_to_tensor(model.predict(ops.convert_to_numpy(x), verbose=0))),
    ):
        with pytest.raises(ValueError, match=r"does not depend on x.*predict"):
            value_and_gradient(function, np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"does not depend on x\[1\]"):
        value_and_gradient(lambda both: ops.sum(both[0]), [np.ones(2), np.ones(2)])


def test_an_error_of_the_function_passes_through():
    def wrong(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        value_and_gradient(wrong, np.ones(2))
