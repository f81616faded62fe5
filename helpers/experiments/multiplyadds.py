"""The cost of a network in multiply-adds: the same on every machine, unlike its time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

TRAINING = 3  # forward, then the gradient of what goes into each layer and that of its weights: three products of one size


def multiply_adds(model: keras.Model, images: int = 1) -> int:
    """Count the multiplications with an addition by which a network answers.

    Counted are the products of weights with what goes into a layer, as papers do it. Biases, activations, pooling,
    normalisation and additions are not: they take time, but their number is small beside the products.

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, its input shape known. A layer that is called twice counts twice.
    images : int, optional

    Returns
    -------
    int

    Raises
    ------
    TypeError
        If a layer with weights is of a kind that is not known here. A layer of your own says it itself, by a method
        ``multiply_adds(input_shape, output_shape)``.
    ValueError
        If a shape is not known.

    See Also
    --------
    training_multiply_adds

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(6, 5), keras.layers.Flatten(),
    ...     keras.layers.Dense(10)])
    >>> multiply_adds(model) == 28 * 28 * 6 * 5 * 5 * 3 + 28 * 28 * 6 * 10
    True
    """
    return images * sum(by_layer(model).values())


def training_multiply_adds(model: keras.Model, images: int, epochs: int = 1) -> int:
    """Count the multiply-adds of a training: three times those of the answers, for the two gradients cost as much each.

    Frozen layers and the first one, which need one gradient less, are not told apart, as in the literature.

    Parameters
    ----------
    model : keras.Model
    images : int
        Images an epoch.
    epochs : int, optional

    Returns
    -------
    int

    Examples
    --------
    >>> import keras
    >>> training_multiply_adds(keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)]), images=100, epochs=3)
    9000
    """
    return TRAINING * epochs * multiply_adds(model, images)


def by_layer(model: keras.Model) -> dict[str, int]:
    """Count the multiply-adds of each layer for one image.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    dict of str to int
        By the layers' names, those of a model inside another one with both names; layers that cost nothing are left out.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="a"), keras.layers.Dense(2, name="b")])
    >>> by_layer(model)
    {'a': 12, 'b': 6}
    """
    if not model.built:
        raise ValueError("the model does not know its input shape: begin it with keras.Input(shape)")
    found: dict[str, int] = {}
    for layer, takes, gives in _calls(model):
        if hasattr(layer, "layers"):
            parts = {f"{layer.name}/{name}": number for name, number in by_layer(layer).items()}
        else:
            parts = {layer.name: _products(layer, takes, gives)}
        for name, number in parts.items():
            if number:
                found[name] = found.get(name, 0) + number
    return found


def _calls(model):
    """Every call of a layer in a model: the layer, the shape that goes in, the shape that comes out."""
    import keras

    graph = getattr(model, "_functional", None) or model  # a Sequential keeps a functional twin
    if not isinstance(graph, keras.src.models.Functional):
        raise TypeError(f"{model.name} is neither Sequential nor functional: its layers' calls cannot be followed")
    for _, nodes in sorted(graph._nodes_by_depth.items(), reverse=True):  # from the input on
        for node in nodes:
            if node.is_input:
                continue
            takes, gives = node.input_tensors[0].shape, node.outputs[0].shape
            yield node.operation, takes, gives


def _products(layer: Any, takes: tuple[int | None, ...], gives: tuple[int | None, ...]) -> int:
    """The multiply-adds of one call, for one image."""
    from keras import layers

    own = getattr(layer, "multiply_adds", None)
    if own is not None:
        return int(own(takes, gives))
    if not getattr(layer, "weights", None) or isinstance(layer, _free()):
        return 0
    outputs = _size(layer, gives)
    if isinstance(layer, layers.Dense):
        return int(takes[-1] or 0) * outputs
    if isinstance(layer, (layers.SeparableConv1D, layers.SeparableConv2D)):
        places = outputs // layer.filters
        depthwise = math.prod(layer.depthwise_kernel.shape)  # each weight once at every place
        return places * (depthwise + math.prod(layer.pointwise_kernel.shape))
    if isinstance(layer, (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)):
        inputs = _size(layer, takes)
        return inputs // int(takes[_channels(layer)] or 1) * math.prod(layer.kernel.shape)
    if isinstance(layer, (layers.DepthwiseConv1D, layers.DepthwiseConv2D)):
        return outputs * math.prod(layer.kernel_size)
    if isinstance(layer, (layers.Conv1D, layers.Conv2D, layers.Conv3D)):
        return outputs // layer.filters * math.prod(layer.kernel.shape)
    raise TypeError(
        f"the multiply-adds of {layer.name}, a {type(layer).__name__}, are not known: give the class a method "
        "multiply_adds(input_shape, output_shape)"
    )


def _free():
    """Layers with weights whose work is not counted: they scale and shift, one operation for each number that passes."""
    from keras import layers

    kinds = [layers.BatchNormalization, layers.LayerNormalization, layers.GroupNormalization, layers.UnitNormalization]
    kinds += [layers.Normalization, layers.PReLU]
    kinds += [getattr(layers, name) for name in ("RMSNormalization",) if hasattr(layers, name)]
    return (*kinds, layers.Dropout, layers.GaussianNoise)


def _channels(layer):
    return 1 if getattr(layer, "data_format", "channels_last") == "channels_first" else -1


def _size(layer, shape):
    """How many numbers one image has in a tensor of this shape."""
    if any(side is None for side in shape[1:]):
        raise ValueError(f"{layer.name}: the shape {shape} is not known; build the model with an input of fixed size")
    return math.prod(shape[1:])
