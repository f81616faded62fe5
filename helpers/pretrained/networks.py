"""The networks, each built the way in which its weights were trained, with the scaling of its input as the first layer.

What differs between two sets of weights for "the same" network, and is silent when it is wrong:

================ ======================= ======================== =============== ===========================
weights          input                   padding before stride 2  BatchNorm's     first convolution expects
                                                                  epsilon
================ ======================= ======================== =============== ===========================
MobileNetV2
- official       x / 127.5 - 1           (0, 1): right and below  1e-3            RGB
- package        (x - mean) / deviation  (1, 1): on all sides     1e-5            RGB
ResNet50
- official       x - mean                (3, 3), then (1, 1)      1.001e-5        BGR; turned to RGB here
- package        x - mean                (3, 3), then (1, 1)      1e-3            BGR; turned to RGB here
================ ======================= ======================== =============== ===========================

The means and deviations are those of ImageNet's training images, by colour.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from helpers.pretrained import readers

if TYPE_CHECKING:
    import keras


# ImageNet's colours, from 0 to 1, as torchvision scales them; and from 0 to 255, as He and others subtracted them.
TORCH_MEAN, TORCH_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CAFFE_MEAN = (123.68, 116.779, 103.939)

# MobileNetV2's stages: expansion, channels, blocks, stride of the first block. Table 2 of Sandler and others (2018).
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))

LAST_LAYER = {"mobilenetv2": "out_relu", "resnet50": "conv5_block3_out"}  # its output are the feature maps


def _scaled(size, mean, deviation):
    """Return the input of a network, and what its first layer makes of it: (x - mean) / deviation, by colour."""
    import keras

    inputs = keras.Input((size, size, 3), name="rgb", dtype="float32")
    scaling = keras.layers.Normalization(mean=list(mean), variance=[value**2 for value in deviation], name="preprocessing")
    return inputs, scaling(inputs)


def _with_top(inputs, features, name):
    """Return the model that ends in 1,000 probabilities."""
    from keras import Model, layers

    pooled = layers.GlobalAveragePooling2D(name="avg_pool")(features)
    return Model(inputs, layers.Dense(1000, activation="softmax", name="predictions")(pooled), name=name)


def mobilenetv2_keras(size: int) -> keras.Model:
    """Build MobileNetV2 as Keras's weights want it, without weights.

    Parameters
    ----------
    size : int
        Height and width of the images in pixels.

    Returns
    -------
    keras.Model
    """
    import keras

    inputs, scaled = _scaled(size, (127.5,) * 3, (127.5,) * 3)
    base = keras.applications.MobileNetV2(input_shape=(size, size, 3), input_tensor=scaled, include_top=False, weights=None)
    return _with_top(inputs, base.output, "mobilenetv2")


def mobilenetv2_torch(size: int) -> keras.Model:
    """Build MobileNetV2 as torchvision's weights want it, without weights; layers are named as in Keras's.

    Parameters
    ----------
    size : int
        Height and width of the images in pixels.

    Returns
    -------
    keras.Model
    """
    from keras import layers

    def normalised(x, name, active=None):
        x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, name=name)(x)
        return layers.ReLU(6.0, name=active)(x) if active else x

    def padded(x, stride, name):
        # Keras's "same" pads a stride of 2 on one side only; torch pads both, and these weights were trained so.
        return (layers.ZeroPadding2D(1, name=name)(x), "valid") if stride == 2 else (x, "same")

    inputs, x = _scaled(size, [255 * value for value in TORCH_MEAN], [255 * value for value in TORCH_DEVIATION])
    x, padding = padded(x, 2, "Conv1_pad")
    x = layers.Conv2D(32, 3, strides=2, padding=padding, use_bias=False, name="Conv1")(x)
    x = normalised(x, "bn_Conv1", "Conv1_relu")
    number = 0
    for expansion, channels, blocks, first_stride in STAGES:
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            prefix = f"block_{number}_" if number else "expanded_conv_"
            shortcut, number = x, number + 1
            if expansion > 1:
                x = layers.Conv2D(expansion * x.shape[-1], 1, use_bias=False, name=f"{prefix}expand")(x)
                x = normalised(x, f"{prefix}expand_BN", f"{prefix}expand_relu")
            x, padding = padded(x, stride, f"{prefix}pad")
            x = layers.DepthwiseConv2D(3, strides=stride, padding=padding, use_bias=False, name=f"{prefix}depthwise")(x)
            x = normalised(x, f"{prefix}depthwise_BN", f"{prefix}depthwise_relu")
            x = layers.Conv2D(channels, 1, use_bias=False, name=f"{prefix}project")(x)
            x = normalised(x, f"{prefix}project_BN")
            if stride == 1 and shortcut.shape[-1] == channels:
                x = layers.Add(name=f"{prefix}add")([shortcut, x])
    x = layers.Conv2D(1280, 1, use_bias=False, name="Conv_1")(x)
    x = normalised(x, "Conv_1_bn", "out_relu")
    return _with_top(inputs, x, "mobilenetv2")


def resnet50_keras(size: int) -> keras.Model:
    """Build ResNet50 as Keras's weights want it, without weights.

    Parameters
    ----------
    size : int
        Height and width of the images in pixels.

    Returns
    -------
    keras.Model
    """
    import keras

    inputs, scaled = _scaled(size, CAFFE_MEAN, (1, 1, 1))
    base = keras.applications.ResNet50(input_shape=(size, size, 3), input_tensor=scaled, include_top=False, weights=None)
    return _with_top(inputs, base.output, "resnet50")


def resnet50_tfjs(size: int) -> keras.Model:
    """Build ResNet50 as the package's weights want it: Keras's network of 2019, whose BatchNorm had a larger epsilon.

    Parameters
    ----------
    size : int
        Height and width of the images in pixels.

    Returns
    -------
    keras.Model
    """
    import keras

    model = resnet50_keras(size)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.epsilon = 1e-3  # read at every call, so setting it before the first one is enough
    return model


def _fill(model, arrays):
    """Give each layer its arrays, by name; complain if any is left without, or left over."""
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(arrays.pop(layer.name))
    if arrays:
        raise ValueError(f"weights without a layer: {', '.join(sorted(arrays))}")


def _turn_to_rgb(model):
    """Turn round the colour axis of the first kernel, which was trained on images in the order blue, green, red."""
    layer = model.get_layer("conv1_conv")
    kernel, *bias = layer.get_weights()
    layer.set_weights([kernel[:, :, ::-1], *bias])


def fill_from_keras(model: keras.Model, folder: Path) -> None:
    """Fill MobileNetV2 from Keras's HDF5 file in `folder`, by Keras itself: such a file holds arrays and names only."""
    (path,) = folder.glob("*.h5")
    model.load_weights(path)


