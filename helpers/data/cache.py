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

from helpers.data.errors import CacheError, DamagedError, DataError

FORMAT = 1  # raise it when the files in the cache change their meaning: old ones are then fetched anew
MANIFEST = "manifest.json"
LOCK_TIMEOUT = 3600.0  # seconds; a slow line needs half an hour for the largest data set
NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)  # what file systems without locks answer


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


ANOTHER = (
    "Set the environment variable COURSE_DATA to a folder of your own, before Jupyter is started, "
    "or in a cell above: %env COURSE_DATA=/a/folder/of/your/own"
)


def unusable(error: OSError) -> CacheError:
    """Return the error for a cache folder that the system does not let us use."""
    what = "read" if error.errno == errno.EIO else "write to"
    return CacheError(f"cannot {what} the cache folder {root()} ({error.strerror or error}). {ANOTHER}")


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Turn a full or unusable disk into a message that says which folder, and how to choose another."""
    try:
        yield
    except OSError as error:
        # Downloads raise OSErrors too (requests derives its own from it), without a number; only the disk's are meant here.
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataError(
                f"the disk is full: no room for the data in {root()}. Free some space, or set "
                "the environment variable COURSE_DATA to a folder on another disk. "
                "Nothing half-written was left behind."
            ) from error
        if isinstance(error.errno, int):
            raise unusable(error) from error
        raise


def _nearest() -> Path:
    """Return the cache folder, or the nearest folder above it that is there."""
    place = root()
    while not os.path.exists(place) and place != place.parent:  # not Path.exists, which may raise where it may not look
        place = place.parent
    return place


def need_space(size: float) -> None:
    """Raise DataError unless the cache's disk has `size` bytes free (and a tenth more)."""
    with disk_errors():
        free = shutil.disk_usage(_nearest()).free
    if free < 1.1 * size:
        raise DataError(
            f"the disk is too full: {size / 1e6:,.0f} MB are needed while fetching, "
            f"{free / 1e6:,.0f} MB are free for the cache folder {root()}. Free some space, or "
            "set the environment variable COURSE_DATA to a folder on another disk."
        )


def writable() -> bool:
    """Whether data can be put into the cache folder: a shared one, or a grader's, may be there to be read only."""
    return os.access(_nearest(), os.W_OK | os.X_OK)


def need_writable(name: str) -> None:
    """Raise CacheError, before anything is downloaded, if there is nowhere to put it."""
    if not writable():
        raise CacheError(f"the cache folder {root()} can only be read, and does not hold {name}. {ANOTHER}")


@contextlib.contextmanager
def lock(key: str) -> Iterator[None]:
    """Hold the lock of a data set, so that two notebooks do not fetch it at once.

    The operating system frees the lock when its holder dies, however it dies. On a file system without locks there is none.
    """
    import filelock

    place = root() / f".{key}.lock"
    with disk_errors():
        root().mkdir(parents=True, exist_ok=True)
        try:
            # Not a file in place of a lock: it would outlive a runtime on Colab, and stop the next one.
            held = filelock.FileLock(place, fallback_to_soft=False)
        except TypeError:
            held = filelock.FileLock(place)  # an older filelock has no such fallback, or no such choice
        try:
            held.acquire(timeout=0)
        except filelock.Timeout:
            say(f"{key}: another process is fetching it; waiting for that to finish ...")
            try:
                held.acquire(timeout=LOCK_TIMEOUT, poll_interval=0.2)
            except filelock.Timeout:
                raise DataError(
                    f"{key}: waited {LOCK_TIMEOUT / 60:.0f} minutes for another process that "
                    f"fetches it. If none does, delete {place} and try again."
                ) from None
        except (OSError, NotImplementedError) as error:  # NotImplementedError: from an older filelock, for ENOSYS
            if isinstance(error, OSError) and error.errno not in NO_LOCKS:
                raise
            say(f"{key}: {root()} cannot be locked; fetch into it from one notebook at a time")
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


def downloads(key: str) -> Path:
    """Return the folder for the raw files of a data set or of weights, from one source; it need not exist.

    Unlike `staging` it outlives a fetch that fails or is interrupted: the next one goes on with what is there.
    """
    return root() / ".downloads" / key


def unfinished() -> int:
    """Return the bytes that downloads take which are not finished, or not stored."""
    return sum(path.stat().st_size for path in downloads("").rglob("*") if path.is_file())


def drop_downloads(key: str, *, only_if_empty: bool = False) -> None:
    """Remove the raw files of a data set, which are stored, or are proved to be wrong; or their folder, if it holds nothing."""
    if not only_if_empty:
        shutil.rmtree(downloads(key), ignore_errors=True)
    for place in (downloads(key), downloads(key).parent):
        with contextlib.suppress(OSError):  # not empty, or not there
            place.rmdir()


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
        raise CacheError(f"{key}: cannot read {folder(key) / MANIFEST} ({error.strerror}). {ANOTHER}") from error
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
        except OSError as error:
            what = "is missing" if error.errno == errno.ENOENT else f"cannot be read: {error.strerror}"
            raise DamagedError(damaged(key, f"{name} {what}")) from None
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
