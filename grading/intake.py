"""Taking a submission in: whatever was handed in, rebuilt on the notebook that was released.

Only a student's answers and own cells are carried over. What the notebook says about points, tests and locks is never
believed; it is compared with the release, and a difference is reported. Nothing in the ``submitted`` folder is changed.
"""

from __future__ import annotations

import ast
import codecs
import copy
import difflib
import functools
import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from grading.model import MIB, Intake, Limits
from grading.nbgrader.cells import grade_id, role
from grading.sanitise import as_shown, clean_attachments, clean_text

if TYPE_CHECKING:
    from _typeshed import StrPath
    from nbformat import NotebookNode

    from grading.nbgrader.course import Course


NOTEBOOK_LIMIT = 256 * MIB  # a notebook file larger than this is not read
SOURCE_LIMIT = 2 * MIB  # characters of one cell; no person writes more
TEXT_LIMIT = 500_000  # characters of all text cells that are read as Markdown; the rest is shown as it stands
CELL_LIMIT = 5000  # cells of one notebook
FILE_LIMIT = 2000  # files of one submission
REFUSED = frozenset(
    (
        ".py",
        ".pyc",
        ".pyo",
        ".pyw",
        ".pyi",
        ".pth",
        ".so",
        ".pyd",
        ".dll",
        ".dylib",
        ".egg-link",
        ".egg",
        ".whl",
        ".exe",
        ".sh",
    )
)  # what an import, an interpreter or a person might execute
_SIMILAR = 0.55
_NOT_LOOKED_INTO = (".ipynb_checkpoints", "__pycache__", "__MACOSX", ".git")
_NOTEBOOK = re.compile(r"\.ipynb(\.json|\.txt)?$", flags=re.IGNORECASE)  # browsers add an ending of their own
_JUNK = re.compile(r"^(\._|~\$|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")


class NotANotebook(Exception):
    """Nothing can be made of a file; the message says why."""


@dataclass
class _Cell:
    """A cell as it was handed in: nothing in it is trusted."""

    kind: str
    source: str
    grade_id: str | None
    id: str | None
    own: dict
    attachments: dict | None
    mark: object = None  # the released cell it turned out to be


# --- reading -------------------------------------------------------------------------------------------------------


