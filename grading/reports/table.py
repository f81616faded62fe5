"""The table of a batch, for other programs and spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from grading.sanitise.outputs import plain

if TYPE_CHECKING:
    from grading.batch.records import Result

ABSENT = "nothing handed in"
COLUMNS = ("student", "status", "auto score", "maximum", "seconds", "reasons", "causes", "waits for a person", "name")


def _harmless(value):
    """A cell that no spreadsheet takes for a formula."""
    value = " ".join(plain(str(value)).split())
    return "'" + value if re.match(r"[=+@\t]|-.*[|!(=]", value, flags=re.DOTALL) else value


def as_csv(
    results: Iterable[Result],
    absent: Iterable[str] = (),
    names: Mapping[str, str] | None = None,
    waits: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Write the table of a batch.

    Parameters
    ----------
    results : list of grading.batch.records.Result
    absent : list of str
        Ids of who handed in nothing: these have a row with the status ``nothing handed in`` and no points.
    names : dict of str to str, optional
        Id -> first and last name.
    waits : dict of str to list of str, optional
        Id -> what waits for a person.

    Returns
    -------
    str
        CSV with the columns `COLUMNS`; numbers have a point.
    """
    names, waits, sink = names or {}, waits or {}, io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(COLUMNS)
    for result in results:
        causes = [
            f"{one['grade_id']}: {one['cause']['what']} {one['cause']['todo']}" for one in result.questions if one.get("cause")
        ]
        # An id stays as it is, so that programs find it again, unless a spreadsheet would calculate it.
        writer.writerow(
            [
                _harmless(result.student),
                result.status,
                f"{result.score:g}",
                f"{result.points:g}",
                f"{result.seconds:.1f}",
                _harmless(" | ".join(result.reasons)),
                _harmless(" | ".join(causes)),
                _harmless(" | ".join(waits.get(result.student, ()))),
                _harmless(names.get(result.student, "")),
            ]
        )
    writer.writerows([_harmless(who), ABSENT, "0", "", "", "", "", "", _harmless(names.get(who, ""))] for who in absent)
    return sink.getvalue()
