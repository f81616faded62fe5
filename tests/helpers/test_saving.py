"""What `training.save` saves is the same model again, in this version of Keras and in Colab's; nothing is left half-written."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

from helpers import saving, training
from helpers.data import cache
from tests import needs

ROOT = Path(__file__).parents[2]
COLAB = ROOT / "tests" / "pipeline" / "colab-pip-freeze.txt"
IMAGES = np.random.default_rng(0).normal(size=(3, 16, 16, 1)).astype("float32")

# The models, as a program, so that each version of Keras builds them by itself.
MODELS = """
import keras
from keras import layers, regularizers

def dense():
    return keras.Sequential([keras.Input((16, 16, 1)), layers.Flatten(), layers.Dense(
        5, "relu", kernel_initializer=keras.initializers.HeNormal(seed=3), kernel_regularizer=regularizers.L1L2(0.1, 0.2),
        kernel_constraint=keras.constraints.MaxNorm(2.0)), layers.Dropout(0.5, seed=1), layers.Dense(2)])

def convolution():
    return keras.Sequential([keras.Input((16, 16, 1)), layers.Rescaling(0.5), layers.Conv2D(4, 3, padding="same"),
                             layers.DepthwiseConv2D(3), layers.SeparableConv2D(3, 3), layers.Conv2DTranspose(2, 3, strides=2),
                             layers.MaxPooling2D(), layers.GlobalAveragePooling2D(), layers.Dense(2)])

def normalised():
    model = keras.Sequential([keras.Input((16, 16, 1)), layers.Conv2D(4, 3, use_bias=False),
                              layers.BatchNormalization(epsilon=0.01), layers.LayerNormalization(), layers.ReLU(),
                              layers.Flatten(), layers.Dense(2, dtype="float32")])
    model.layers[1].set_weights([value + 0.5 for value in model.layers[1].get_weights()])
    return model

def lenet5():
    return keras.Sequential([
        keras.Input((16, 16, 1)), layers.Conv2D(6, 5, padding="same", activation="tanh"), layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"), layers.Flatten(), layers.Dense(120, "tanh"), layers.Dense(84, "tanh"),
        layers.Dense(10, "softmax")], name="lenet5")

