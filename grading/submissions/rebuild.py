"""A submission's notebook, rebuilt on the released one: only a student's answers and own cells are carried over."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote

import nbformat

from grading.nbgrader.cells import grade_id, role
from grading.sanitise.markup import clean_attachments
from grading.sanitise.text import as_shown, clean_text
from grading.submissions.beside import answers_beside
from grading.submissions.match import match, same, same_text, shown
from grading.submissions.parse import Cell, cells_of, storable

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEXT_LIMIT = 500_000  # characters of all text cells that are read as Markdown; the rest is shown as it stands


def _report_edits(name, cell, released, instructor, notes):
    """Say what of the instructor's was changed in the student's copy of a cell."""
    own, theirs = released.metadata.nbgrader, cell.own
    if cell.kind != released.cell_type:
        notes.append(f"{name}: the cell was turned into {cell.kind}; it is {released.cell_type} again.")
    if "points" in own and "points" in theirs and not _same_number(theirs["points"], own["points"]):
        notes.append(
            f"{name}: the points were edited ({shown(str(theirs['points']))} for {own['points']}); the instructor's count."
        )
    flags = [
        flag for flag in ("grade", "solution", "locked", "task") if flag in theirs and bool(theirs[flag]) != bool(own.get(flag))
    ]
    if flags and cell.grade_id == own.get("grade_id"):
        notes.append(f"{name}: the marks of the cell ({', '.join(flags)}) were edited; the instructor's count.")
    if role(released) in ("test", "locked", "task") and not same(released, cell.source, cell.kind):
        what = f"the {({'test': 'test', 'locked': 'given cell', 'task': 'task'})[role(released)]} was edited"
        if instructor is not None and released.source != instructor.source and same(instructor, cell.source, cell.kind):
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


class Rebuilt(NamedTuple):
    """What was made of a submission's notebook.

    Attributes
    ----------
    notebook : nbformat.NotebookNode
    notes : list of str
        What was put right, one sentence each.
    answered : int
        How many answers differ from the released stubs.
    waiting : set of str
        Answers for a person whose cells are missing or untouched, though something may be written elsewhere.
    """

    notebook: NotebookNode
    notes: list[str]
    answered: int
    waiting: set[str]


def rebuild(
    released: NotebookNode,
    raw: list[Any],
    *,
    instructor: NotebookNode | None = None,
    whole: bool = True,
    files: Collection[str] = (),
    beside: Collection[str] | None = None,
    pictures: Collection[str] = (),
) -> Rebuilt:
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

    files : collection of str, optional
        Names of the student's own files.
    beside : collection of str, optional
        Names of all files that will lie beside the graded notebook; by default any may.
    pictures : collection of str, optional
        Those that are pictures of the student's own: what no text shows is shown at the end.

    Returns
    -------
    Rebuilt
    """
    notes: list[str] = []
    cells = cells_of(raw, notes)
    given = released.cells
    hidden = {grade_id(cell): cell for cell in instructor.cells if grade_id(cell)} if instructor else {}
    matched, taken = match(given, cells, notes)
    waiting = answers_beside(given, cells, matched, taken, files)

    # A student's own cells stay behind the released cell that they stand behind in the student's notebook.
    place_of = {k: position for position, k in matched.items()}
    own_cells: dict[int, list[Cell]] = {}
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
            elif part == "solution":
                lost_answers.append(name)
            elif part == "manual":
                notes.append(f"{name}: {waiting[name]}")
            else:
                lost_locked.append(name)
        else:
            if name:
                _report_edits(name, found, cell, hidden.get(name), notes)
            if name in waiting:
                notes.append(f"{name}: {waiting[name]}")
            if part in ("solution", "manual", "free"):
                source = found.source
                if found.kind != cell.cell_type == "code":
                    source = _unfenced(source)
                if name and not same(cell, source, cell.cell_type):
                    answered += 1
                if part == "free" and found.kind != cell.cell_type:
                    rebuilt = _own_cell(found)
                else:
                    # A stub that only lost or gained white space stays the release's: nbgrader knows it by its checksum.
                    rebuilt.source = cell.source if same_text(source) == same_text(cell.source) else source
                    if found.attachments and cell.cell_type == "markdown" and rebuilt.source != cell.source:
                        rebuilt.attachments = _attachments(found)
        if rebuilt is not None:
            result.cells.append(rebuilt)
            if part == "locked" and found and cell.cell_type == "markdown" and not same(cell, found.source, found.kind):
                result.cells.append(_own_cell(found))  # what was written into a description may be an answer
        result.cells += [_own_cell(own) for own in own_cells.get(position, [])]
    if lost_answers:
        notes.append(f"No answer was found for {', '.join(lost_answers)}.")
    if lost_locked:
        notes.append(f"Put back, for they were missing: {', '.join(lost_locked)}.")
    _share_attachments(result, cells)
    _make_harmless(result, {cell.source for cell in given}, notes, beside)
    text = unquote("\n".join(cell.source for cell in result.cells if cell.cell_type == "markdown"))
    if rest := [name for name in sorted(pictures) if name not in text]:
        lines = ["**Handed in beside the notebook:**", *(f"![{name}]({quote(name)})" for name in rest)]
        result.cells.append(nbformat.v4.new_markdown_cell("\n\n".join(lines)))
    _set_ids(result)
    for cell in result.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notes = _grouped(notes, places=[grade_id(cell) for cell in given if grade_id(cell)])
    return Rebuilt(result, notes, answered, set(waiting))


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
    return nbformat.from_dict({storable(name): bundle for name, bundle in clean_attachments(cell.attachments).items()})


def _share_attachments(notebook, cells):
    """Give text that was copied from another cell the pictures that were pasted there, where it is clear which are meant."""
    pasted: dict[str, list[dict]] = {}
    for cell in cells:
        for name, bundle in _attachments(cell).items() if cell.attachments else ():
            if bundle not in pasted.setdefault(name, []):
                pasted[name].append(bundle)
    for cell in notebook.cells if pasted else ():
        if cell.cell_type == "markdown":
            named = {unquote(name) for name in re.findall(r"attachment:([^\s)\"'>]+)", cell.source)}
            for name in sorted(named - cell.get("attachments", {}).keys()):
                if len(pasted.get(name, ())) == 1:
                    cell.setdefault("attachments", nbformat.from_dict({}))[name] = pasted[name][0]


def _make_harmless(notebook, released, notes, beside):
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
        cell.source, pictures, changed = clean_text(cell.source, cell.get("attachments"), beside)
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
