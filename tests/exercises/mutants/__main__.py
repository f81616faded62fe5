"""Prints what became of the mutants of an exercise: ``python -m tests.exercises.mutants week03_lenet``."""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from gate import SOURCES

from mutants import engine


def table(verdicts, reasons):
    """Rows of text: question, made, killed by a visible check, by hidden tests only, equivalent, kept."""
    rows = [("question", "made", "visible", "hidden only", "equivalent", "kept")]
    for question in dict.fromkeys(verdict.question for verdict in verdicts):
        own = [verdict for verdict in verdicts if verdict.question == question]
        rows.append((question, *_counts(own, reasons)))
    rows.append(("all", *_counts(verdicts, reasons)))
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(str(entry).ljust(width) for entry, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _counts(verdicts, reasons):
    seen = Counter(verdict.seen for verdict in verdicts)
    harmless = sum(verdict.seen == engine.KEPT and verdict.name in reasons.get(verdict.question, {}) for verdict in verdicts)
    return len(verdicts), seen[engine.VISIBLE], seen[engine.HIDDEN_ONLY], harmless, seen[engine.KEPT] - harmless


def messages(verdicts):
    """Lines: how many of the first messages are a diagnosis, the fallback of `helpers.checks` or a bare exception."""
    first = [verdict.failures[0] for verdict in verdicts if verdict.failures]
    kinds = Counter(engine.kind(failure.message) for failure in first)
    seen = Counter(verdict.seen for verdict in verdicts)
    lines = [", ".join(f"{number} {what}" for what, number in counts.items()) for counts in (seen, kinds)]
    rest = sorted((engine.kind(failure.message), failure.cell, failure.message) for failure in first)
    return lines + [f"{kind}: {cell}: {message}" for kind, cell, message in rest if kind != engine.DIAGNOSES]


def main(arguments=None):
    """Run the mutants of one week."""
    parser = argparse.ArgumentParser(prog="python -m tests.exercises.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("week", choices=[source.parent.name for source in SOURCES])
    parser.add_argument("--question", help="only this solution cell")
    parser.add_argument(
        "--answers", action="store_true", help="the wrong answers of the list instead: who sees them, what is said"
    )
    parser.add_argument("--show", action="store_true", help="print the code of the mutants that are kept")
    parser.add_argument("--hidden", action="store_true", help="name those as well that only hidden tests see")
    options = parser.parse_args(arguments)
    os.environ["COURSE_MUTANTS"] = "all"
    kept = 0
    for source in (source for source in SOURCES if source.parent.name == options.week):
        if options.answers:
            print("\n".join(messages(engine.answers(source)[0].values())))
            continue
        verdicts, reasons = engine.judge(source, options.question), engine.equivalent(source)
        print("\n".join(table(verdicts, reasons)))
        for verdict in verdicts:
            new = verdict.seen == engine.KEPT and verdict.name not in reasons.get(verdict.question, {})
            kept += new
            if new or (options.hidden and verdict.seen == engine.HIDDEN_ONLY):
                print(f"{verdict.seen}: {verdict.question}: {verdict.name}")
                if options.show and new:
                    print(verdict.source, "\n")
    return int(kept > 0)


if __name__ == "__main__":
    sys.exit(main())
