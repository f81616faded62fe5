"""Notebooks as files: read, compared, and written so that no moment exists at which one is half there.

Only the standard library is used: a notebook is JSON.
"""

import hashlib
import itertools
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SEAL = "course_checksum"  # of a notebook's metadata: what the course's generator wrote, as pipeline.notebooks says


SETUP_TAG = "course-setup"  # of the cells that are new in every version: the badge and the set-up

Notebook = dict[str, Any]


def parse(text: str | bytes) -> Notebook | None:
    """The notebook in a file's text or bytes, or None where it holds none that has cells.

    Examples
    --------
    >>> parse('{"cells": [], "metadata": {}}'), parse("half a noteb")
    ({'cells': [], 'metadata': {}}, None)
    """
    try:
        notebook = json.loads(text)
        whole = isinstance(notebook["cells"], list) and isinstance(notebook["metadata"], dict)
        return notebook if whole and all(isinstance(cell["cell_type"], str) for cell in notebook["cells"]) else None
    except (ValueError, KeyError, TypeError):
        return None


def to_text(notebook: Notebook) -> str:
    """A notebook as the text of its file, the way Jupyter writes it."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": ")) + "\n"


def seal(notebook: Notebook | None) -> str | None:
    """The checksum in a notebook's metadata, which names the course's version of it; None where there is none."""
    return (notebook or {}).get("metadata", {}).get(SEAL)


def is_as_generated(data: bytes) -> bool:
    """Whether a file's bytes are what the course's generator once wrote: nobody has worked in it.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    bool
    """
    data = data.replace(b"\r\n", b"\n")  # git may have given it the line ends of Windows
    notebook = parse(data)
    if notebook is None or not seal(notebook) or to_text(notebook).encode() != data:
        return False
    rest = {key: value for key, value in notebook["metadata"].items() if key != SEAL}
    return hashlib.sha256(to_text({**notebook, "metadata": rest}).encode()).hexdigest() == seal(notebook)


def same_cells(one: Notebook | None, other: Notebook | None) -> bool:
    """Whether two notebooks hold the same cells. What Jupyter notes about its kernel when it saves is no difference."""
    return one is not None and other is not None and one["cells"] == other["cells"]


def differs_in_set_up_only(one: Notebook | None, other: Notebook | None) -> bool:
    """Whether two notebooks say the same but for the cells that every version writes anew, the badge and the set-up.

    Examples
    --------
    >>> cell, setup = ({"cell_type": "code", "source": "x", "metadata": {"tags": tags}} for tags in ([], [SETUP_TAG]))
    >>> differs_in_set_up_only({"cells": [setup, cell]}, {"cells": [cell]})
    True
    """
    return one is not None and other is not None and _said(one) == _said(other)


def _said(notebook: Notebook) -> list[tuple[str, str]]:
    cells = [cell for cell in notebook["cells"] if SETUP_TAG not in cell["metadata"].get("tags", [])]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]


def digest(notebook: Notebook) -> str:
    """A checksum of a notebook's cells."""
    return hashlib.sha256(json.dumps(notebook["cells"], sort_keys=True).encode()).hexdigest()


def replace(path: Path, data: bytes, drafts: Path) -> None:
    """Write a file, all or nothing, over the one that may be there.

    Parameters
    ----------
    path : pathlib.Path
    data : bytes
    drafts : pathlib.Path
        A folder where the file is written first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(_draft(path, data, drafts), path)


def create(path: Path, data: bytes, drafts: Path) -> bool:
    """Write a file, all or nothing, unless there is one.

    Parameters
    ----------
    path : pathlib.Path
    data : bytes
    drafts : pathlib.Path
        A folder where the file is written first.

    Returns
    -------
    bool
        Whether it was written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(path):
        return False
    draft = _draft(path, data, drafts)
    try:
        if os.name == "nt":
            os.rename(draft, path)  # which fails there where a file has the name
        else:
            os.link(draft, path)
            draft.unlink()
    except FileExistsError:
        draft.unlink()
        return False
    except OSError:  # a disk that knows no links, such as a USB stick
        os.replace(draft, path)
    return True


def keep(path: Path, data: bytes, drafts: Path, word: str) -> Path:
    """Write a file under a name of its own beside another, never over one that is there.

    Parameters
    ----------
    path : pathlib.Path
        The other file, for instance ``knn.ipynb``.
    data : bytes
    drafts : pathlib.Path
        See `create`.
    word : str
        What is put into the name: ``"mine"`` gives ``knn.mine.ipynb``, or ``knn.mine-2.ipynb`` where that is taken.

    Returns
    -------
    pathlib.Path
        The file that now holds `data`; it may have been there before.
    """
    for name in names_beside(path, word):
        if (name.is_file() and name.read_bytes() == data) or create(name, data, drafts):
            return name
    raise AssertionError("there is always another name")


def names_beside(path: Path, word: str) -> Iterator[Path]:
    """The names that `keep` tries, one after the other, without end.

    Examples
    --------
    >>> list(itertools.islice(names_beside(Path("knn.ipynb"), "mine"), 2)) == [Path("knn.mine.ipynb"), Path("knn.mine-2.ipynb")]
    True
    """
    for number in itertools.count(1):
        yield path.with_name(f"{path.stem}.{word}{f'-{number}' if number > 1 else ''}{path.suffix}")


def _draft(path: Path, data: bytes, drafts: Path) -> Path:
    """A new file with content to its last byte, which only needs another name to be `path`."""
    # A student may keep the own folder on another disk, and there is no renaming from one disk to another.
    place = drafts if drafts.stat().st_dev == path.parent.stat().st_dev else path.parent
    handle, name = tempfile.mkstemp(dir=place, prefix=".draft-")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(name, 0o644)  # mkstemp's own choice would hide the file from everybody else
    return Path(name)
