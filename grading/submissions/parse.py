"""The cells of a notebook file, whatever state it is in: nothing in them is trusted."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grading.model import MIB

SOURCE_LIMIT = 2 * MIB  # characters of one cell; no person writes more
CELL_LIMIT = 5000  # cells of one notebook


class NotANotebook(Exception):
    """Nothing can be made of a file; the message says why."""


@dataclass
class Cell:
    """A cell as it was handed in: nothing in it is trusted."""

    kind: str
    source: str
    grade_id: str | None
    id: str | None
    own: dict
    attachments: dict | None
    mark: object = None  # the released cell it turned out to be


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


def storable(value: str) -> str:
    """Text in which every character can be stored: half of a surrogate pair becomes the replacement character."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def _dict(value: object) -> dict[str, Any]:
    """The value where it is a dict, else an empty one."""
    return value if isinstance(value, dict) else {}


def cells_of(raw: Sequence[Any], notes: list[str]) -> list[Cell]:
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
        cleaned = storable(source)
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
            Cell(
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