def residual():
    inputs = keras.Input((16, 16, 1))
    x = layers.RandomFlip("horizontal")(inputs)
    for number, width in enumerate((4, 8)):
        short = layers.Conv2D(width, 1, strides=2)(x)
        x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False, name=f"first_{number}")(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same", use_bias=False)(x))
        x = layers.Add()([x, short])
    inner = keras.Sequential([layers.GlobalAveragePooling2D(), layers.Dense(3)], name="head")
    return keras.Model(inputs, [inner(x), layers.Flatten()(x)])

NAMES = ("dense", "convolution", "normalised", "lenet5", "residual")
"""
NAMES = ("dense", "convolution", "normalised", "lenet5", "residual")
exec(MODELS)  # noqa: S102  the same functions here

# In the other version: open what this one has saved, and save the same.
OTHER = (
    MODELS
    + """
import sys, numpy as np
from helpers import training

ours, theirs = sys.argv[1:]
images = np.random.default_rng(0).normal(size=(3, 16, 16, 1)).astype("float32")
for name in NAMES:
    model = training.load(f"{ours}/{name}.zip")
    np.savez(f"{theirs}/{name}-opened.npz", *map(keras.ops.convert_to_numpy, keras.tree.flatten(model(images, training=False))))
    keras.utils.set_random_seed(7)
    model = globals()[name]()
    training.save(model, f"{theirs}/{name}.zip")
    np.savez(f"{theirs}/{name}.npz", *map(keras.ops.convert_to_numpy, keras.tree.flatten(model(images, training=False))))
print(keras.__version__)
"""
)


def outputs(model):
    return [ops.convert_to_numpy(output) for output in keras.tree.flatten(model(IMAGES, training=False))]


def assert_same(some, others, atol=1e-6):
    for one, other in zip(some, others, strict=True):
        np.testing.assert_allclose(one, other, atol=atol)


@pytest.fixture(scope="module")
def colab_keras():
    """A folder with Colab's version of Keras, fetched once."""
    version = re.search(r"^keras==(.+)$", COLAB.read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    folder = cache.root() / "tests" / f"keras-{version}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", fresh, f"keras=={version}"]
            done = subprocess.run(pip, capture_output=True, text=True)
            if done.returncode:
                needs.require("keras", f"keras {version} cannot be had: {done.stderr.strip().splitlines()[-1]}")
            shutil.copytree(fresh, folder, dirs_exist_ok=True)
    return version, folder


def test_it_travels_to_colabs_keras_and_back(colab_keras, tmp_path):
    version, folder = colab_keras
    assert keras.__version__ != version, "the course and Colab have the same version now: this test shows nothing any more"
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir(), theirs.mkdir()
    models = {name: globals()[name]() for name in NAMES}
    for name, model in models.items():
        saving.save(model, ours / f"{name}.zip")
    done = subprocess.run(
        [sys.executable, "-c", OTHER, str(ours), str(theirs)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == version, done.stderr
    for name, model in models.items():
        assert_same(np.load(theirs / f"{name}-opened.npz").values(), outputs(model), atol=1e-5)
        assert_same(np.load(theirs / f"{name}.npz").values(), outputs(saving.load(theirs / f"{name}.zip")), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_the_same_model_again(name, tmp_path):
    model = globals()[name]()
    training.save(model, tmp_path / "model.zip")
    again = training.load(str(tmp_path / "model.zip"))
    assert_same(outputs(again), outputs(model))
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    plans = [json.dumps(keras.saving.serialize_keras_object(one), sort_keys=True) for one in (model, again)]
    assert plans[0] == plans[1], "and it can be trained in the same way: regularisers, seeds, names"
    again.compile(loss="mse")  # which it was not


def changed(path, edit):
    """Edit the plan in a saved model."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(content[saving.PLAN])
    edit(about["model"]["config"]["layers"])
    content[saving.PLAN] = json.dumps(about).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def test_an_argument_from_another_version_is_left_out_only_if_it_means_nothing(tmp_path):
    model, path = dense(), tmp_path / "model.zip"  # noqa: F821  made by the program above
    saving.save(model, path)

    def newer(layers):
        layers[-1]["config"]["folding"] = None
        layers[-1][saving.DEFAULTS].append("folding")

    changed(path, newer)
    assert_same(outputs(saving.load(path)), outputs(model))

    def used(layers):
        layers[-1]["config"]["folding"] = 3
        layers[-1][saving.DEFAULTS].remove("folding")

    changed(path, used)
    with pytest.raises(
        ValueError, match=rf"cannot build this model.*pip install keras=={re.escape(keras.__version__)}.*: Unrecognized .*folding"
    ):
        saving.load(path)


def test_a_layer_of_ones_own(tmp_path):
    class Twice(layers.Layer):
        def call(self, x):
            return 2 * x

    model = keras.Sequential([keras.Input((16, 16, 1)), Twice(), layers.Flatten()])
    saving.save(model, tmp_path / "model.zip")
    with pytest.raises(ValueError, match="register_keras_serializable"):
        saving.load(tmp_path / "model.zip")
    with keras.saving.custom_object_scope({"Twice": Twice}):
        assert_same(outputs(saving.load(tmp_path / "model.zip")), outputs(model))


def test_a_model_without_a_plan_is_refused(tmp_path):
    class Own(keras.Model):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def call(self, x):
            return self.layer(x)

    model = Own(layers.Dense(1))
    model(IMAGES)
    with pytest.raises(TypeError, match="get_config"):
        saving.save(model, tmp_path / "model.zip")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays_until_the_new_file_is_whole(tmp_path, monkeypatch):
    model, path = dense(), tmp_path / "model.zip"  # noqa: F821
    saving.save(model, path)
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Model, "save_weights", full)
    with pytest.raises(OSError, match="No space"):
        saving.save(model, path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_mistakes_are_explained(tmp_path):
    with pytest.raises(ValueError, match="no weights yet"):
        saving.save(keras.Sequential([layers.Dense(1)]), tmp_path / "a.zip")
    for name in ("a.keras", "a.weights.h5"):
        with pytest.raises(ValueError, match="another ending"):
            saving.save(dense(), tmp_path / name)  # noqa: F821
    dense().save(tmp_path / "a.keras")  # noqa: F821
    with pytest.raises(ValueError, match=r"keras\.models\.load_model"):
        saving.load(tmp_path / "a.keras")
    (tmp_path / "b.zip").write_text("<html>not found</html>", encoding="utf-8")
    with pytest.raises(ValueError, match="damaged"):
        saving.load(tmp_path / "b.zip")
    with pytest.raises(FileNotFoundError):
        saving.load(tmp_path / "c.zip")
