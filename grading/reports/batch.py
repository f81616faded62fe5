"""The report of a batch: a table for other programs, and a page for the person who graded."""

from __future__ import annotations

import csv
import io
import re
import textwrap
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from grading.files import write_atomic
from grading.model import not_passed
from grading.sanitise.outputs import plain

if TYPE_CHECKING:
    from pathlib import Path

    from grading.batch.records import Result
    from grading.batch.run import Batch
    from grading.nbgrader.assignment import Assignment


ABSENT = "nothing handed in"
COLUMNS = ("student", "status", "auto score", "maximum", "seconds", "reasons")

# No script, no request, nothing from elsewhere, whatever should get into the page.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
)

STYLE = """
:root { color-scheme: light; --ink: #1d2733; --soft: #55616e; --line: #d5dbe1; --bar: #0072b2; --ground: #fff; --band: #f4f6f8; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink); background: var(--ground);
       margin: 0 auto; padding: 1.5rem; max-width: 62rem; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
p { margin: .4rem 0 .8rem; max-width: 48rem; }
caption { max-width: 40rem; }
.soft { color: var(--soft); }
.warn { border-left: .3rem solid #d55e00; background: #fff4ec; padding: .6rem .9rem; margin: .8rem 0; }
.numbers { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin: 1rem 0; padding: 0; list-style: none; }
.numbers b { display: block; font-size: 1.5rem; line-height: 1.2; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
thead th { overflow-wrap: normal; }
.scroll > table { min-width: 46rem; }
tbody th { max-width: 18rem; min-width: 9rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td ul { margin: 0; padding-left: 1.1rem; }
.bar { display: inline-block; height: .8rem; background: var(--bar); vertical-align: middle; border-radius: 2px; }
.track { display: block; width: 7rem; margin-top: .35rem; background: #e3e8ed; border-radius: 2px; line-height: 0; }
.tag { display: inline-block; padding: 0 .5rem; border-radius: 1rem; border: 1px solid currentColor; font-size: .85rem;
       white-space: nowrap; }
.ok { color: #00664b; } .repaired { color: #005a8c; } .partial { color: #8a4b00; } .ungradable { color: #a3200d; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .9em; }
pre { white-space: pre-wrap; margin: .4rem 0; }
svg text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: var(--soft); }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } tr, svg { break-inside: avoid; } }
"""


# A wide table scrolls by itself, also by keyboard.
_TABLE = '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>'


def text(value: object) -> str:
    """Text for a page: harmless as HTML, and without control characters."""
    return escape(plain(str(value)))


def check_name(value: object) -> str:
    """The name of a check, for a page: a narrow column breaks it after an underscore."""
    return text(value).replace("_", "_<wbr>")


def page(title: str, body: str, style: str = "") -> str:
    """A whole page that needs nothing from elsewhere.

    Parameters
    ----------
    title : str
        Plain text.
    body : str
        HTML.
    style : str
        More CSS.

    Returns
    -------
    str
    """
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{POLICY}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def without_type(message: str) -> str:
    """What a check said, without the name of the exception that carried it.

    Examples
    --------
    >>> without_type("CheckFailed: the length is 0")
    'the length is 0'
    >>> without_type("NotImplementedError: ")
    'There is no answer yet.'
    >>> without_type("NotWritten: not written yet: image_distance")  # what a gap of this course raises
    'not written yet: image_distance'
    """
    message = plain(message).strip()
    if message.startswith("NotImplementedError"):
        return "There is no answer yet."
    return re.sub(r"^(CheckFailed|AssertionError|NotWritten): (?=.)", "", message, flags=re.DOTALL)


def _harmless(value):
    """A cell that no spreadsheet takes for a formula."""
    value = plain(str(value))
    return "'" + value if re.match(r"[=+@\t]|-.*[|!(=]", value, flags=re.DOTALL) else value


def as_csv(results: Iterable[Result], absent: Iterable[str] = ()) -> str:
    """Write the table of a batch.

    Parameters
    ----------
    results : list of grading.batch.records.Result
    absent : list of str
        Who handed in nothing: these have a row with the status ``nothing handed in`` and no points.

    Returns
    -------
    str
        CSV with the columns `COLUMNS`; numbers have a point.
    """
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(COLUMNS)
    for result in results:
        # An id stays as it is, so that programs find it again, unless a spreadsheet would calculate it.
        writer.writerow(
            [
                _harmless(result.student),
                result.status,
                f"{result.score:g}",
                f"{result.points:g}",
                f"{result.seconds:.1f}",
                _harmless(" | ".join(" ".join(reason.split()) for reason in result.reasons)),
            ]
        )
    writer.writerows([_harmless(who), ABSENT, "0", "", "", ""] for who in absent)
    return sink.getvalue()


