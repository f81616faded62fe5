"""Grad-CAM agrees with what can be computed by hand, on every kind of model, and leaves the model as it was."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from helpers.inside import find, grad_cam, overlay

rng = np.random.default_rng(0)
IMAGES = rng.normal(size=(6, 12, 12, 3)).astype("float32")
CLASSES = np.array([0, 1, 2, 3, 0, 1])


def parts():
    """The layers of a small network, with weights that are not all alike and batch normalisation that has seen something."""
    keras.utils.set_random_seed(1)
    found = [
        layers.Conv2D(4, 3, padding="same", name="conv1"),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(name="relu1"),
        layers.MaxPooling2D(2, name="pool"),
        layers.Conv2D(5, 3, padding="same", name="conv2"),
        layers.ReLU(name="relu2"),
    ]
    model = keras.Sequential([keras.Input((12, 12, 3)), *found])
    model.get_layer("norm").set_weights([rng.uniform(0.5, 2, 4), rng.normal(size=4), rng.normal(size=4), rng.uniform(0.5, 2, 4)])
    return found


def sequential(found, head):
    return keras.Sequential([keras.Input((12, 12, 3)), *found, *head])


def chain(tensor, some):
    for layer in some:
        tensor = layer(tensor)
    return tensor


def functional(found, head):
    inputs = keras.Input((12, 12, 3))
    return keras.Model(inputs, chain(inputs, [*found, *head]))


def nested(found, head):
    """A functional model inside a Sequential one inside a functional one."""
    inputs = keras.Input((12, 12, 3))
    inner = keras.Model(inputs, chain(inputs, found), name="inner")
    middle = keras.Sequential([keras.Input((12, 12, 3)), inner, head[0]], name="middle")
    inputs = keras.Input((12, 12, 3))
    return keras.Model(inputs, chain(inputs, [middle, *head[1:]]))


def subclassed(found, head):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.features = keras.Sequential([keras.Input((12, 12, 3)), *found])
            self.head = head

        def call(self, images, training=None):
            return chain(self.features(images, training=training), self.head)

    model = Own()
    model(IMAGES[:1])
    return model


KINDS = [sequential, functional, nested, subclassed]


@pytest.mark.parametrize("kind", KINDS)
def test_a_linear_head_on_averages_gives_the_class_activation_map(kind):
    found = parts()
    head = [layers.GlobalAveragePooling2D(), layers.Dense(4)]
    model = kind(found, head)
    maps = keras.ops.convert_to_numpy(chain(IMAGES, found))
    by_hand = np.maximum(np.einsum("nhwc,cn->nhw", maps, head[-1].get_weights()[0][:, CLASSES]) / (6 * 6), 0)
    assert by_hand.max() > 0 and (by_hand == 0).any()
    got = grad_cam(model, IMAGES, CLASSES, "relu2")
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, by_hand, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_other_heads_and_layers_agree_with_differences(kind):
    found = parts()[:3]
    head = [layers.Flatten(), layers.Dense(7, activation="tanh"), layers.Dense(4)]
    model = kind(found, head)
    maps = keras.ops.convert_to_numpy(chain(IMAGES, found))

    def logits(nudged):
        return keras.ops.convert_to_numpy(chain(nudged, head))[np.arange(6), CLASSES]

    weights, step = np.zeros((6, 4)), 1e-2
    for channel in range(4):  # changing all places of a channel by the same amount gives the sum of the slopes
        push = np.zeros((1, 1, 1, 4), "float32")
        push[..., channel] = step
        weights[:, channel] = (logits(maps + push) - logits(maps - push)) / (2 * step) / maps[0, ..., 0].size
    by_hand = np.maximum((maps * weights[:, None, None]).sum(-1), 0)
    np.testing.assert_allclose(grad_cam(model, IMAGES, CLASSES, "relu1"), by_hand, atol=1e-2 * by_hand.max())


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_is_left_as_it_was(kind):
    found, head = parts(), [layers.GlobalAveragePooling2D(), layers.Dense(4)]
    model = kind(found, head)
    before = [weight.copy() for weight in model.get_weights()]
    outputs = keras.ops.convert_to_numpy(model(IMAGES, training=False))
    first = grad_cam(model, IMAGES, 2, "relu2")
    assert "call" not in vars(find(model, "relu2"))
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(IMAGES, training=False)), outputs)
    np.testing.assert_array_equal(grad_cam(model, IMAGES, 2, "relu2"), first)
    np.testing.assert_array_equal(grad_cam(model, IMAGES, [2] * 6, "relu2"), first)
    with pytest.raises(Exception):  # noqa: B017 - whatever the backend says of a wrong shape
        grad_cam(model, IMAGES[..., :2], 2, "relu2")
    assert "call" not in vars(find(model, "relu2"))


def test_images_in_a_batch_do_not_disturb_each_other():
    model = sequential(parts(), [layers.GlobalAveragePooling2D(), layers.Dense(4)])
    together = grad_cam(model, IMAGES, CLASSES, "relu2")
    alone = [grad_cam(model, IMAGES[i : i + 1], CLASSES[i], "relu2")[0] for i in range(6)]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_preprocessing_inside_the_model_and_any_image_size():
    found = parts()
    network = keras.Sequential([keras.Input((None, None, 3)), *found, layers.GlobalAveragePooling2D(), layers.Dense(4)])
    photo = rng.integers(0, 256, (1, 20, 16, 3), dtype=np.uint8)
    whole = keras.Sequential([keras.Input((None, None, 3)), layers.Rescaling(1 / 255), network])
    got = grad_cam(whole, photo, 1, "relu2")
    assert got.shape == (1, 10, 8)
    np.testing.assert_allclose(got, grad_cam(network, photo.astype("float32") / 255, 1, "relu2"), atol=1e-6)


POLICIES = ["mixed_float16", "mixed_bfloat16", "float16", "bfloat16"]


@pytest.fixture
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("policy", POLICIES, indirect=True)
def test_every_precision_gives_the_same_map_nearly(policy, kind):
    found, head = parts(), [layers.GlobalAveragePooling2D(), layers.Dense(4)]
    model = kind(found, head)
    assert keras.backend.standardize_dtype(model(IMAGES).dtype) == policy.removeprefix("mixed_")
    maps = keras.ops.convert_to_numpy(keras.ops.cast(chain(IMAGES, found), "float32"))
    kernel = keras.ops.convert_to_numpy(keras.ops.cast(head[-1].kernel, "float32"))
    by_hand = np.maximum(np.einsum("nhwc,cn->nhw", maps, kernel[:, CLASSES]) / (6 * 6), 0)
    got = grad_cam(model, IMAGES, CLASSES, "relu2")
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, by_hand, atol=0.02 * by_hand.max())


@pytest.mark.parametrize("policy", ["mixed_float16"], indirect=True)
@pytest.mark.parametrize("size", [1e-6, 1.0, 200.0])
def test_small_slopes_do_not_vanish_in_float16_and_large_ones_do_not_overflow(policy, size):
    found, head = parts(), [layers.GlobalAveragePooling2D(), layers.Dense(4, use_bias=False)]
    model = sequential(found, head)
    kernel = size * np.sign(head[-1].get_weights()[0])
    head[-1].set_weights([kernel])
    maps = keras.ops.convert_to_numpy(keras.ops.cast(chain(IMAGES, found), "float32"))
    by_hand = np.maximum(np.einsum("nhwc,cn->nhw", maps, kernel[:, CLASSES]) / (6 * 6), 0)
    np.testing.assert_allclose(grad_cam(model, IMAGES, CLASSES, "relu2"), by_hand, rtol=0.05, atol=0.02 * by_hand.max())


@pytest.mark.parametrize("activation", [None, "sigmoid"])
def test_one_output_speaks_for_the_positive_class_and_against_the_other(activation):
    found, head = parts(), [layers.GlobalAveragePooling2D(), layers.Dense(1, activation=activation)]
    model = sequential(found, head)
    maps = keras.ops.convert_to_numpy(chain(IMAGES, found))
    slope = np.ones(6)
    if activation:
        p = keras.ops.convert_to_numpy(model(IMAGES, training=False))[:, 0]
        slope = p * (1 - p)
    signed = (maps @ head[-1].get_weights()[0])[..., 0] / (6 * 6) * slope[:, None, None]
    assert signed.max() > 0 > signed.min()
    np.testing.assert_allclose(grad_cam(model, IMAGES, 1, "relu2"), np.maximum(signed, 0), atol=1e-6)
    np.testing.assert_allclose(grad_cam(model, IMAGES, 0, "relu2"), np.maximum(-signed, 0), atol=1e-6)
    mixed = grad_cam(model, IMAGES, [0, 1, 0, 1, 0, 1], "relu2")
    np.testing.assert_allclose(mixed[1::2], np.maximum(signed, 0)[1::2], atol=1e-6)
    np.testing.assert_allclose(mixed[::2], np.maximum(-signed, 0)[::2], atol=1e-6)
    with pytest.raises(ValueError, match="integers from 0 to 1"):
        grad_cam(model, IMAGES, 2, "relu2")


def test_mistakes_are_explained():
    found = parts()
    model = nested(found, [layers.GlobalAveragePooling2D(name="mean"), layers.Dense(4, name="logits")])
    with pytest.raises(ValueError, match=r"no layer named 'relu9'.*middle/inner/relu1"):
        grad_cam(model, IMAGES, 0, "relu9")
    with pytest.raises(ValueError, match="puts out"):
        grad_cam(model, IMAGES, 0, "mean")
    for classes in (4, -1, 0.5):
        with pytest.raises(ValueError, match="integers from 0 to 3"):
            grad_cam(model, IMAGES, classes, "relu2")
    conv = layers.Conv2D(3, 3, padding="same", name="shared")
    twice = keras.Sequential([keras.Input((12, 12, 3)), layers.GlobalAveragePooling2D()])
    inputs = keras.Input((12, 12, 3))
    twice = keras.Model(inputs, twice(conv(conv(inputs))))
    with pytest.raises(ValueError, match="used 2 times"):
        grad_cam(twice, IMAGES, 0, "shared")
    same = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            keras.Sequential([layers.ReLU(name="a")], name="one"),
            keras.Sequential([layers.ReLU(name="a")], name="two"),
        ]
    )
    with pytest.raises(ValueError, match="2 layers named 'a'"):
        find(same, "a")


def test_overlay():
    images = rng.random((3, 8, 12, 3))
    maps = np.zeros((3, 2, 3))
    maps[0, 0, 2], maps[1] = 7, [[1, 2, 4], [0, 0, 0]]
    shown = overlay(images, maps, strength=1)
    assert shown.shape == images.shape and shown.min() >= 0 and shown.max() <= 1
    brightness = shown.sum(-1)
    assert (brightness[0, :4, 8:] == brightness[0].max()).all() and np.ptp(brightness[0, 4:]) == 0  # cells as they are
    assert np.ptp(brightness[2]) == 0  # an empty map stays dark
    assert len(np.unique(overlay(images, maps, strength=1, smooth=True)[1].sum(-1))) > 10
    np.testing.assert_allclose(overlay((255 * images).astype("uint8"), maps, strength=0)[..., 0], images.mean(-1), atol=1 / 255)
    with pytest.raises(ValueError, match="not negative"):
        overlay(images, maps - 1)
    with pytest.raises(ValueError, match="as many maps"):
        overlay(images, maps[:2])


def test_importing_is_cheap():
    code = "import sys, helpers.inside; print(' '.join(sys.modules))"
    loaded = set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())
    assert not loaded & {"keras", "tensorflow", "matplotlib.pyplot", "skimage"}
