"""Weights in the formats of other libraries, read into NumPy arrays without those libraries, and without running anything.

PyTorch's format is a pickle, and a pickle is a small program: whoever wrote it may name any function of the computer and have
it called. :func:`read_torch` admits the four names that a table of tensors needs, gives them meanings of its own (but for the
dictionary), and stops at any other.
"""

from __future__ import annotations

import collections
import io
import json
import math
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from _typeshed import StrPath
    from numpy.typing import NDArray


MAGIC = 0x1950A86A20F9469CFC6C  # the number that starts every file of torch.save before version 1.6
PROTOCOL = 1001
STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class _Storage(tuple):
    """What stands in the pickle for a block of numbers that follows later: (dtype, key, count)."""

    __slots__ = ()


def _rebuild_tensor(storage, offset, size, stride, *_):
    """Note how a tensor lies in its block; stands in for torch's function of that name."""
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without numbers")
    return storage, offset, tuple(size), tuple(stride)


class _TensorUnpickler(pickle.Unpickler):
    """Reads the table of a torch file: names, and for each how its tensor lies in which block."""

    def find_class(self, module, name):
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        raise pickle.UnpicklingError(f"{module}.{name} does not belong in a file of weights")

    def persistent_load(self, pid):
        kind, dtype, key, _, count, view = pid
        if kind != "storage" or dtype not in STORAGES.values() or view is not None:
            raise pickle.UnpicklingError(f"an unknown kind of block: {kind!r}")
        return _Storage((dtype, key, count))


def read_torch(path: StrPath) -> dict[str, NDArray[Any]]:
    """Read the tensors of a file that ``torch.save(model.state_dict(), ...)`` wrote before version 1.6.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    dict of str to numpy.ndarray
        The tensors by name, float32 or int64, read-only, in torch's order of axes.

    Raises
    ------
    pickle.UnpicklingError
        If the file names anything but tensors and dictionaries. Nothing that it names has been looked up or called.
    ValueError
        If it is not such a file, or its numbers do not fit its table.
    """
    with open(path, "rb") as file:
        stream = io.BytesIO(file.read())
    head = [_TensorUnpickler(stream).load() for _ in range(2)]
    if head != [MAGIC, PROTOCOL]:
        raise ValueError("not a file of torch.save, or one of another version")
    system = _TensorUnpickler(stream).load()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise ValueError("the file was written on a computer with another order of bytes")
    table = _TensorUnpickler(stream).load()
    keys = _TensorUnpickler(stream).load()
    if not isinstance(table, dict) or not all(isinstance(entry, tuple) and len(entry) == 4 for entry in table.values()):
        raise ValueError("the file does not hold a plain table of tensors")

    known = {storage[1]: storage for storage, *_ in table.values()}
    if set(keys) != set(known):
        raise ValueError("the blocks of numbers are not those of the table")
    blocks, data, at = {}, stream.getbuffer(), stream.tell()
    for key in keys:
        dtype, _, count = known[key]
        if int.from_bytes(data[at : at + 8], "little") != count:
            raise ValueError(f"block {key} has another length than the table says")
        blocks[key] = np.frombuffer(data, dtype, count, at + 8)
        at += 8 + blocks[key].nbytes
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes are left over at the end of the file")

    tensors = {}
    for name, ((_, key, _), offset, size, stride) in table.items():
        rows = tuple(math.prod(size[axis + 1 :]) for axis in range(len(size)))
        if stride != rows:
            raise ValueError(f"{name} does not lie row by row in its block")
        values = blocks[key][offset : offset + math.prod(size)].reshape(size)
        values.setflags(write=False)
        tensors[name] = values
    return tensors


def read_tfjs(folder: Path) -> dict[str, NDArray[Any]]:
    """Read the weights of a TensorFlow.js layers model whose pieces are joined in one file.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``model.json`` and ``weights.bin``.

    Returns
    -------
    dict of str to numpy.ndarray
        The weights by name (``"conv1/kernel"``), float32, read-only, in Keras's order of axes.

    Raises
    ------
    ValueError
        If the numbers do not fit the description.
    """
    (group,) = json.loads((folder / "model.json").read_text(encoding="utf-8"))["weightsManifest"]
    data, at, weights = (folder / "weights.bin").read_bytes(), 0, {}
    for facts in group["weights"]:
        if facts["dtype"] != "float32" or "quantization" in facts:
            raise ValueError(f"{facts['name']} is not stored as plain float32")
        values = np.frombuffer(data, "<f4", math.prod(facts["shape"]), at).reshape(facts["shape"])
        weights[facts["name"]] = values
        at += values.nbytes
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes are left over at the end of weights.bin")
    return weights
