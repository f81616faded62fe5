"""Which cell of a handed-in notebook is which of the released one."""

from __future__ import annotations

import ast
import difflib
import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from grading.nbgrader.cells import grade_id, role

if TYPE_CHECKING:
    from nbformat import NotebookNode

_SIMILAR = 0.55


def same_text(source: str) -> str:
    """What two versions of a cell have in common that differ in white space only."""
    return re.sub(r"\s+", " ", source).strip()


@functools.lru_cache(maxsize=4096)
def _meaning(source):
    """What two versions of code have in common that a formatter or a comment does not change."""
    if len(source) > 100_000:
        return same_text(source)
    try:
        return ast.dump(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return same_text(source)


def same(cell: NotebookNode, source: str, kind: str) -> bool:
    """Whether a source is, for all that matters, the one of a released cell."""
    if same_text(cell.source) == same_text(source):
        return True
    return cell.cell_type == "code" and kind == "code" and _meaning(cell.source) == _meaning(source)


@functools.lru_cache(maxsize=4096)
def _defines(source):
    """Names that code defines, as far as a pattern can tell."""
    return frozenset(re.findall(r"^(?:async\s+)?(?:def|class)\s+(\w+)|^(\w+)\s*=", source[:100_000], flags=re.MULTILINE))


def similarity(released: NotebookNode, cell: Any) -> float:
    """How much a cell resembles a released one, in 0..1 and a bonus for defining the same names."""
    first, second = released.source[:4000], cell.source[:4000]
    names = {name for pair in _defines(released.source) for name in pair if name}
    theirs = {name for pair in _defines(cell.source) for name in pair if name}
    bonus = 0.5 * len(names & theirs) / len(names) if names and released.cell_type == "code" else 0.0
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    if bonus == 0 and matcher.real_quick_ratio() < _SIMILAR or matcher.quick_ratio() + bonus < _SIMILAR:
        return 0.0
    return matcher.ratio() + bonus


def shown(name: str) -> str:
    """A name for a message: short and on one line."""
    return same_text(name)[:60]


def match(released: Sequence[NotebookNode], cells: Sequence[Any], notes: list[str]) -> tuple[dict[int, int], set[int]]:
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
                changed = [k for k in found if not same(released[position], cells[k].source, cells[k].kind)]
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
            texts.setdefault(same_text(cell.source), []).append(k)
    for position, cell in enumerate(released):
        waiting = texts.get(same_text(cell.source))
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
            if (score := similarity(released[position], cells[k])) >= _SIMILAR
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
