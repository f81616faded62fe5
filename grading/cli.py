"""The command ``grade``: ``grade run``, ``grade collect`` and ``grade feedback``."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from grading.model import GIB, KIB, MIB, Limits
from grading.sandbox.forkserver_client import PRELOAD, ForkServer, processors

if TYPE_CHECKING:
    from grading.nbgrader.course import Course


EXIT_INCOMPLETE = 1  # done, but not for everybody
EXIT_FAILED = 2  # nothing could be done
EXIT_INTERRUPTED = 130  # Ctrl-C, as a shell reports it
EXIT_BROKEN_PIPE = 141  # the reader of the output has gone, likewise


def size(text: str) -> int:
    """Read an amount of memory.

    Examples
    --------
    >>> size("4G") == 4 * 2**30, size("512 MiB") == 512 * 2**20
    (True, True)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", text, flags=re.IGNORECASE)
    if not match or float(match[1]) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size: write 512M or 4G")
    return int(float(match[1]) * {"": 1, "k": KIB, "m": MIB, "g": GIB, "t": 1024 * GIB}[match[2].lower()])


def seconds(text: str) -> float:
    """Read a positive number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def count(text: str) -> int:
    """Read a number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Build the command line.

    Returns
    -------
    argparse.ArgumentParser
    """
    default = Limits()
    top = argparse.ArgumentParser(
        prog="grade", description="Grade nbgrader assignments safely, and write nbgrader's own gradebook."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="run|collect|feedback")

    run = commands.add_parser(
        "run",
        help="grade the submissions of an assignment",
        description=(
            "Grade all submissions of an assignment. Students whose submission has not changed since they were graded are "
            "skipped, so a batch that was stopped goes on where it was. Writes the gradebook (after a backup), autograded/, and "
            "reports/ASSIGNMENT/report.csv and report.html."
        ),
    )
    run.add_argument("assignment")
    run.add_argument(
        "--jobs",
        type=count,
        metavar="N",
        default=processors() + 1,
        help="students at a time (default: one more than there are processors, since none computes while it is "
        "taken in, checked or written)",
    )
    run.add_argument(
        "--cell-timeout",
        type=seconds,
        default=default.cell_timeout,
        metavar="S",
        help="seconds for one cell (default: %(default)g)",
    )
    run.add_argument(
        "--timeout",
        type=seconds,
        default=default.total_timeout,
        metavar="S",
        help="seconds for one notebook (default: %(default)g)",
    )
    run.add_argument(
        "--memory",
        type=size,
        default=default.memory,
        metavar="SIZE",
        help="memory for one student, like 512M or 4G (default: 4G)",
    )
    run.add_argument("--student", action="append", metavar="ID", help="this student only; may be given again")
    again = run.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on where a batch was stopped: the default")
    again.add_argument("--force", action="store_true", help="grade everybody again")
    run.add_argument("--no-reference", action="store_true", help="do not grade the reference solution first")
    run.add_argument(
        "--trust-students",
        action="store_true",
        help="run without confinement where the system has none: students' code can then do all that you can",
    )
    run.add_argument("--quiet", action="store_true", help="no progress bar")

    collect = commands.add_parser(
        "collect",
        help="put the submissions of a learning platform's .zip in place",
        description=(
            "Sort a .zip as Moodle, Canvas, Blackboard or Brightspace offers it into the submitted folder. Says what became of "
            "every file. The exit status is 1 if something was left out for a person to look at."
        ),
    )
    collect.add_argument("archive", metavar="ZIP")
    collect.add_argument("assignment")
    collect.add_argument("--by-folder", action="store_true", help="the archive has a folder for each student, named by the id")
    collect.add_argument(
        "--roster",
        metavar="CSV",
        help="who takes the course: id, first_name, last_name, email, lms_user_id, login, other_names "
        "(default: roster.csv in the course folder, if it is there)",
    )
    collect.add_argument(
        "--time-zone",
        metavar="NAME",
        help="zone of the times in the names of files, like Europe/Berlin (default: c.Grading.time_zone, or this computer's)",
    )
    collect.add_argument(
        "--force", action="store_true", help="replace what is there by work that differs (the old work is kept aside)"
    )

    feedback = commands.add_parser(
        "feedback",
        help="write a page for each student",
        description=(
            "Write feedback/STUDENT/ASSIGNMENT/NOTEBOOK.html, where `nbgrader release_feedback` looks for it: hidden tests "
            "masked, nothing in it can run, nothing is loaded from elsewhere."
        ),
    )
    feedback.add_argument("assignment")
    feedback.add_argument("--student", action="append", metavar="ID", help="this student only; may be given again")

    for command in (run, collect, feedback):
        command.add_argument("--course-dir", default=".", metavar="DIR", help="the course folder (default: this one)")
    return top


def _begin(options: argparse.Namespace) -> contextlib.AbstractContextManager[ForkServer | None]:
    """Start what takes longest: a process that imports what students' code will import, while nbgrader is imported here."""
    if options.command != "run" or not hasattr(os, "fork"):
        return contextlib.nullcontext()
    server = ForkServer(options.jobs)
    server.prepare(PRELOAD)
    return server


