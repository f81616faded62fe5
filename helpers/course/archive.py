"""Updating a copy of the course that was downloaded as an archive: verified as a whole, then replaced file by file.

The archive for students holds ``manifest.json``, with the checksum of every file in it. That of the copy says which files a
student has changed.
"""

import contextlib
import hashlib
import json
import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import requests

import helpers
from helpers.course import folder, notebook, tree
from helpers.course.folder import Course, CourseError

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
UNCHANGED = "Nothing was changed."


def update(course: Course, source: str | None = None) -> tree.Changes:
    """Bring the course's files to the version in an archive.

    Parameters
    ----------
    course : Course
    source : str, optional
        A file or an address; by default the archive of the newest release.

    Returns
    -------
    tree.Changes

    Raises
    ------
    CourseError
        If there is no such archive, or it is not a whole one. Nothing is changed then.
    """
    archive = _fetched(course, source)
    staged, manifest = _unpacked(course, archive)
    old = _read_manifest(course.root / MANIFEST)
    before, after = old["version"] or helpers.__version__, manifest["version"]
    if helpers._numbers(after) < helpers._numbers(before):
        raise CourseError(f"The archive holds version {after} of the course, and yours is {before}, which is newer. {UNCHANGED}")
    changes = tree.Changes(before, after)
    for name, checksum in manifest["files"].items():
        path = course.root / name
        there = _checksum(path)
        if there != checksum:
            if there not in (None, old["files"].get(name)) and not notebook.is_as_generated(path.read_bytes()):
                changes.kept[name] = tree.set_aside(course, name, None)
            new = (staged / name).read_bytes()
            changes.add(name, None if there is None else path.read_bytes(), new)
            notebook.replace(path, new, course.drafts)
    for name, checksum in old["files"].items():
        path = course.root / name
        if name not in manifest["files"] and (there := _checksum(path)) is not None:
            if there != checksum and not notebook.is_as_generated(path.read_bytes()):
                changes.kept[name] = tree.set_aside(course, name, None)
            path.unlink()
            changes.add(name)
    # Last: until then, a run that was killed is repeated from the beginning.
    notebook.replace(course.root / MANIFEST, (staged / MANIFEST).read_bytes(), course.drafts)
    return changes


def manifest_of(root: Path, name: str, version: str) -> str:
    """The manifest of a folder's files, as the text of a file.

    Parameters
    ----------
    root : pathlib.Path
    name, version : str
        Of the course.
    """
    files = {path.relative_to(root).as_posix(): _checksum(path) for path in sorted(root.rglob("*")) if path.is_file()}
    files.pop(MANIFEST, None)
    return json.dumps({"name": name, "version": version, "files": files}, indent=1, sort_keys=True) + "\n"


def _fetched(course: Course, source: str | None) -> Path:
    """The archive as a file, with the checksum that was published for it, if one was."""
    if source and not source.startswith(("https://", "http://")):
        path = Path(source)
        if not path.is_file():
            raise CourseError(f"There is no file {path}. {UNCHANGED}")
        sums = path.with_name(SUMS)
        text = sums.read_text(encoding="utf-8") if sums.is_file() else ""
        return _verified(path, _published(text).get(path.name))
    if source:
        home, name = source.rsplit("/", 1)
        published = _published(_text(f"{home}/{SUMS}", optional=True)).get(name)
    else:
        home = f"{folder.address(course)}/releases/latest/download"
        sums_of_release = _published(_text(f"{home}/{SUMS}"))
        name = next((name for name in sums_of_release if name.endswith("-students.zip")), "")
        if not name:
            raise CourseError(f"{home}/{SUMS} names no archive for students. {UNCHANGED}")
        published = sums_of_release[name]
    path = course.drafts / "archive.zip"
    with _got(f"{home}/{name}") as answer, open(path, "wb") as file:
        for piece in answer.iter_content(1 << 16):
            file.write(piece)
    return _verified(path, published)


def _published(text: str) -> dict[str, str]:
    """The checksums in the text of SHA256SUMS, by file."""
    return {
        name.lstrip("*"): checksum for checksum, name in (line.split(maxsplit=1) for line in text.splitlines() if " " in line)
    }


def _text(address: str, optional: bool = False) -> str:
    try:
        with _got(address) as answer:
            return str(answer.text)
    except CourseError:
        if optional:
            return ""
        raise


@contextlib.contextmanager
def _got(address: str) -> Any:
    """An answer from the network, its content still to be read."""
    try:
        with requests.get(address, stream=True, timeout=30) as answer:
            answer.raise_for_status()
            yield answer
    except requests.RequestException as error:
        raise CourseError(
            f"{address} cannot be fetched ({error}). {UNCHANGED}\nCheck the network connection, then run this again; or download "
            "the archive for students with a browser, and give the file's name to this command."
        ) from None


def _verified(path: Path, checksum: str | None) -> Path:
    if checksum is not None and _checksum(path) != checksum:
        raise CourseError(f"{path.name} is not the published file: its checksum differs. {UNCHANGED}\nDownload it again.")
    return path


def _unpacked(course: Course, archive: Path) -> tuple[Path, dict[str, Any]]:
    """The archive's one folder, unpacked and checked against the manifest in it, and the manifest."""
    staged = course.drafts / "archive"
    try:
        with zipfile.ZipFile(archive) as file:
            entries = [entry for entry in file.infolist() if not entry.is_dir()]
            top = {PurePosixPath(entry.filename).parts[0] for entry in entries}
            if len(top) != 1 or not all(map(_is_plain, entries)):
                raise CourseError(
                    f"{archive.name} is not an archive of the course: its files do not lie in one folder. {UNCHANGED}"
                )
            for entry in entries:
                target = staged.joinpath(*PurePosixPath(entry.filename).parts[1:])
                target.parent.mkdir(parents=True, exist_ok=True)
                with file.open(entry) as packed, open(target, "wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise CourseError(f"{archive.name} is damaged, or not a zip file ({error}). {UNCHANGED}\nDownload it again.") from None
    manifest = _read_manifest(staged / MANIFEST)
    if not manifest["files"]:
        raise CourseError(f"{archive.name} is not the archive for students: it has no {MANIFEST}. {UNCHANGED}")
    found = {path.relative_to(staged).as_posix(): _checksum(path) for path in staged.rglob("*") if path.is_file()}
    found.pop(MANIFEST)
    if found != manifest["files"]:
        raise CourseError(
            f"{archive.name} is damaged: its files are not those of its {MANIFEST}. {UNCHANGED}\nDownload it again."
        )
    return staged, manifest


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is an ordinary file in the archive's folder, and leads nowhere else on any system."""
    parts = entry.filename.split("/")
    ordinary = (entry.external_attr >> 28) in (0, 0o10)  # the kind of file in the bits of Unix: none given, or an ordinary one
    plain = all(part not in ("", ".", "..") and not set(part) & set('\\:*?"<>|\0') for part in parts)
    return ordinary and plain and len(parts) > 1 and parts[1] not in (folder.WORK, ".git", ".venv")


def _read_manifest(path: Path) -> dict[str, Any]:
    """A manifest, or an empty one where there is none."""
    try:
        read = json.loads(path.read_bytes())
        return {"version": str(read["version"]), "files": {str(name): str(checksum) for name, checksum in read["files"].items()}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"version": "", "files": {}}


def _checksum(path: Path) -> str | None:
    """A file's SHA-256, or None where there is no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
