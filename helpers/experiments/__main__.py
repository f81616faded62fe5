"""The command line of the studies: ``python -m helpers.experiments list | run | show | check``."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers import budget
from helpers.experiments import catalogue, functions, provenance
from helpers.experiments.recipes import STUDIES
from helpers.experiments.trained import NETWORKS

PROGRAM = "python -m helpers.experiments"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, show or check a study from the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The exit status: 0 if all went well, 1 if something cannot be done or a check fails, 130 if interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    chosen = _parser().parse_args(words)
    if getattr(chosen, "budget", None):
        os.environ[budget.VARIABLE] = chosen.budget
    if getattr(chosen, "threads", None):
        provenance.limit_threads(chosen.threads)
    try:
        return chosen.action(chosen, shlex.join(["python", "-m", "helpers.experiments", *words]))
    except (RuntimeError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; finished runs are in the file, and the same command goes on from there", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=PROGRAM, description="The studies on which the book's sentences rest.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, action, text):
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(action=action)
        return one

    command("list", _list, "name all studies and networks")
    run = command("run", _run, "do the runs that are not in the study's file yet, or train a network")
    _study(run, several=True)
    run.add_argument("--budget", choices=list(budget.NAMES), help="how much to compute (default: COURSE_BUDGET)")
    run.add_argument("--output", type=Path, help="CSV file (default: the one in helpers/results)")
    run.add_argument("--workers", type=_positive, default=1, help="how many runs at a time (default: 1)")
    run.add_argument("--scheduler", metavar="ADDRESS", help="a dask.distributed scheduler, such as tcp://node1:8786")
    run.add_argument("--threads", type=_positive, help="threads of each process (default: as many as there are cores)")
    run.add_argument("--limit", type=_positive, help="stop after so many runs")
    run.add_argument("--seeds", type=_positive, default=3, help="runs of each recipe, of week 5's studies (default: 3)")
    show = command("show", _show, "print a study's plan, its table and what it cost, or a network's card")
    _study(show)
    show.add_argument("--output", type=Path, help="CSV file (default: the one in helpers/results)")
    check = command("check", _check, "do a few of the stored runs again and compare")
    _study(check)
    check.add_argument("--output", type=Path, help="CSV file (default: the one in helpers/results)")
    check.add_argument("--number", type=_positive, default=2, help="how many runs (default: 2)")
    check.add_argument("--seed", type=int, default=0, help="which ones (default: 0)")
    return parser


def _study(parser, several=False):
    names = [*catalogue.MODULES, *STUDIES, *NETWORKS]
    parser.add_argument(
        "study", metavar="STUDY", choices=names, nargs="+" if several else None, help=f"one of {', '.join(names)}"
    )


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _list(chosen, command):
    for name in catalogue.MODULES:
        print(f"{name:20s} {catalogue.find(name).question}")
    for name, (text, _) in STUDIES.items():
        print(f"{name:20s} week 5: {text}")
    for name, network in NETWORKS.items():
        print(f"{name:20s} network: {network.title}")
    return 0


def _run(chosen, command):
    from helpers.experiments import engine, show, trained

    of_week5 = [name for name in chosen.study if name in STUDIES]
    if of_week5:
        functions.run(of_week5, chosen.seeds, chosen.output or Path("functions.csv"))
    for name in chosen.study:
        if name in NETWORKS:
            print(trained.summary(trained.train(name, folder=chosen.output, command=command)))
        elif name in catalogue.MODULES:
            study = catalogue.find(name)
            rows = engine.run(
                study,
                output=chosen.output,
                workers=chosen.workers,
                scheduler=chosen.scheduler,
                threads=chosen.threads,
                command=command,
                limit=chosen.limit,
            )
            print(show.report(study, rows))
    return 0


def _show(chosen, command):
    from helpers.experiments import show, trained

    if chosen.study in STUDIES:
        functions.show(chosen.study, chosen.output)
    elif chosen.study in NETWORKS:
        print(trained.summary(trained.card(chosen.study, folder=chosen.output)))
    else:
        study = catalogue.find(chosen.study)
        print(show.report(study, study.rows(chosen.output)))
    return 0


def _check(chosen, command):
    from helpers.experiments import engine, trained

    if chosen.study in STUDIES:
        wrong = functions.check(chosen.study, chosen.output, chosen.number, chosen.seed)
    elif chosen.study in NETWORKS:
        wrong = trained.check(chosen.study, folder=chosen.output)
    else:
        wrong = engine.check(catalogue.find(chosen.study), output=chosen.output, number=chosen.number, seed=chosen.seed)
    for line in wrong:
        print(line, file=sys.stderr)
    print("differences were found" if wrong else "all agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