def _run(course: Course, options: argparse.Namespace, server: ForkServer | None) -> int:
    from grading.batch.engine import open_engine
    from grading.batch.run import run_batch
    from grading.reports.batch import write_report

    limits = Limits(cell_timeout=options.cell_timeout, total_timeout=options.timeout, memory=options.memory)
    bar = _Bar(options.assignment, options.quiet)

    assignment = course.assignment(options.assignment)
    modules = assignment.imports()
    if server is not None:
        server.prepare(modules)
    try:
        batch = run_batch(
            assignment,
            limits=limits,
            jobs=options.jobs,
            open_engine=partial(open_engine, trust_students=options.trust_students, server=server),
            students=options.student,
            force=options.force,
            reference=not options.no_reference,
            progress=bar.step,
        )
    finally:
        bar.close()
    table, shown = write_report(assignment, batch)
    for note in batch.notes:
        print(f"Note: {note}", file=sys.stderr)
    for line in batch.missing:
        print(f"Not graded: {line}", file=sys.stderr)
    total = len(batch.results)
    by_status = Counter(result.status for result in batch.results)
    what = ", ".join(f"{number} {status}" for status, number in sorted(by_status.items())) or "nobody"
    print(
        f"{options.assignment}: {total} student{'s' * (total != 1)} with a result, {batch.graded} graded now "
        f"in {batch.seconds:.1f} s ({what})."
    )
    if batch.absent:
        print(f"Nothing handed in: {len(batch.absent)}: {', '.join(batch.absent)}")
    print(f"Report: {shown}\nTable:  {table}")
    if batch.backup:
        print(f"Gradebook as it was before: {batch.backup}")
    if not total:
        print(
            f"There is no submission of {options.assignment} in {course.folder(course.directory.submitted_directory, '.', '.')}.",
            file=sys.stderr,
        )
    return EXIT_INCOMPLETE if batch.missing else 0


class _Bar:
    """A progress bar with the time left."""

    def __init__(self, assignment, quiet):
        self._assignment, self._quiet, self._bar = assignment, quiet, None

    def step(self, done, total, result):
        if self._quiet:
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total,
                initial=done,
                desc=self._assignment,
                unit="student",
                dynamic_ncols=True,
                bar_format="{desc}: {n_fmt}/{total_fmt} |{bar}| {elapsed} elapsed, {remaining} left{postfix}",
            )
            return
        if result is not None:
            self._bar.set_postfix_str(f"{result.student[:24]} {result.score:g}/{result.points:g} {result.status}", refresh=False)
        self._bar.update(done - self._bar.n)

    def close(self):
        if self._bar is not None:
            self._bar.close()


def _several(number, what):
    return f"{number} {what}{'s' * (number != 1)}"


