"""The counter of multiply-adds against counts on paper, and against the papers."""

import keras
import pytest
from keras import layers

from helpers.experiments import lenet5, networks
from helpers.experiments.multiplyadds import by_layer, multiply_adds, training_multiply_adds


def model(*parts, shape):
    return keras.Sequential([keras.Input(shape), *parts])


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (layers.Dense(7), (5,), 5 * 7),
        (layers.Dense(7), (3, 5), 3 * 5 * 7),  # at each of three places
        (layers.Conv2D(8, 3), (10, 12, 4), 8 * 10 * 8 * 3 * 3 * 4),
        (layers.Conv2D(8, (3, 5), strides=2, padding="same"), (10, 12, 4), 5 * 6 * 8 * 3 * 5 * 4),
        (layers.Conv2D(8, 3, dilation_rate=2), (10, 12, 4), 6 * 8 * 8 * 3 * 3 * 4),
        (layers.Conv2D(8, 3, groups=2), (10, 12, 4), 8 * 10 * 8 * 3 * 3 * 2),
        (layers.Conv1D(8, 3), (10, 4), 8 * 8 * 3 * 4),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (10, 12, 4), 8 * 10 * 8 * 3 * 3),
        (layers.SeparableConv2D(8, 3, depth_multiplier=2), (10, 12, 4), 8 * 10 * (3 * 3 * 4 * 2 + 4 * 2 * 8)),
        (layers.Conv2DTranspose(8, 3, strides=2), (10, 12, 4), 10 * 12 * 4 * 8 * 3 * 3),
        (layers.BatchNormalization(), (10, 12, 4), 0),
        (layers.MaxPooling2D(), (10, 12, 4), 0),
        (layers.Flatten(), (10, 12, 4), 0),
    ],
)
def test_each_kind_of_layer(layer, shape, expected):
    assert multiply_adds(model(layer, shape=shape)) == expected


def test_channels_first_counts_the_same():
    """Nothing is computed, so any backend may build it."""
    first = layers.Conv2D(8, 3, data_format="channels_first")
    assert multiply_adds(model(first, shape=(4, 10, 12))) == 8 * 10 * 8 * 3 * 3 * 4


def test_branches_shared_layers_and_models_inside_models():
    shared = layers.Dense(4, name="shared")
    inner = model(layers.Dense(5, name="inside"), shape=(4,))
    a, b = keras.Input((4,)), keras.Input((4,))
    x = layers.Add()([shared(a), shared(b)])
    outer = keras.Model([a, b], inner(x))
    assert by_layer(outer) == {"shared": 2 * 4 * 4, f"{inner.name}/inside": 4 * 5}
    assert multiply_adds(outer, images=10) == 10 * (32 + 20)
    shared(keras.Input((4,)))  # a call in another model is none in this one
    assert multiply_adds(outer) == 32 + 20


def test_training_takes_three_times_as_much():
    assert training_multiply_adds(model(layers.Dense(2), shape=(5,)), images=100, epochs=3) == 3 * 3 * 100 * 10


def test_lenet5_is_counted_as_on_paper():
    modern = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 25 * 6 + 120 * 400 + 84 * 120 + 10 * 84
    assert multiply_adds(lenet5.build("+ softmax, cross-entropy")) == modern
    of_1998 = 28 * 28 * 6 * 25 + 14 * 14 * 6 + 10 * 10 * 60 * 25 + 5 * 5 * 16 + 120 * 400 + 84 * 120 + 10 * 84
    assert multiply_adds(lenet5.build("LeNet-5, 1998")) == of_1998


def test_known_networks():
    """He et al. (2016) give 3.8 billion for ResNet-50, Sandler et al. (2018) 300 million for MobileNetV2."""
    assert multiply_adds(keras.applications.MobileNetV2(weights=None)) == pytest.approx(300e6, rel=0.01)
    assert multiply_adds(keras.applications.ResNet50(weights=None)) == pytest.approx(3.8e9, rel=0.03)


def test_the_residual_network():
    first = 32 * 32 * 2 * 2 * 3 * 24
    blocks = [(32, 24, 48), (16, 48, 128), (8, 128, 192)]
    rest = sum(side**2 * 9 * a * b + (side // 2) ** 2 * 9 * b * b for side, a, b in blocks)
    assert multiply_adds(networks.residual()) == first + rest + 192 * 10


def test_what_is_not_known_is_said():
    class Own(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(3,))

        def call(self, x):
            return x

    with pytest.raises(TypeError, match="multiply_adds\\(input_shape, output_shape\\)"):
        multiply_adds(model(Own(), shape=(3,)))

    class Told(Own):
        def multiply_adds(self, takes, gives):
            return 42

    assert multiply_adds(model(Told(), shape=(3,))) == 42
    with pytest.raises(ValueError, match="input of fixed size"):
        multiply_adds(model(layers.Conv2D(2, 3), shape=(None, None, 3)))
    with pytest.raises(ValueError, match="does not know its input shape"):
        multiply_adds(keras.Sequential([layers.Dense(2)]))
