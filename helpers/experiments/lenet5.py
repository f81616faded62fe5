"""LeNet-5 as it was in 1998, as it is built today, and the seven steps between: what week 3's study trains.

Week 3's third lecture builds the same layers in sight, and says what each is for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import layers, ops

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACKAGE = "course.lenet5"

# Which of the 6 maps of S2 (rows) each of the 16 maps of C3 (columns) looks at: table 1 of LeCun et al. (1998).
TABLE = np.zeros((6, 16), dtype=int)
for _column in range(6):
    TABLE[[(_column + step) % 6 for step in range(3)], _column] = 1
    TABLE[[(_column + step) % 6 for step in range(4)], _column + 6] = 1
for _column, _maps in {12: (0, 1, 3, 4), 13: (1, 2, 4, 5), 14: (0, 2, 3, 5)}.items():
    TABLE[list(_maps), _column] = 1
TABLE[:, 15] = 1

# The targets of layer F6, one row a class. The paper's are little drawings; random signs, which it considers as well, are ours.
CODES = np.random.default_rng(1998).choice([-1.0, 1.0], size=(10, 84)).astype("float32")

START: dict[str, Any] = {
    "init": "1998",
    "wires": "table",
    "pooling": "subsampling",
    "output": "codes",
    "activation": "squash",
    "optimiser": "SGD",
    "batch_norm": False,
}
STEPS: dict[str, dict[str, Any]] = {  # each changes one choice and keeps all earlier changes
    "LeNet-5, 1998": {},
    "+ initial weights": {"init": "lecun_normal"},
    "+ all connections": {"wires": "all"},
    "+ max pooling": {"pooling": "max"},
    "+ softmax, cross-entropy": {"output": "softmax"},
    "+ ReLU": {"activation": "relu", "init": "he_normal"},
    "+ Adam": {"optimiser": "Adam"},
    "+ batch norm": {"batch_norm": True},
}


def choices(step: str) -> dict[str, Any]:
    """Return all choices in force at a step: the start, changed by every step up to this one.

    Examples
    --------
    >>> choices("+ all connections")["wires"], choices("+ all connections")["pooling"]
    ('all', 'subsampling')
    """
    found = dict(START)
    for name, change in STEPS.items():
        found |= change
        if name == step:
            return found
    raise ValueError(f"there is no step {step!r}; there are: {', '.join(STEPS)}")


@keras.saving.register_keras_serializable(PACKAGE)
def squash(a: Any) -> Any:
    """Return the scaled tanh of 1998, which maps 1 to 1 and -1 to -1."""
    return 1.7159 * ops.tanh(2 * a / 3)


@keras.saving.register_keras_serializable(PACKAGE)
class Subsampling(layers.Layer):
    """Sum of each 2 x 2 window times a coefficient plus a bias, both one for each map."""

    def build(self, shape: Any) -> None:
        """Make the two numbers of each map."""
        self.coefficient = self.add_weight(shape=(shape[-1],), initializer=keras.initializers.Constant(0.25))
        self.bias = self.add_weight(shape=(shape[-1],), initializer="zeros")

    def call(self, maps: Any) -> Any:
        """Return maps of half the size."""
        return 4 * ops.average_pool(maps, 2, 2) * self.coefficient + self.bias

    def multiply_adds(self, takes: Any, gives: Any) -> int:
        """One multiplication and one addition for each number that comes out."""
        return int(np.prod(gives[1:]))


@keras.saving.register_keras_serializable(PACKAGE)
class PartialConv(layers.Layer):
    """5 x 5 convolution whose output map j sees input map i only where ``TABLE[i, j]`` is 1."""

    def __init__(self, kernel_initializer: Any = "glorot_uniform", **more: Any) -> None:
        super().__init__(**more)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        places = np.flatnonzero(TABLE)
        self.places = np.zeros((places.size, TABLE.size), "float32")
        self.places[np.arange(places.size), places] = 1  # connection -> place in the full kernel

    def build(self, shape: Any) -> None:
        """Make one window for each connection."""
        self.windows = self.add_weight(shape=(25, len(self.places)), initializer=self.kernel_initializer)
        self.bias = self.add_weight(shape=(TABLE.shape[1],), initializer="zeros")

    def call(self, maps: Any) -> Any:
        """Return the 16 maps."""
        full = ops.reshape(ops.matmul(self.windows, ops.convert_to_tensor(self.places)), (5, 5, *TABLE.shape))
        return ops.conv(maps, full) + self.bias

    def get_config(self) -> dict[str, Any]:
        """Say how the layer is made."""
        return super().get_config() | {"kernel_initializer": keras.initializers.serialize(self.kernel_initializer)}

    def multiply_adds(self, takes: Any, gives: Any) -> int:
        """25 for each connection at each place."""
        return int(25 * TABLE.sum() * np.prod(gives[1:-1]))


@keras.saving.register_keras_serializable(PACKAGE)
class DistanceToCodes(layers.Layer):
    """Minus the squared distance to each class's code; 840 numbers, none trained."""

    def build(self, shape: Any) -> None:
        """Take the codes in as a weight that is not trained."""

        def given(shape, dtype=None):
            return ops.cast(CODES, dtype)

        self.codes = self.add_weight(shape=CODES.shape, initializer=given, trainable=False)

    def call(self, f6: Any) -> Any:
        """Return ten numbers, the largest for the nearest code."""
        return -ops.sum((f6[:, None, :] - self.codes) ** 2, axis=-1)

    def multiply_adds(self, takes: Any, gives: Any) -> int:
        """One squared difference for each number of each code."""
        return int(CODES.size)