def _collect(course: Course, options: argparse.Namespace, _: ForkServer | None) -> int:
    from grading.nbgrader.gradebook import enrol
    from grading.nbgrader.roster import course_roster
    from grading.submissions.collect import collect
    from grading.submissions.times import course_zone

    zone, set_by = course_zone(course, options.time_zone)
    roster = course_roster(course, options.roster)
    assignment = course.assignment(options.assignment)
    done = collect(
        assignment,
        options.archive,
        zone=zone,
        roster=roster,
        by_folder=options.by_folder,
        force=options.force,
    )
    states = Counter(person.state for person in done.people)
    taken = states["new"] + sum(person.replaced for person in done.people)
    print(
        f"{options.assignment}: {_several(taken, 'submission')} collected "
        f"({states['new']} new, {states['changed']} changed, {states['same']} the same as before)."
    )
    for person in done.people:
        if person.state in ("new", "changed"):
            late = ", late" if person.late else ""
            kept = "" if person.state == "new" or person.replaced else ", left as it was"
            print(f"  {person.student:<16} {person.name:<24} {person.state}{late}{kept}".rstrip())
    what = ", ".join(f"{number} {fate}" for fate, number in sorted(done.counts().items()))
    print(f"{_several(len(done.fates), 'file')} in the archive: {what}.")
    if set_by is None and any(person.attempts[-1].time for person in done.people):
        print(
            "Note: times in the names are taken to be in this computer's time zone; --time-zone names another.", file=sys.stderr
        )
    for note in done.notes:
        print(f"Note: {note}", file=sys.stderr)
    waiting = [person.student for person in done.people if person.state == "changed" and not person.replaced]
    if waiting:
        print(
            f"Handed in anew, but not taken over (--force does it, and keeps the old work aside): {', '.join(waiting)}",
            file=sys.stderr,
        )
    for line in done.problems:
        print(f"Not collected: {line}", file=sys.stderr)
    if roster is not None:
        enrol(assignment, roster)
    return EXIT_INCOMPLETE if done.problems or waiting else 0


def _feedback(course: Course, options: argparse.Namespace, _: ForkServer | None) -> int:
    from grading.reports.feedback import write_feedback

    written = write_feedback(course.assignment(options.assignment), options.student)
    where = f" below {course.folder(course.directory.feedback_directory, '.', '.')}" if written.pages else ""
    print(f"{options.assignment}: {_several(len(written.pages), 'page')} written{where}.")
    if written.waiting:
        who = ", ".join(f"{student} ({'; '.join(titles)})" for student, titles in list(written.waiting.items())[:10])
        more = f" and {len(written.waiting) - 10} more" if len(written.waiting) > 10 else ""
        wait = "waits" if len(written.waiting) == 1 else "wait"
        print(f"{_several(len(written.waiting), 'student')} {wait} for a person, and the page says so: {who}{more}.")
    if written.absent:
        print(f"No page, since nothing was handed in: {len(written.absent)}: {', '.join(written.absent)}")
    for line in written.missing:
        print(f"No feedback: {line}", file=sys.stderr)
    if not written.pages and not written.missing:
        print(f"Nobody has handed in {options.assignment}.", file=sys.stderr)
    return EXIT_INCOMPLETE if written.missing or not written.pages else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
        The command line by default.

    Returns
    -------
    int
        0: everybody has a result. 1: not everybody. 2: nothing could be done. 130: stopped by Ctrl-C.
        141: all was done, but nobody read the end of what it said.
    """
    options = parser().parse_args(arguments)
    try:
        with _begin(options) as server:
            return _command(options, server)
    except KeyboardInterrupt:
        print(
            "\nStopped. Everybody who was finished is in the gradebook; run the same command again, and it goes on.",
            file=sys.stderr,
        )
        return EXIT_INTERRUPTED


def _command(options, server):
    from grading.nbgrader.course import Course, CourseError  # takes a second

    try:
        course = Course.open(options.course_dir)
        status = {"run": _run, "collect": _collect, "feedback": _feedback}[options.command](course, options, server)
        sys.stdout.flush()  # here, where it is understood that nobody reads any more
        return status
    except CourseError as problem:
        print(f"grade: {problem}", file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:  # `grade ... | head`: what is printed is printed last, so all is done
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE


if __name__ == "__main__":
    sys.exit(main())
