"""The folder of fetched data: shared by all notebooks, filled by one process at a time, never half full.

A data set is a folder of ``.npy`` files (and, of photographs, of JPEG files) with a ``manifest.json`` that
records size and sum of every file. It is built beside its final place and moved there by one rename.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from helpers.data.errors import DamagedError, DataError

FORMAT = 1  # raise it when the files in the cache change their meaning: old ones are then fetched anew
MANIFEST = "manifest.json"
LOCK_TIMEOUT = 3600.0  # seconds; a slow line needs half an hour for the largest data set


def say(message: str) -> None:
    """Tell the reader what goes on, on stderr, where it does not mix with a notebook's results."""
    print(message, file=sys.stderr, flush=True)


def root() -> Path:
    """Return the cache folder: ``COURSE_DATA`` where it is set, else the platform's cache for the course.

    Returns
    -------
    pathlib.Path
        It need not exist yet.
    """
    chosen = os.environ.get("COURSE_DATA", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("cnn-course", appauthor=False))


def folder(key: str) -> Path:
    """Return the folder of a cached data set, for example of ``"cifar10"``; it need not exist."""
    return root() / key


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Turn a full or unwritable disk into a message that says which folder, and how to choose another."""
    try:
        yield
    except OSError as error:
        # Downloads raise OSErrors too (requests derives its own from it); only the disk's are meant here.
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataError(
                f"the disk is full: no room for the data in {root()}. Free some space, or set "
                "the environment variable COURSE_DATA to a folder on another disk. "
                "Nothing half-written was left behind."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise DataError(
                f"cannot write to the cache folder {root()} ({error.strerror}). Set the "
                "environment variable COURSE_DATA to a folder of your own."
            ) from error
        raise


def need_space(size: float) -> None:
    """Raise DataError unless the cache's disk has `size` bytes free (and a tenth more)."""
    place = root()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < 1.1 * size:
        raise DataError(
            f"the disk is too full: {size / 1e6:,.0f} MB are needed while fetching, "
            f"{free / 1e6:,.0f} MB are free for the cache folder {root()}. Free some space, or "
            "set the environment variable COURSE_DATA to a folder on another disk."
        )


def writable() -> bool:
    """Whether data can be put into the cache folder: a shared one, or a grader's, may be there to be read only."""
    folder = root()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


@contextlib.contextmanager
def lock(key: str) -> Iterator[None]:
    """Hold the lock of a data set, so that two notebooks do not fetch it at once.

    The operating system frees the lock when its holder dies, however it dies.
    """
    import filelock

    with disk_errors():
        root().mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(root() / f".{key}.lock")
        try:
            held.acquire(timeout=0)
        except filelock.Timeout:
            say(f"{key}: another process is fetching it; waiting for that to finish ...")
            try:
                held.acquire(timeout=LOCK_TIMEOUT, poll_interval=0.2)
            except filelock.Timeout:
                raise DataError(
                    f"{key}: waited {LOCK_TIMEOUT / 60:.0f} minutes for another process that "
                    f"fetches it. If none does, delete {root() / f'.{key}.lock'} "
                    "and try again."
                ) from None
    try:
        yield
    finally:
        held.release()


@contextlib.contextmanager
def staging(key: str) -> Iterator[Path]:
    """Give an empty folder on the cache's disk to build a data set in; it is removed afterwards.

    To be used while holding the lock: what a killed process left behind is removed first.
    """
    with disk_errors():
        for left in root().glob(f".{key}.part-*"):
            shutil.rmtree(left, ignore_errors=True)
        place = Path(tempfile.mkdtemp(prefix=f".{key}.part-", dir=root()))
    try:
        with disk_errors():
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _file_sum(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def commit(built: Path, key: str, **facts: object) -> None:
    """Write the manifest of the folder `built` and move it to its place in one step.

    Parameters
    ----------
    built : pathlib.Path
        A folder inside the one that `staging` gave.
    key : str
        The name of the data set.
    **facts
        What else the manifest is to record; must be fit for JSON.
    """
    files = {
        path.relative_to(built).as_posix(): {"size": path.stat().st_size, "sha256": _file_sum(path)}
        for path in sorted(built.rglob("*"))
        if path.is_file()
    }
    manifest = {"format": FORMAT, **facts, "files": files}
    (built / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    place = folder(key)
    if place.exists():
        # A folder cannot be replaced by a rename, so the old one steps aside; it goes with the staging.
        place.rename(built.parent / "replaced")
    built.rename(place)


def manifest(key: str) -> dict[str, Any] | None:
    """Return the manifest of a cached data set, or None if it is not cached in the present format.

    Raises
    ------
    DataError
        If the manifest cannot be read.
    """
    try:
        text = (folder(key) / MANIFEST).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DataError(f"{key}: cannot read {folder(key) / MANIFEST} ({error.strerror})") from error
    try:
        found = json.loads(text)
        return found if found["format"] == FORMAT and isinstance(found["files"], dict) else None
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(damaged(key, f"its {MANIFEST} cannot be read")) from error


def damaged(key: str, what: str) -> str:
    """Return the message for a cached data set that is not what it was."""
    name = key.partition("@")[0]
    return (
        f"{key}: the cached data are damaged ({what}) in {folder(key)}. "
        f"Fetch them again:\n    python -m helpers.data fetch {name} --force"
    )


def check_sizes(key: str, found: Mapping[str, Any]) -> None:
    """Raise DataError unless every file of the manifest `found` is there in its full length."""
    for name, facts in found["files"].items():
        try:
            size = (folder(key) / name).stat().st_size
        except OSError:
            raise DamagedError(damaged(key, f"{name} is missing")) from None
        if size != facts["size"]:
            raise DamagedError(damaged(key, f"{name} has {size:,} bytes instead of {facts['size']:,}"))


def check_sums(key: str, found: Mapping[str, Any]) -> None:
    """Raise DataError unless every file of the manifest `found` has the sum recorded there."""
    check_sizes(key, found)
    for name, facts in found["files"].items():
        if _file_sum(folder(key) / name) != facts["sha256"]:
            raise DamagedError(damaged(key, f"{name} was changed"))


def size_on_disk(key: str) -> int:
    """Return the bytes that a cached data set takes, 0 if it is not there."""
    return sum(path.stat().st_size for path in folder(key).rglob("*") if path.is_file())