def distance_to_right_code(y_true: Any, minus_distances: Any) -> Any:
    """Return the loss of 1998 in its plain form: the squared distance to the right class's code."""
    return -ops.sum(y_true * minus_distances, axis=-1)


def loss(step: str) -> Any:
    """Return the loss that a step is trained with, for targets that are 1 for the class and 0 elsewhere."""
    if choices(step)["output"] == "softmax":
        return keras.losses.CategoricalCrossentropy(from_logits=True)
    return distance_to_right_code


def build(step: str = "+ batch norm", shape: tuple[int, int, int] = (28, 28, 1)) -> keras.Model:
    """Build LeNet-5 at one of the steps.

    Parameters
    ----------
    step : str
        One of `STEPS`.
    shape : tuple of int
        Of the images; those of 28 x 28 get a border of two pixels, as the paper gave them one.

    Returns
    -------
    keras.Model
        Not compiled. It takes pixels from 0 to 255; the paper's scaling, background -0.1 and ink 1.175, is its first layer, so
        that the mean is about 0 and the variance about 1.

    Examples
    --------
    >>> [build(step).count_params() for step in ("LeNet-5, 1998", "+ softmax, cross-entropy")]
    [60840, 61706]
    """
    choice = choices(step)

    def start(inputs: int) -> Any:
        if choice["init"] == "1998":
            return keras.initializers.RandomUniform(-2.4 / inputs, 2.4 / inputs)
        return choice["init"]

    def activation() -> Any:
        return layers.Activation(squash if choice["activation"] == "squash" else choice["activation"])

    def block(layer: Any) -> list[Any]:
        return [layer, *([layers.BatchNormalization(momentum=0.9)] if choice["batch_norm"] else []), activation()]

    def pool() -> list[Any]:
        return [layers.MaxPooling2D(2)] if choice["pooling"] == "max" else [Subsampling(), activation()]

    every = choice["wires"] == "all"
    second = layers.Conv2D(16, 5, kernel_initializer=start(150), name="C3") if every else PartialConv(start(100), name="C3")
    border = [layers.ZeroPadding2D((32 - shape[0]) // 2)] if shape[0] < 32 else []
    return keras.Sequential(
        [
            keras.Input(shape),
            *border,
            layers.Rescaling(1.275 / 255, offset=-0.1),
            *block(layers.Conv2D(6, 5, kernel_initializer=start(25 * shape[-1]), name="C1")),
            *pool(),
            *block(second),
            *pool(),
            *block(layers.Conv2D(120, 5, kernel_initializer=start(400), name="C5")),
            layers.Flatten(),
            *block(layers.Dense(84, kernel_initializer=start(120), name="F6")),
            layers.Dense(10, kernel_initializer=start(84), name="output")
            if choice["output"] == "softmax"
            else DistanceToCodes(name="output"),
        ]
    )


def targets(labels: NDArray[Any]) -> NDArray[np.float32]:
    """Return labels as rows of ten numbers: 1 for the class, 0 elsewhere.

    Examples
    --------
    >>> targets(np.array([2]))[0, :4].tolist()
    [0.0, 0.0, 1.0, 0.0]
    """
    return np.eye(10, dtype=np.float32)[labels]