def read_text(data: bytes) -> tuple[str, list[str]]:
    """Turn the bytes of a file into text.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    text : str
    notes : list of str
        What was unusual.

    Examples
    --------
    >>> read_text("é".encode("utf-16"))
    ('é', ['The file is UTF-16, not UTF-8.'])
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            note = "The file begins with a byte order mark." if name == "utf-8-sig" else f"The file is {name.upper()}, not UTF-8."
            return data.decode(name, "replace"), [note]
    if data[1:2] == b"\0" or data[:1] == b"\0":  # UTF-16 without its mark: JSON begins with an ASCII character
        name = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
        if data.strip(b"\0"):
            return data.decode(name, "replace"), ["The file is UTF-16, not UTF-8."]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as problem:
        if problem.start >= len(data) - 4:  # cut in the middle of a character
            return data[: problem.start].decode("utf-8"), []
        return data.decode("cp1252", "replace"), ["The file is not UTF-8; it was read as Windows-1252."]


def _salvage(text):
    """Collect the whole cells of a notebook whose JSON is broken."""
    decoder = json.JSONDecoder()
    begin = re.search(r'"cells"\s*:\s*\[', text)
    if begin is None:
        return []
    cells, position = [], begin.end()
    opening = re.compile(r'\{\s*"(?:attachments|cell_type|execution_count|id|metadata|source|outputs|input|collapsed)"\s*:')
    while match := opening.search(text, position):
        try:
            cell, position = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            position = match.start() + 1
            continue
        if isinstance(cell, dict) and "cell_type" in cell:
            cells.append(cell)
    return cells


def parse(data: bytes) -> tuple[list[Any], list[str], bool]:
    """Read the cells of a notebook file, whatever state it is in.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    cells : list of dict
        As they stand in the file.
    notes : list of str
        What was put right.
    whole : bool
        Whether the file was complete.

    Raises
    ------
    NotANotebook
        If there is nothing to read.
    """
    if not data.strip(b" \t\r\n\0"):
        raise NotANotebook("it is empty")
    text, notes = read_text(data)
    text = text.lstrip("\ufeff \t\r\n")
    whole = True
    try:
        content, end = json.JSONDecoder().raw_decode(text)
        if text[end:].strip("\0 \t\r\n"):
            notes.append("Text after the end of the notebook was left out.")
    except RecursionError:
        raise NotANotebook("its JSON is nested too deeply") from None
    except ValueError as problem:
        cells = _salvage(text)
        if not cells:
            what = (
                "it is HTML, not a notebook"
                if re.match(r"<(!doctype|html)", text, flags=re.IGNORECASE)
                else ("it is not JSON" if '"cells"' not in text else "its JSON is broken, and holds no whole cell")
            )
            raise NotANotebook(what) from None
        line = text.count("\n", 0, getattr(problem, "pos", 0)) + 1
        notes.append(f"The file is broken at line {line}; {len(cells)} whole cell{'s' * (len(cells) != 1)} could be saved.")
        content, whole = {"cells": cells}, False
    if not isinstance(content, dict):
        kind = {list: "a list", str: "text", int: "a number", float: "a number"}.get(type(content), "a single value")
        raise NotANotebook(f"its JSON is {kind}, not a notebook")
    if "cells" not in content and isinstance(content.get("worksheets"), list):
        notes.append("The notebook has the old format 3.")
        sheets = [sheet.get("cells") for sheet in content["worksheets"] if isinstance(sheet, dict)]
        content = {"cells": [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]}
    cells = content.get("cells")
    if not isinstance(cells, list):
        raise NotANotebook("it has no cells")
    return cells, notes, whole


def _clean(value):
    """Text in which every character can be stored: half of a surrogate pair becomes the replacement character."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def _dict(value: object) -> dict[str, Any]:
    """The value where it is a dict, else an empty one."""
    return value if isinstance(value, dict) else {}


def _cells(raw, notes):
    """Make cells of what stands in the file."""
    cells, strange, surrogates, cut = [], 0, False, False
    for entry in raw[:CELL_LIMIT]:
        if not isinstance(entry, dict):
            strange += 1
            continue
        source = entry.get("source", entry.get("input", ""))
        source = "".join(part for part in source if isinstance(part, str)) if isinstance(source, list) else source
        if not isinstance(source, str):
            strange += 1
            source = ""
        cleaned = _clean(source)
        surrogates |= cleaned != source
        source = cleaned.replace("\r\n", "\n").replace("\r", "\n")
        if len(source) > SOURCE_LIMIT:
            cut = True
            source = source[:SOURCE_LIMIT]
        metadata = _dict(entry.get("metadata"))
        own = _dict(metadata.get("nbgrader"))
        name = own.get("grade_id")
        kind = entry.get("cell_type")
        if kind not in ("code", "markdown", "raw"):
            kind = "markdown" if kind in ("heading", "html", "text") else "code"
        identity = entry.get("id") or metadata.get("id")
        attachments = entry.get("attachments") if isinstance(entry.get("attachments"), dict) else None
        cells.append(
            _Cell(
                kind,
                source,
                name if isinstance(name, str) else None,
                identity if isinstance(identity, str) else None,
                own,
                attachments,
            )
        )
    if strange:
        notes.append(f"{strange} cell{'s' * (strange > 1)} held no text and could not be read.")
    if surrogates:
        notes.append("Characters that no file can hold (lone surrogates, null bytes) were replaced.")
    if cut:
        notes.append(f"A cell of more than {SOURCE_LIMIT:,} characters was cut.")
    if len(raw) > CELL_LIMIT:
        notes.append(f"Only the first {CELL_LIMIT:,} of {len(raw):,} cells were taken.")
    return cells


# --- rebuilding ----------------------------------------------------------------------------------------------------


def _same_text(source):
    """What two versions of a cell have in common that differ in white space only."""
    return re.sub(r"\s+", " ", source).strip()


@functools.lru_cache(maxsize=4096)
def _meaning(source):
    """What two versions of code have in common that a formatter or a comment does not change."""
    if len(source) > 100_000:
        return _same_text(source)
    try:
        return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _same_text(source)


