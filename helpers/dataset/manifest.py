"""The manifest: a CSV file with one line a picture, and sums by which a reader can tell that it is the same data set."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.dataset.findings import Finding

if TYPE_CHECKING:
    from helpers.dataset.files import Picture

NAMES = ("manifest.csv", "metadata.csv", "labels.csv")
COLUMNS = ("path", "label", "part", "group", "licence", "source", "sha256", "width", "height")
_OTHER_NAMES = {
    **dict.fromkeys(("file", "filename", "file_name", "image", "name"), "path"),
    **dict.fromkeys(("class", "category", "target"), "label"),
    **dict.fromkeys(("split", "set", "subset"), "part"),
    **dict.fromkeys(("subject", "person", "patient", "session", "scene", "group_id"), "group"),
    **dict.fromkeys(("license", "rights", "terms"), "licence"),
    **dict.fromkeys(("url", "author", "credit"), "source"),
    **dict.fromkeys(("sum", "checksum", "hash"), "sha256"),
}
_UNKNOWN = {"", "unknown", "?", "n/a", "na", "none", "todo", "tbd", "-"}


class ManifestError(ValueError):
    """A manifest that cannot be read; the message says what to mend."""


def key(path: str) -> str:
    r"""How a path is looked up: with ``/``, and accents stored in one way.

    Examples
    --------
    >>> key("train\\cat\\1.jpg")
    'train/cat/1.jpg'
    """
    return unicodedata.normalize("NFC", path.replace("\\", "/").removeprefix("./"))


def find(folder: Path) -> Path | None:
    """The manifest in a folder, if there is one."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def read(path: str | os.PathLike[str]) -> dict[str, dict[str, str]]:
    """Read a manifest.

    Parameters
    ----------
    path : path
        A CSV file in UTF-8 with a header.

    Returns
    -------
    dict
        For each path (see :func:`key`), its row: column -> text. A row that repeats a path has the column ``"twice"``.

    Raises
    ------
    ManifestError
        If it is not UTF-8, or has no column with the paths.
    """
    rows: dict[str, dict[str, str]] = {}
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            sample = file.readline()
            file.seek(0)
            table = csv.DictReader(file, delimiter=max(",;\t", key=sample.count))
            names = {name: _OTHER_NAMES.get(name.strip().lower(), name.strip().lower()) for name in table.fieldnames or ()}
            if "path" not in names.values():
                raise ManifestError(
                    f"{path} has no column path: its first line must name the columns, for example path,label,part"
                )
            for line in table:
                row = {names[name]: (text or "").strip() for name, text in line.items() if name is not None}
                if not row["path"]:
                    raise ManifestError(f"{path}, line {table.line_num}: the path is missing")
                known = key(row["path"])
                rows[known] = {**row, **({"twice": "yes"} if known in rows else {})}
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path} is not UTF-8: save it again as CSV UTF-8") from error
    except csv.Error as error:
        raise ManifestError(f"{path} is not a CSV file: {error}") from error
    return rows


def write(pictures: Iterable[Picture], path: str | os.PathLike[str]) -> None:
    """Write the manifest of some pictures, all or nothing.

    Parameters
    ----------
    pictures : iterable of Picture
    path : path
        Where to; must not exist yet, because a manifest may hold what somebody typed in.

    Raises
    ------
    FileExistsError
        If there is such a file.
    """
    target = Path(path)
    if target.exists():
        raise FileExistsError(f"{target} exists, and may hold what somebody has typed in: choose another name, or move it away")
    unfinished = target.with_name(target.name + ".unfinished")
    with open(unfinished, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for picture in pictures:
            table.writerow({name: getattr(picture, name) or "" for name in COLUMNS})
    os.replace(unfinished, target)


def differences(rows: Mapping[str, Mapping[str, str]], pictures: Iterable[Picture], sums: Mapping[str, str]) -> list[Finding]:
    """Where a manifest and the folder do not agree.

    Parameters
    ----------
    rows : mapping
        As :func:`read` gives them.
    pictures : iterable of Picture
    sums : mapping of str to str
        Path -> sum of each file there is, readable or not, that the manifest gives a sum for.

    Returns
    -------
    list of Finding
    """
    there = {key(picture.path): picture.path for picture in pictures}
    sums = {key(path): text for path, text in sums.items()}
    kinds = {
        "unlisted": ([path for known, path in there.items() if known not in rows], "pictures are not in the manifest."),
        "missing-file": (
            [known for known in rows if known not in there and known not in sums],
            "pictures of the manifest are not there, or cannot be read.",
        ),
        "changed-file": (
            [path for path, text in sums.items() if text != rows[path]["sha256"].lower()],
            "files have other bytes than the manifest says.",
        ),
        "listed-twice": ([path for path, row in rows.items() if row.get("twice")], "files stand in the manifest more than once."),
    }
    return [
        Finding(kind, f"{len(paths):,} {what}", tuple((path,) for path in paths))
        for kind, (paths, what) in kinds.items()
        if paths
    ]


def is_unknown(text: str | None) -> bool:
    """Whether a licence or a source says nothing.

    Examples
    --------
    >>> is_unknown(" TODO"), is_unknown("CC BY 4.0")
    (True, False)
    """
    return (text or "").strip().lower() in _UNKNOWN
