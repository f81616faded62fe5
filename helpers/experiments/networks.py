"""The small networks that come trained with the course: how each is built.

Every one takes pixels from 0 to 255, as the data sets hold them, and gives logits; preparing the pixels is its first layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

STEM = 24  # filters of the residual network's first layer: the 12 directions of a patch of 2 x 2 RGB pixels, each with both signs


def whitening(images: NDArray[np.uint8], epsilon: float = 5e-4) -> NDArray[np.float32]:
    """Return filters of 2 x 2 pixels whose outputs are uncorrelated over some images and have variance 1.

    They are the eigenvectors of the patches' covariance, each divided by the square root of its eigenvalue, and then the same
    with the other sign (Jordan, 2024).

    Parameters
    ----------
    images : numpy.ndarray
        uint8, shape (n, height, width, 3).
    epsilon : float
        Added to the eigenvalues, so that the smallest are not blown up.

    Returns
    -------
    numpy.ndarray
        float32, shape (2, 2, 3, 24), as `keras.layers.Conv2D` keeps its kernel.

    Examples
    --------
    >>> images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    >>> whitening(images).shape
    (2, 2, 3, 24)
    """
    x = images.astype(np.float32) / np.float32(127.5) - 1
    patches = np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(1, 2))  # (n, h, w, 3, 2, 2)
    flat = patches.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 12)
    variances, directions = np.linalg.eigh(np.cov(flat, rowvar=False))
    filters = (directions / np.sqrt(variances + epsilon)).astype(np.float32)  # one a column
    return np.concatenate([filters, -filters], axis=1).reshape(2, 2, 3, STEM)


def residual(widths: tuple[int, int, int] = (48, 128, 192), classes: int = 10) -> keras.Model:
    """Build a small residual network for images of 32 x 32 pixels.

    After a first layer with fixed whitening filters come three blocks. Each has a convolution, max pooling, batch normalisation
    and GELU, and then the same without pooling and with a skip connection around it.

    Parameters
    ----------
    widths : tuple of int
        Channels of the three blocks, whose maps have 16, 8 and 4 pixels a side.
    classes : int

    Returns
    -------
    keras.Model
        Not compiled. The first layer, "whitening", is frozen and awaits its filters (see :func:`whitening`).

    Examples
    --------
    >>> residual().count_params()
    791978
    """
    import keras
    from keras import layers

    def half(x: Any, name: str, width: int, pool: bool) -> Any:
        x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
        if pool:
            x = layers.MaxPooling2D(name=f"{name}_pool")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
        return layers.Activation("gelu", name=f"{name}_gelu")(x)

    inputs = keras.Input((32, 32, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scaling")(inputs)
    x = layers.Conv2D(STEM, 2, padding="same", use_bias=False, trainable=False, name="whitening")(x)
    x = layers.Activation("gelu", name="whitening_gelu")(x)
    for number, width in enumerate(widths, start=1):
        x = half(x, f"block{number}_a", width, pool=True)
        x = layers.Add(name=f"block{number}_add")([x, half(x, f"block{number}_b", width, pool=False)])
    x = layers.GlobalMaxPooling2D(name="latent")(x)
    x = layers.Dense(classes, dtype="float32", name="scores")(x)
    return keras.Model(inputs, layers.Rescaling(1 / 9, dtype="float32", name="logits")(x), name="cifar10_residual")