def fill_resnet_from_keras(model: keras.Model, folder: Path) -> None:
    """Fill ResNet50 from Keras's HDF5 file in `folder`."""
    fill_from_keras(model, folder)
    _turn_to_rgb(model)


def torch_names() -> dict[str, str]:
    """Map the layers of `mobilenetv2_torch` to the names that torchvision gives to the same layers.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> torch_names()["block_1_depthwise"]
    'features.2.conv.1.0'
    """
    names = {
        "Conv1": "features.0.0",
        "bn_Conv1": "features.0.1",
        "Conv_1": "features.18.0",
        "Conv_1_bn": "features.18.1",
        "predictions": "classifier.1",
    }
    for number in range(17):
        ours, theirs = f"block_{number}_", f"features.{number + 1}.conv."
        parts = ["expand", "depthwise", "project"]
        if number == 0:
            ours = "expanded_conv_"
            parts.remove("expand")
        for place, part in enumerate(parts):
            last = part == "project"  # has no ReLU after it, so torchvision does not put it into a group of its own
            names[f"{ours}{part}"] = f"{theirs}{place}" if last else f"{theirs}{place}.0"
            names[f"{ours}{part}_BN"] = f"{theirs}{place + 1}" if last else f"{theirs}{place}.1"
    return names


def fill_from_torch(model: keras.Model, folder: Path) -> None:
    """Fill `mobilenetv2_torch` from torchvision's file in `folder`."""
    (path,) = folder.glob("*.pth")
    tensors = {name: values for name, values in readers.read_torch(path).items() if not name.endswith("num_batches_tracked")}

    def kernel(values, layer):
        if values.ndim == 2:
            return values.T
        # torch: (out, in, height, width); Keras: (height, width, in, out), and of a depthwise one (height, width, out, in).
        return values.transpose(2, 3, 0, 1) if layer.endswith("depthwise") else values.transpose(2, 3, 1, 0)

    arrays = {}
    for layer, prefix in torch_names().items():
        if f"{prefix}.running_mean" in tensors:
            arrays[layer] = [tensors.pop(f"{prefix}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        else:
            arrays[layer] = [kernel(tensors.pop(f"{prefix}.weight"), layer)]
            if f"{prefix}.bias" in tensors:
                arrays[layer].append(tensors.pop(f"{prefix}.bias"))
    if tensors:
        raise ValueError(f"tensors without a layer: {', '.join(sorted(tensors))}")
    _fill(model, arrays)


def tfjs_names() -> dict[str, str]:
    """Map the layers of ResNet50 to the names that Keras gave to them until 2019.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> tfjs_names()["conv3_block2_1_conv"], tfjs_names()["conv3_block1_0_bn"]
    ('res3b_branch2a', 'bn3a_branch1')
    """
    names = {"conv1_conv": "conv1", "conv1_bn": "bn_conv1", "predictions": "fc1000"}
    for stage, blocks in ((2, 3), (3, 4), (4, 6), (5, 3)):
        for block in range(blocks):
            for part, branch in enumerate(("1", "2a", "2b", "2c")):
                if part == 0 and block > 0:
                    continue  # only the first block of a stage has a convolution in its shortcut
                ours, theirs = f"conv{stage}_block{block + 1}_{part}", f"{stage}{'abcdef'[block]}_branch{branch}"
                names[f"{ours}_conv"], names[f"{ours}_bn"] = f"res{theirs}", f"bn{theirs}"
    return names


def fill_from_tfjs(model: keras.Model, folder: Path) -> None:
    """Fill `resnet50_tfjs` from the TensorFlow.js files in `folder`."""
    weights = readers.read_tfjs(folder)
    arrays = {}
    for layer, theirs in tfjs_names().items():
        kind = ("gamma", "beta", "moving_mean", "moving_variance") if layer.endswith("_bn") else ("kernel", "bias")
        arrays[layer] = [weights.pop(f"{theirs}/{part}") for part in kind]
    if weights:
        raise ValueError(f"weights without a layer: {', '.join(sorted(weights))}")
    _fill(model, arrays)
    _turn_to_rgb(model)


# The only table that brings weights and networks together: builder and filler of each kind.
ROUTES = {
    ("mobilenetv2", "official"): (mobilenetv2_keras, fill_from_keras),
    ("mobilenetv2", "package"): (mobilenetv2_torch, fill_from_torch),
    ("resnet50", "official"): (resnet50_keras, fill_resnet_from_keras),
    ("resnet50", "package"): (resnet50_tfjs, fill_from_tfjs),
}
