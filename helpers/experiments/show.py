"""What a study's rows say, as text: its plan, a table with one verdict for each side, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from helpers.experiments.store import Row
from helpers.experiments.study import Study
from helpers.experiments.verdicts import against_best, interval
from helpers.rounding import rounded


def report(study: Study, rows: Sequence[Row]) -> str:
    """Return a study's plan, table and cost.

    Parameters
    ----------
    study : Study
    rows : sequence of dict
        As from its file.

    Returns
    -------
    str
    """
    lines = [
        f"{study.name}: {study.question}",
        f"  varied  {study.varied}",
        f"  tuned   {study.tuned}",
        f"  fixed   {study.fixed}",
        "",
        *table(study, rows),
        "",
        cost(study, rows),
    ]
    return "\n".join(lines)


def table(study: Study, rows: Sequence[Row]) -> list[str]:
    """Return one line for each side of the comparison, the best first.

    Parameters
    ----------
    study : Study
    rows : sequence of dict

    Returns
    -------
    list of str
        Means are in per cent, ± is half the width of their 95 % interval, and the verdict compares a side with the best one.
        Sides with a single run have neither.
    """
    groups = {level: [100 * float(row[study.measure]) for row in group] for level, group in study.answers(rows).items()}
    if not groups:
        return ["  no run that answers the question is there yet"]
    several = {level: numbers for level, numbers in groups.items() if len(numbers) > 1}
    verdicts = against_best(several, paired=study.paired and len({len(numbers) for numbers in several.values()}) == 1)
    width = max(len(str(level)) for level in groups)
    lines = [f"  {'':{width}}  runs  {study.measure + ' (%)':>16}  against the best"]
    for level in sorted(groups, key=lambda name: -float(np.mean(groups[name]))):
        numbers = groups[level]
        best = several and level == next(iter(sorted(several, key=lambda name: -float(np.mean(several[name])))))
        told = "" if len(numbers) < 2 else "the best" if best else str(verdicts[level])
        lines.append(f"  {level!s:{width}}  {len(numbers):4d}  {rounded(*interval(numbers)):>16}  {told}".rstrip())
    return lines


def cost(study: Study, rows: Sequence[Row]) -> str:
    """Say how many runs are there, how many are wanted, and what those that are there took.

    Parameters
    ----------
    study : Study
    rows : sequence of dict

    Returns
    -------
    str
    """
    missing = len(study.missing(rows))
    total = sum(float(row["multiply_adds"]) for row in rows)
    spent = sum(float(row["cpu_seconds"]) for row in rows) / 3600
    where = ", ".join(sorted({str(row["processor"]) for row in rows}))
    left = f"; {missing} more are planned" if missing else "; complete"
    done = f": {total:.3g} multiply-adds, {spent:.2f} hours of processor time, on {where}" if rows else ""
    return f"{len(rows)} runs{done}{left}"