def _histogram(results):
    """How many students have how many points, as a drawing and as words."""
    top = max((result.points for result in results), default=0)
    if not top:
        return ""
    bins = min(10, max(int(top), 1))
    counts = [0] * bins
    for result in results:
        counts[min(int(result.score / top * bins), bins - 1)] += 1
    most, width, height, left, base = max(counts), 640, 220, 34, 180
    step = (width - left - 10) / bins
    shapes = []
    for number in sorted({0, (most + 1) // 2, most}):
        y = base - 150 * number / most
        shapes.append(
            f'<line x1="{left}" x2="{width - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d5dbe1"/>'
            f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{number}</text>'
        )
    for i, number in enumerate(counts):
        tall = 150 * number / most
        x = left + i * step
        if number:
            shapes.append(
                f'<rect x="{x + 2:.1f}" y="{base - tall:.1f}" width="{step - 4:.1f}" height="{tall:.1f}" fill="#0072b2"/>'
            )
    for i in range(bins + 1):
        shapes.append(f'<text x="{left + i * step:.1f}" y="{base + 18}" text-anchor="middle">{top * i / bins:g}</text>')
    shapes.append(
        f'<text x="{(width + left) / 2:.0f}" y="{base + 37}" text-anchor="middle">points (automatic)</text>'
        f'<text x="0" y="14">students</text>'
    )
    words = "; ".join(
        f"{top * i / bins:g} to {top * (i + 1) / bins:g} points: {number}" for i, number in enumerate(counts) if number
    )
    return (
        f'<div class="scroll"><svg role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'style="max-width:100%;height:auto" aria-label="Students by points. {words}.">{"".join(shapes)}</svg></div>'
    )


def _questions(results):
    """The mean share of the points of each question."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for result in results:
        if result.status == "ungradable":
            continue
        for question in result.questions:
            key = question["notebook"], question["grade_id"]
            row = rows.setdefault(key, {"points": question["points"], "scores": [], "failed": 0, "why": {}})
            row["scores"].append(question["score"])
            failed = not_passed(question["score"], question["points"], question["message"])
            row["failed"] += failed
            if failed and question["message"]:
                why = textwrap.shorten(without_type(question["message"]).split("\n")[0], 160, placeholder=" …")
                row["why"][why] = row["why"].get(why, 0) + 1
    lines = []
    several = len({notebook for notebook, _ in rows}) > 1
    for (notebook, check), row in rows.items():
        share = sum(row["scores"]) / (len(row["scores"]) * row["points"]) if row["points"] else 1.0
        full = len(row["scores"]) - row["failed"]
        reasons = sorted(row["why"].items(), key=lambda item: (-item[1], item[0]))
        most = f"{text(reasons[0][0])} <span class='soft'>({reasons[0][1]}&times;)</span>" if reasons else ""
        label = f"{notebook}: {check}" if several else check
        lines.append(
            f'<tr><th scope="row"><code>{check_name(label)}</code></th><td class="n">{row["points"]:g}</td>'
            f'<td class="n">{share:.0%}</td>'
            f'<td><span class="track" aria-hidden="true"><span class="bar" style="width:{100 * share:.0f}%"></span></span></td>'
            f'<td class="n">{full} of {len(row["scores"])}</td><td>{most}</td></tr>'
        )
    return "".join(lines)


def _look(result):
    """Whether a person should look at a student's work, whatever its score."""
    return result.status != "ok"


def _students(results):
    lines = []
    for result in results:
        reasons = "".join(f"<li>{text(reason)}</li>" for reason in result.reasons[:12])
        if len(result.reasons) > 12:
            reasons += f"<li>and {len(result.reasons) - 12} more (see report.csv)</li>"
        lines.append(
            f'<tr><th scope="row">{text(result.student)}</th>'
            f'<td><span class="tag {result.status}">{result.status}</span></td>'
            f'<td class="n">{result.score:g} of {result.points:g}</td><td class="n">{result.seconds:.1f}</td>'
            f"<td>{f'<ul>{reasons}</ul>' if reasons else ''}</td></tr>"
        )
    return "".join(lines)


def as_html(
    assignment: str,
    results: Sequence[Result],
    notes: Iterable[str] = (),
    missing: Iterable[str] = (),
    absent: Sequence[str] = (),
) -> str:
    """Write the page of a batch.

    Parameters
    ----------
    assignment : str
    results : list of grading.batch.records.Result
    notes : list of str
        What concerns all of it.
    missing : list of str
        Students without a row, and why.
    absent : list of str
        Who handed in nothing.

    Returns
    -------
    str
    """
    body = [f"<h1>{text(assignment)}: grading report</h1>"]
    for note in [*notes, *(f"Not graded: {one}" for one in missing)]:
        body.append(f'<p class="warn">{text(note)}</p>')
    count = {status: sum(result.status == status for result in results) for status in ("ok", "repaired", "partial", "ungradable")}
    scores = sorted(result.score for result in results)
    if results:
        middle = (scores[(len(scores) - 1) // 2] + scores[len(scores) // 2]) / 2
        top = max(result.points for result in results)
        body.append(
            '<ul class="numbers">'
            + "".join(
                f"<li><b>{value}</b>{label}</li>"
                for value, label in (
                    (len(results), "students"),
                    (f"{sum(scores) / len(scores):.3g}", f"mean of {top:g} points"),
                    (f"{middle:g}", "median"),
                    (count["ok"], "ok"),
                    (count["repaired"], "repaired"),
                    (count["partial"], "partial"),
                    (count["ungradable"], "ungradable"),
                    (sum(result.manual for result in results), "wait for a person"),
                )
            )
            + "</ul>"
        )
    else:
        body.append("<p>There are no submissions.</p>")
    if absent:
        body.append(f"<h2>Who handed in nothing</h2><p>{len(absent)}: {text(', '.join(absent))}</p>")
    body.append("<h2>Scores</h2>" + (_histogram(results) or "<p>No points are given automatically.</p>"))
    questions = _questions(results)
    if questions:
        body.append(
            f"<h2>Questions</h2>{_TABLE}<caption>Share of the points that students got, and what the check said most often "
            "to those who lost some. Submissions with nothing to grade do not count here.</caption>"
            '<thead><tr><th scope="col">check</th><th scope="col" class="n">points</th><th scope="col" class="n">mean</th>'
            '<th scope="col"><span class="soft">&nbsp;</span></th>'
            '<th scope="col" class="n">full points</th><th scope="col">commonest message</th></tr></thead>'
            f"<tbody>{questions}</tbody></table></div>"
        )
    head = (
        '<thead><tr><th scope="col">student</th><th scope="col">status</th><th scope="col" class="n">points</th>'
        '<th scope="col" class="n">seconds</th><th scope="col">why</th></tr></thead>'
    )
    look = [result for result in results if _look(result)]
    body.append("<h2>Who needs a look</h2>")
    waiting = sum(result.manual for result in results)
    if waiting:
        who = "The answers of one student" if waiting == 1 else f"Answers of {waiting} students"
        body.append(
            f"<p>{who} have to be graded by hand: open formgrader. Below are only those whose file or notebook "
            "was out of the ordinary.</p>"
        )
    if look:
        order = {"ungradable": 0, "partial": 1, "repaired": 2, "ok": 3}
        look.sort(key=lambda result: (order[result.status], result.student))
        body.append(
            f"{_TABLE}<caption>{len(look)} of {len(results)}; those with nothing to grade first.</caption>{head}"
            f"<tbody>{_students(look)}</tbody></table></div>"
        )
    else:
        body.append("<p>Nobody: every notebook came as it should, and ran to its end.</p>")
    rest = [result for result in results if not _look(result)]
    if rest:
        body.append(f"<h2>The others</h2>{_TABLE}{head}<tbody>{_students(rest)}</tbody></table></div>")
    body.append(
        '<p class="soft">repaired: something about the file or notebook was put right first. partial: some cells could '
        "not be run to their end; the other questions count. ungradable: there was nothing to grade; 0 points.</p>"
    )
    return page(f"{assignment}: grading report", "\n".join(body))


def write_report(assignment: Assignment, batch: Batch) -> tuple[Path, Path]:
    """Write ``report.csv`` and ``report.html``.

    Parameters
    ----------
    assignment : grading.nbgrader.assignment.Assignment
    batch : grading.batch.run.Batch

    Returns
    -------
    tuple of pathlib.Path
    """
    folder = assignment.reports_folder
    table, shown = folder / "report.csv", folder / "report.html"
    write_atomic(table, as_csv(batch.results, [who.split(" (")[0] for who in batch.absent]))
    write_atomic(shown, as_html(assignment.name, batch.results, batch.notes, batch.missing, batch.absent))
    return table, shown
