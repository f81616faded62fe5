"""The gradient of any scalar with respect to any array, whichever backend Keras runs on.

Training hides the gradient: ``fit`` takes it with respect to the weights and uses it up. Saliency maps, Grad-CAM, an image that
excites a unit and a step of gradient descent by hand need it in the open, with respect to the image, a feature map or a number.
Each backend has a way of its own (a tape, a function transform, a graph behind each tensor); :func:`value_and_gradient` is the
one way to all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


__all__ = ["value_and_gradient"]


def value_and_gradient(function: Callable[[Any], Any], x: ArrayLike | list[ArrayLike]) -> tuple[Any, Any]:
    """Value of a scalar function at `x`, and its gradient with respect to `x`.

    Parameters
    ----------
    function : callable
        ``function(x) -> scalar``, written with ``keras.ops`` and Keras models or layers (``model(x)``, not
        ``model.predict(x)``; no NumPy on the way from `x` to the result). It gets `x` as a tensor of the
        backend, or as a list of tensors if `x` is a list, and returns a floating-point tensor of shape ``()``.
        It may also return a pair ``(scalar, aux)``: `aux` (a tensor, or tensors in lists, tuples and dicts) is
        handed back and plays no part in the gradient. Whether a model runs in training or in inference mode is
        decided in there: ``model(x, training=False)``.
    x : array_like of float, any shape, or list of such arrays
        Where the function is evaluated. A list always means several arguments: wrap a vector in ``np.array``. Computed in Keras's
        precision, ``keras.config.floatx()``, float32 unless changed.

    Returns
    -------
    value : numpy.ndarray, shape ()
        ``function(x)``; the pair ``(value, aux)``, as NumPy arrays, if the function returned one. What a model computed in
        float16 stays float16; bfloat16, which NumPy does not know, becomes float32.
    gradient : numpy.ndarray, the shape of `x`, or list of such arrays
        The derivative of the value with respect to each number in `x`.

    Raises
    ------
    TypeError
        If `x` or the value holds whole numbers, truth values or anything else that has no derivative.
    ValueError
        If `x` is an empty list, if the value is no scalar, or if it does not depend on `x` in a way that the backend can follow.
        (JAX cannot tell "does not depend" from "depends with slope zero": there the gradient is then zero.)

    Examples
    --------
    >>> from keras import ops
    >>> value, gradient = value_and_gradient(lambda x: ops.sum(x ** 2), np.array([1.0, 2.0, 3.0]))
    >>> float(value), gradient
    (14.0, array([2., 4., 6.], dtype=float32))

    Several arguments, and something to keep besides the scalar:

    >>> def slope(arguments):
    ...     w, b = arguments
    ...     outputs = w * ops.array([1.0, 2.0]) + b
    ...     return ops.sum(outputs), outputs
    >>> (value, outputs), (dw, db) = value_and_gradient(slope, [np.array(3.0), np.array(1.0)])
    >>> float(value), outputs.tolist(), float(dw), float(db)
    (11.0, [4.0, 7.0], 3.0, 2.0)
    """
    import keras

    several = isinstance(x, list)
    given: list[Any] = x if isinstance(x, list) else [x]
    if several and not x:
        raise ValueError("value_and_gradient got an empty list: there is nothing to differentiate by")
    arrays = [_floats(array, f"x[{number}]" if several else "x") for number, array in enumerate(given)]

    def scalar(tensors):
        """The value, checked, and what came with it."""
        result = function(tensors if several else tensors[0])
        value, aux = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
        return _checked(value), aux

    backend = keras.backend.backend()
    if backend not in _ROUTES:
        raise NotImplementedError(
            f"value_and_gradient knows the backends {', '.join(_ROUTES)}, not {backend}: "
            "set KERAS_BACKEND before Keras is imported"
        )
    value, aux, gradients = _ROUTES[backend](scalar, arrays)
    lost = [number for number, gradient in enumerate(gradients) if gradient is None]
    if lost:
        what = f"x[{lost[0]}]" if several else "x"
        raise ValueError(
            f"the value does not depend on {what}, or not in a way that {backend} can follow. Was {what} used? "
            "Inside the function call model(x) rather than model.predict(x), and keras.ops rather than NumPy"
        )
    gradients = [keras.ops.convert_to_numpy(gradient) for gradient in gradients]
    value = _as_numpy(value)
    if aux is not None:
        value = value, keras.tree.map_structure(_as_numpy, aux)
    return value, gradients if several else gradients[0]


def _floats(array, name):
    """The array in Keras's precision, or an error if it holds no floats."""
    import keras

    array = keras.ops.convert_to_numpy(array) if keras.ops.is_tensor(array) else np.asarray(array)
    if not (np.issubdtype(array.dtype, np.floating) or array.dtype.name == "bfloat16"):
        raise TypeError(f"{name} holds {array.dtype}, which has no derivative: convert it first, with .astype('float32')")
    return array.astype(keras.config.floatx())


def _checked(value):
    """The value as a tensor, or an error if it is no floating-point scalar."""
    import keras

    if value is None:
        raise ValueError("the function returned None: does it end with return?")
    value = keras.ops.convert_to_tensor(value)
    if tuple(value.shape) != ():
        raise ValueError(
            f"the function returned an array of shape {tuple(value.shape)}: a gradient needs a scalar, of shape (). "
            "Pick one number, as in outputs[0, label], or add them up with ops.sum"
        )
    dtype = keras.backend.standardize_dtype(value.dtype)
    if "float" not in dtype:
        raise TypeError(
            f"the function returned a value of type {dtype}, which has no derivative. argmax, comparisons and "
            "rounding have none: differentiate what comes before them"
        )
    return value


def _as_numpy(leaf):
    import keras

    if not keras.ops.is_tensor(leaf):
        return leaf
    if keras.backend.standardize_dtype(leaf.dtype) == "bfloat16":  # NumPy has no such type
        leaf = keras.ops.cast(leaf, "float32")
    return keras.ops.convert_to_numpy(leaf)


def _tensorflow(scalar, arrays):
    import tensorflow as tf

    tensors = [tf.convert_to_tensor(array) for array in arrays]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(tensors)
        value, aux = scalar(tensors)
    return value, aux, tape.gradient(value, tensors)


def _jax(scalar, arrays):
    import jax

    (value, aux), gradients = jax.value_and_grad(scalar, has_aux=True)([jax.numpy.asarray(array) for array in arrays])
    return value, aux, gradients


def _torch(scalar, arrays):
    import keras
    import torch

    tensors = [keras.ops.convert_to_tensor(array).detach().clone().requires_grad_(True) for array in arrays]
    with torch.enable_grad():
        value, aux = scalar(tensors)
    if not value.requires_grad:
        return value, aux, [None] * len(tensors)
    return value, aux, torch.autograd.grad(value, tensors, allow_unused=True)


_ROUTES = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