def _same(cell, source, kind):
    """Whether a source is, for all that matters, the one of a released cell."""
    if _same_text(cell.source) == _same_text(source):
        return True
    return cell.cell_type == "code" and kind == "code" and _meaning(cell.source) == _meaning(source)


@functools.lru_cache(maxsize=4096)
def _defines(source):
    """Names that code defines, as far as a pattern can tell."""
    return frozenset(re.findall(r"^(?:async\s+)?(?:def|class)\s+(\w+)|^(\w+)\s*=", source[:100_000], flags=re.MULTILINE))


def _similarity(released, cell):
    """How much a cell resembles a released one, in 0..1 and a bonus for defining the same names."""
    first, second = released.source[:4000], cell.source[:4000]
    names = {name for pair in _defines(released.source) for name in pair if name}
    theirs = {name for pair in _defines(cell.source) for name in pair if name}
    bonus = 0.5 * len(names & theirs) / len(names) if names and released.cell_type == "code" else 0.0
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    if bonus == 0 and matcher.real_quick_ratio() < _SIMILAR or matcher.quick_ratio() + bonus < _SIMILAR:
        return 0.0
    return matcher.ratio() + bonus


def _shown(name):
    """A name for a message: short and on one line."""
    return _same_text(name)[:60]


def _match(released, cells, notes):
    """Find out which handed-in cell is which released one.

    Returns a dict from the position of a released cell to that of the handed-in one.
    """
    matched, taken = {}, set()
    places = {name: position for position, cell in enumerate(released) if (name := grade_id(cell))}
    by_name: dict[str, list[int]] = {}
    for k, cell in enumerate(cells):
        if cell.grade_id in places:
            by_name.setdefault(cell.grade_id, []).append(k)

    def take(position, k, how=None):
        matched[position] = k
        taken.add(k)
        name = grade_id(released[position])
        if how and name:
            notes.append(f"{name}: recognised by {how}.")

    # 1. By grade_id. Copies: the last one that holds an answer counts, for it would win in the student's own notebook too.
    for name, found in by_name.items():
        position = places[name]
        if len(found) > 1:
            if role(released[position]) in ("solution", "manual"):
                changed = [k for k in found if not _same(released[position], cells[k].source, cells[k].kind)]
                notes.append(f"{name}: there are {len(found)} copies of this cell; the last one with an answer counts.")
                chosen = (changed or found)[-1]
                for k in found:
                    if k != chosen and k not in changed:
                        taken.add(k)  # an empty copy would only stop the notebook
            else:
                chosen = found[0]
                taken.update(found)
                notes.append(f"{name}: there are {len(found)} copies of this given cell; it runs once.")
        else:
            chosen = found[0]
        take(position, chosen)

    # 2. By cell id.
    by_id = {cell.get("id"): position for position, cell in enumerate(released) if cell.get("id")}
    for k, cell in enumerate(cells):
        known = by_id.get(cell.id)
        if k not in taken and known is not None and known not in matched:
            take(known, k, "its cell id, for its grade_id is lost or changed")

    # 3. By the very same text: cells that nobody edits.
    texts: dict[str, list[int]] = {}
    for k, cell in enumerate(cells):
        if k not in taken:
            texts.setdefault(_same_text(cell.source), []).append(k)
    for position, cell in enumerate(released):
        waiting = texts.get(_same_text(cell.source))
        if position not in matched and waiting and cell.source.strip():
            take(position, waiting.pop(0), "its text" if role(cell) != "free" else None)

    # 4. By similarity, best pairs first.
    open_cells = [k for k, cell in enumerate(cells) if k not in taken and cell.source.strip()]
    missing = [position for position in range(len(released)) if position not in matched and released[position].source.strip()]
    if len(open_cells) * len(missing) > 20_000:
        notes.append("There are too many cells without names to compare them all.")
        open_cells = open_cells[: 20_000 // max(len(missing), 1)]
    pairs = sorted(
        (
            (score, position, k)
            for position in missing
            for k in open_cells
            if (score := _similarity(released[position], cells[k])) >= _SIMILAR
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    for _, position, k in pairs:
        if position not in matched and k not in taken:
            take(position, k, "its similarity to the released cell")

    # 5. By its place: an answer in words resembles nothing; but there may be one cell only where it should stand.
    for position, cell in enumerate(released):
        if position in matched or role(cell) not in ("solution", "manual"):
            continue
        before = max((matched[p] for p in matched if p < position), default=-1)
        after = min((matched[p] for p in matched if p > position and matched[p] > before), default=len(cells))
        between = [k for k in range(before + 1, after) if k not in taken and cells[k].source.strip()]
        if len(between) == 1:
            take(position, between[0], "its place")
    return matched, taken


def _report_edits(name, cell, released, instructor, notes):
    """Say what of the instructor's was changed in the student's copy of a cell."""
    own, theirs = released.metadata.nbgrader, cell.own
    if cell.kind != released.cell_type:
        notes.append(f"{name}: the cell was turned into {cell.kind}; it is {released.cell_type} again.")
    if "points" in own and "points" in theirs and not _same_number(theirs["points"], own["points"]):
        notes.append(
            f"{name}: the points were edited ({_shown(str(theirs['points']))} for {own['points']}); the instructor's count."
        )
    flags = [
        flag for flag in ("grade", "solution", "locked", "task") if flag in theirs and bool(theirs[flag]) != bool(own.get(flag))
    ]
    if flags and cell.grade_id == own.get("grade_id"):
        notes.append(f"{name}: the marks of the cell ({', '.join(flags)}) were edited; the instructor's count.")
    if role(released) in ("test", "locked", "task") and not _same(released, cell.source, cell.kind):
        what = f"the {({'test': 'test', 'locked': 'given cell', 'task': 'task'})[role(released)]} was edited"
        if instructor is not None and released.source != instructor.source and _same(instructor, cell.source, cell.kind):
            notes.append(f"{name}: the student's copy of the test holds the hidden tests.")
        else:
            notes.append(f"{name}: {what}; the instructor's version was used.")


def _same_number(first, second):
    try:
        return float(first) == float(second)
    except (TypeError, ValueError):
        return False


def _unfenced(source):
    """The code in a text cell that consists of one fenced block."""
    match = re.fullmatch(r"\s*```[\w+-]*\n(.*?)\n?```\s*", source, flags=re.DOTALL)
    return match[1] if match else source


def rebuild(
    released: NotebookNode, raw: list[Any], *, instructor: NotebookNode | None = None, whole: bool = True
) -> tuple[NotebookNode, list[str], int]:
    """Put the answers and own cells of a student into the released notebook.

    Parameters
    ----------
    released : nbformat.NotebookNode
    raw : list
        The cells as they stand in the student's file.
    instructor : nbformat.NotebookNode, optional
        The version with hidden tests, to recognise them in a student's copy.
    whole : bool
        Whether the file was complete. From a whole file, a free cell that is missing was deleted and stays so; from a
        broken one it is put back.

    Returns
    -------
    notebook : nbformat.NotebookNode
    notes : list of str
        What was put right, one sentence each.
    answered : int
        How many answers differ from the released stubs.
    """
    notes: list[str] = []
    cells = _cells(raw, notes)
    given = released.cells
    hidden = {grade_id(cell): cell for cell in instructor.cells if grade_id(cell)} if instructor else {}
    matched, taken = _match(given, cells, notes)

    # A student's own cells stay behind the released cell that they stand behind in the student's notebook.
    place_of = {k: position for position, k in matched.items()}
    own_cells: dict[int, list[_Cell]] = {}
    anchor = last = -1
    for k, cell in enumerate(cells):
        if k in place_of:
            # Where released cells were moved about, what follows them moves along.
            anchor = place_of[k]
        elif k not in taken and cell.source.strip():
            own_cells.setdefault(anchor, []).append(cell)
    order = [place_of[k] for k in sorted(place_of)]
    for position in order:
        if position < last:
            notes.append("Released cells were moved; they stand in their own order again.")
            break
        last = position

    result = copy.deepcopy(released)
    result.cells = [_own_cell(cell) for cell in own_cells.get(-1, [])]
    answered, lost_locked, lost_answers = 0, [], []
    for position, cell in enumerate(given):
        rebuilt = copy.deepcopy(cell)
        part, name = role(cell), grade_id(cell) or ""
        found = cells[matched[position]] if position in matched else None
        if found is None:
            if part == "free":
                if whole:
                    rebuilt = None
            elif part in ("solution", "manual"):
                lost_answers.append(name)
            else:
                lost_locked.append(name)
        else:
            if name:
                _report_edits(name, found, cell, hidden.get(name), notes)
            if part in ("solution", "manual", "free"):
                source = found.source
                if found.kind != cell.cell_type == "code":
                    source = _unfenced(source)
                if name and not _same(cell, source, cell.cell_type):
                    answered += 1
                if part == "free" and found.kind != cell.cell_type:
                    rebuilt = _own_cell(found)
                else:
                    # A stub that only lost or gained white space stays the release's: nbgrader knows it by its checksum.
                    rebuilt.source = cell.source if _same_text(source) == _same_text(cell.source) else source
                    if found.attachments and cell.cell_type == "markdown" and rebuilt.source != cell.source:
                        rebuilt.attachments = _attachments(found)
        if rebuilt is not None:
            result.cells.append(rebuilt)
        result.cells += [_own_cell(own) for own in own_cells.get(position, [])]
    if lost_answers:
        notes.append(f"No answer was found for {', '.join(lost_answers)}.")
    if lost_locked:
        notes.append(f"Put back, for they were missing: {', '.join(lost_locked)}.")
    _make_harmless(result, {cell.source for cell in given}, notes)
    _set_ids(result)
    for cell in result.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return result, _grouped(notes, places=[grade_id(cell) for cell in given if grade_id(cell)]), answered


def _grouped(notes, places):
    """Say once what was found in many cells."""
    groups: dict[tuple[str, bool], list[str]] = {}
    for note in notes:
        name, colon, text = note.partition(": ")
        key = (text, True) if colon and name in places else (note, False)
        groups.setdefault(key, []).append(name)
    lines = []
    for (text, of_cells), names in groups.items():
        some = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        lines.append(f"{some}: {text}" if of_cells else text)
    return lines


def _attachments(cell):
    """Pictures pasted into a text cell, with names that a file can hold."""
    return nbformat.from_dict({_clean(name): bundle for name, bundle in clean_attachments(cell.attachments).items()})


def _make_harmless(notebook, released, notes):
    """Change text cells, except those that are as they were released, so that nothing in them can act in formgrader's page."""
    total = 0
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" or cell.source in released:
            continue
        total += len(cell.source)
        if cell.cell_type == "raw" or total > TEXT_LIMIT:  # nbconvert puts what is raw into the page as HTML
            made = nbformat.v4.new_markdown_cell(as_shown(cell.source), metadata=cell.metadata)
            notebook.cells[position] = made
            continue
        cell.source, pictures, changed = clean_text(cell.source, cell.get("attachments"))
        cell.pop("attachments", None)
        if pictures:
            cell.attachments = nbformat.from_dict(pictures)
        if changed:
            name = grade_id(cell)
            what = "HTML that could act in a browser, or pictures that are elsewhere or not there, are shown as text or left out"
            notes.append(f"{name}: {what}." if name else f"In text of the student's own, {what}.")


def _own_cell(cell):
    """A cell of the student's own, with nothing of nbgrader's about it."""
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell, "raw": nbformat.v4.new_raw_cell}
    new = make[cell.kind](cell.source)
    if cell.attachments and cell.kind == "markdown" and (pictures := _attachments(cell)):
        new.attachments = pictures
    return new


def _set_ids(notebook):
    """Give own cells ids that depend on their text and place only, so that the same submission gives the same notebook."""
    used = {cell.id for cell in notebook.cells if grade_id(cell) and "id" in cell}
    for position, cell in enumerate(notebook.cells):
        if grade_id(cell) and "id" in cell:
            continue
        identity = hashlib.sha256(f"{position}:{cell.source}".encode("utf-8", "replace")).hexdigest()[:12]
        while identity in used:
            identity = hashlib.sha256(identity.encode()).hexdigest()[:12]
        used.add(identity)
        cell["id"] = identity
    notebook.nbformat, notebook.nbformat_minor = 4, 5


# --- finding -------------------------------------------------------------------------------------------------------


def _look(folder, top_only, notes):
    """List the regular files of a submission; nothing is followed that points elsewhere."""
    found: dict[str, Path] = {}
    stack: list[tuple[StrPath, tuple[str, ...]]] = [(folder, ())]
    while stack:
        place, parts = stack.pop()
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as problem:
            notes.append(f"The folder {_shown('/'.join(parts))!r} cannot be read: {problem.strerror}.")
            continue
        for entry in entries:
            name = "/".join((*parts, entry.name))
            if entry.is_symlink():
                notes.append(f"{_shown(name)} is a symbolic link and was refused.")
            elif entry.is_dir(follow_symlinks=False):
                if not top_only and len(parts) < 20 and entry.name not in _NOT_LOOKED_INTO:
                    stack.append((entry.path, (*parts, entry.name)))
            elif not entry.is_file(follow_symlinks=False):
                notes.append(f"{_shown(name)} is not a regular file and was refused.")
            elif entry.stat(follow_symlinks=False).st_nlink > 1:
                notes.append(
                    f"{_shown(name)} is a hard link, another name of a file that lies elsewhere, and was refused. "
                    "If it is the student's own, put a copy in its place."
                )
            elif not _JUNK.match(entry.name):
                found[name] = Path(entry.path)
                if len(found) >= FILE_LIMIT:
                    notes.append(f"More than {FILE_LIMIT:,} files were handed in; the rest was left out.")
                    return found
    return found


def _read(path):
    """The bytes of a regular file, which a link put there meanwhile cannot replace."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise NotANotebook("it is not a regular file")
        if info.st_nlink > 1:
            raise NotANotebook("it is a hard link, another name of a file that lies elsewhere")
        if info.st_size > NOTEBOOK_LIMIT:
            raise NotANotebook(f"it has {info.st_size / MIB:,.0f} MiB, more than the {NOTEBOOK_LIMIT / MIB:,.0f} that are read")
        return file.read()


def _rank(name, wanted):
    """How well the name of a file fits that of a notebook; smaller is better."""
    stem = _NOTEBOOK.sub("", Path(name).name)
    plain, target = re.sub(r"[\W_]+", "", stem).lower(), re.sub(r"[\W_]+", "", wanted).lower()
    if name == f"{wanted}.ipynb":
        return 0
    if Path(name).name == f"{wanted}.ipynb":
        return 1
    if plain == target:
        return 2
    if target and target in plain:
        return 3
    return 4 + (1 - difflib.SequenceMatcher(None, plain, target).ratio())


def _notebooks(files):
    """Names of the files that are notebooks; where none is called one, those that look like one inside."""
    found = [key for key in files if _NOTEBOOK.search(key)]
    if found:
        return found
    disguised = [key for key in files if Path(key).suffix.lower() in ("", ".json", ".txt")]
    return [key for key in disguised if _looks_like_one(files[key])]


def _looks_like_one(path):
    """Whether a file is JSON with the parts of a notebook."""
    try:
        data = _read(path)
        content = json.loads(data) if b'"nbformat"' in data and b'"cells"' in data else None
    except (OSError, NotANotebook, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and isinstance(content.get("cells"), list)


def take_in(course: Course, assignment: str, student: str, name: str | None = None, *, limits: Limits | None = None) -> Intake:
    """Take one notebook of a submission in.

    Parameters
    ----------
    course : grading.nbgrader.course.Course
    assignment, student : str
        The student's is the name of the folder.
    name : str, optional
        Which notebook of the assignment; may be left out where there is one only.
    limits : grading.model.Limits, optional
        How large the files may be that are staged beside the notebook.

    Returns
    -------
    grading.model.Intake
        Never raises for anything that a student did.
    """
    limits = limits or Limits()
    names = course.source_notebooks(assignment)
    name = name or names[0]
    released = course.released_notebook(assignment, name)
    instructor = course.instructor_notebook(assignment, name)
    empty, _, _ = rebuild(released, list(released.cells))
    intake = Intake(course.student_id(student), empty, name=name)
    intake.files.update(course.given_files(assignment))
    folder, note = course.submission(student, assignment)
    if folder is None:
        intake.problem = "Nothing was handed in."
        return intake
    if folder.is_symlink() or folder.parent.is_symlink():
        intake.problem = "The submission's folder is a symbolic link, which is refused: put the files themselves there."
        return intake
    if note:
        intake.repairs.append(note)
    beside = folder.name == student and assignment not in folder.name
    files = _look(folder, beside, intake.repairs)
    if beside:
        # Without a folder of its own only the notebook is this assignment's for certain.
        files = {key: path for key, path in files.items() if key.lower().endswith(".ipynb")}
    notebooks = _notebooks({key: path for key, path in files.items() if key not in intake.files})
    others = {key: path for key, path in files.items() if key not in notebooks}
    _stage(course, assignment, folder, others, intake, limits)

    siblings = set(names) - {name}
    candidates = [key for key in notebooks if _NOTEBOOK.sub("", Path(key).name) not in siblings]
    if beside:
        candidates = [key for key in candidates if key.lower() == f"{name}.ipynb".lower()]
    candidates.sort(key=lambda key: (_rank(key, name), key.count("/"), key))
    if not candidates:
        there = [_shown(key) for key in sorted(files)]
        what = f"; there is only {', '.join(there[:5])}{', ...' * (len(there) > 5)}" if there else ": the folder is empty"
        intake.problem = f"No notebook was handed in{what}."
        return intake

    failures, best = [], None
    for key in candidates[:20]:
        try:
            raw, notes, whole = parse(_read(files[key]))
            notebook, more, answered = rebuild(released, raw, instructor=instructor, whole=whole)
        except NotANotebook as problem:
            failures.append(f"{_shown(key)} is not usable: {problem}.")
            continue
        except OSError as problem:
            failures.append(f"{_shown(key)} cannot be read: {problem.strerror}.")
            continue
        if best is None or (best[3] == 0 and answered > 0):
            best = key, notebook, [*notes, *more], answered
        if answered:
            break
    if best is None:
        intake.problem = " ".join(failures)
        return intake
    key, intake.notebook, notes, _ = best
    if len(candidates) > 1:
        intake.repairs.append(f"{len(candidates)} notebooks were handed in; {_shown(key)} was graded.")
    elif key != f"{name}.ipynb":
        intake.repairs.append(f"The notebook was handed in as {_shown(key)}, not {name}.ipynb.")
    intake.repairs += [*failures, *notes]
    return intake


def _stage(course, assignment, folder, files, intake, limits):
    """Choose the files that may lie beside the notebook when it runs."""
    theirs, given, total = course.students_own_files(assignment), set(intake.files), 0
    for key, path in files.items():
        if key == "timestamp.txt" or course.ignored(path, folder):
            continue
        if key in given and key not in theirs:
            continue  # the instructor's version counts; students hand these back without having touched them
        try:
            size = path.stat().st_size
        except OSError:
            size = None
        if key not in theirs and ({suffix.lower() for suffix in path.suffixes} & REFUSED):
            intake.repairs.append(f"{_shown(key)} was left out: code beside the notebook is not run.")
        elif size is None or size > limits.file or total + size > limits.disk:
            intake.repairs.append(f"{_shown(key)} was left out: {(size or 0) / MIB:,.1f} MiB are too much.")
        else:
            total += size
            intake.files[key] = path


def fingerprint(course: Course, assignment: str, student: str) -> str:
    """A hash of all that was handed in: the same for the same files.

    Returns
    -------
    str
    """
    digest = hashlib.sha256()
    folder, _ = course.submission(student, assignment)
    if folder is not None and not folder.is_symlink() and not folder.parent.is_symlink():
        for key, path in sorted(_look(folder, folder.name == student, []).items()):
            digest.update(os.fsencode(key) + b"\0")
            try:
                if path.stat().st_size > NOTEBOOK_LIMIT:
                    digest.update(str(path.stat().st_size).encode())
                    continue
                data = _read(path)
            except (OSError, NotANotebook) as problem:
                data = str(problem).encode()
            digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()
