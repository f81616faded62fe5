"""The command line: ``python -m helpers.experiments STUDY ...`` trains what is not in the file yet."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers import budget
from helpers.experiments.compare import cost
from helpers.experiments.recipes import DATA, SIZES, STUDIES, plan
from helpers.experiments.trainer import data_name, part, train


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a study from the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The exit status: 0 if all went well, 1 if the file cannot be used, 130 if interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="python -m helpers.experiments",
        description="Train the runs of a study that are not in the file yet.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="studies:\n" + "\n".join(f"  {name:10s} {text}" for name, (text, _) in STUDIES.items()),
    )
    parser.add_argument("studies", nargs="+", choices=list(STUDIES), metavar="STUDY", help=", ".join(STUDIES))
    parser.add_argument("--budget", choices=list(budget.NAMES), help="how much to compute (default: COURSE_BUDGET)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each recipe (default: 3)")
    parser.add_argument("--output", type=Path, default=Path("functions.csv"), help="CSV file (default: functions.csv)")
    chosen = parser.parse_args(arguments)
    if chosen.seeds < 1:
        parser.error("--seeds must be at least 1")
    if chosen.budget:
        os.environ[budget.VARIABLE] = chosen.budget

    from helpers.data import load

    size = budget.choose(**SIZES)
    runs = list(dict.fromkeys(itertools.chain.from_iterable(plan(study, chosen.seeds) for study in chosen.studies)))
    dataset = part(load(DATA), size["images"], size["checks"])
    print(
        f"{len(runs)} runs: {size['epochs']} epochs on {len(dataset.train):,} images, checked on {len(dataset.validation):,} "
        f"validation images ({data_name(dataset)}); file {chosen.output}"
    )
    try:
        done = train(runs, dataset, epochs=size["epochs"], output=chosen.output)
    except (RuntimeError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; finished runs are in the file, and the same command goes on from there", file=sys.stderr)
        return 130
    print(f"all there: {cost(done)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
