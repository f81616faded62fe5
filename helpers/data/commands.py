"""What command lines about the cache have in common: ``list``, ``fetch`` and ``verify``, for data sets and for weights."""

from __future__ import annotations

import argparse
import signal
import sys
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NoReturn

from helpers.data import cache
from helpers.data.errors import DataError


def megabytes(size: float) -> str:
    """Write a number of bytes for people.

    Examples
    --------
    >>> megabytes(184_800_000)
    '184.8 MB'
    """
    return f"{size / 1e6:,.1f} MB"


def show_facts(name: str, facts: Mapping[str, str], width: int) -> None:
    """Print a name and what is known about it, in two columns, the first ``width`` characters wide."""
    print(f"\n{name}")
    for key, value in facts.items():
        print(textwrap.fill(value, 100, initial_indent=f"  {key:<{width}}", subsequent_indent=" " * (width + 2)))


class CommandLine(ABC):
    """The commands for one kind of thing that is fetched into the cache; a subclass says what it is and how it is done.

    Attributes
    ----------
    program, description, what : str
        How it is called, what it does, and what it is about, in the plural.
    sources : tuple of str
        Homes that ``--source`` may name.
    source_help, optional_help : str
        Help for ``--source`` and ``--optional``.
    """

    program = description = what = source_help = optional_help = ""
    sources: tuple[str, ...] = ()

    @abstractmethod
    def names(self) -> Iterable[str]:
        """Names of all there is."""

    @abstractmethod
    def find(self, name: str) -> object:
        """Raise a ValueError, which says what is meant perhaps, for a name that there is not."""

    @abstractmethod
    def show(self, names: Sequence[str]) -> None:
        """Print what there is, and more about these."""

    @abstractmethod
    def fetch(self, name: str, source: str, force: bool) -> str:
        """Put it into the cache; return its size and where it came from, for people; raise a DataError if that fails."""

    @abstractmethod
    def without(self, name: str, error: DataError) -> str | None:
        """Say how notebooks go on after this DataError, or return None if they cannot."""

    @abstractmethod
    def copies(self, name: str) -> Collection[tuple[str, Callable[[], object]]]:
        """Return what of it is in the cache: pairs of a remark, perhaps empty, and a check that raises a DataError."""

    def run(self, arguments: Sequence[str] | None = None) -> int:
        """Run the command line.

        Parameters
        ----------
        arguments : list of str, optional
            Default: those of the process.

        Returns
        -------
        int
            The exit status: 0 if all went well, 1 if something is missing or damaged, 2 for a wrong command, 130 if stopped.
        """
        chosen = self._parser().parse_args(arguments)
        try:
            for name in chosen.names:
                self.find(name)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        try:
            if chosen.command == "list":
                self.show(chosen.names)
                if kept := cache.unfinished():
                    where = cache.downloads("")
                    print(f"\nunfinished downloads: {megabytes(kept)} in {where} (the next try goes on with them)")
                return 0
            if chosen.command == "fetch":
                return self._fetch(chosen.names, chosen.source, chosen.force, chosen.optional)
            return self._verify(chosen.names)
        except DataError as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("stopped; what has arrived is kept, and the next fetch goes on from there", file=sys.stderr)
            return 130

    def _parser(self) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser(
            prog=self.program,
            description=self.description,
            epilog="The cache folder: the environment variable COURSE_DATA, else the platform's cache.",
        )
        commands = parser.add_subparsers(dest="command", required=True)
        command = commands.add_parser("list", help="what there is, what is cached and where it comes from; details of NAME")
        command.add_argument("names", nargs="*", metavar="NAME")
        command = commands.add_parser("fetch", help=f"put {self.what} into the cache")
        command.add_argument("names", nargs="+", metavar="NAME")
        command.add_argument("--source", choices=["auto", *self.sources], default="auto", help=self.source_help)
        command.add_argument("--force", action="store_true", help="fetch them even if they are there")
        command.add_argument("--optional", action="store_true", help=self.optional_help)
        command = commands.add_parser("verify", help="check every byte in the cache")
        command.add_argument("names", nargs="*", metavar="NAME")
        return parser

    def _fetch(self, names: Sequence[str], source: str, force: bool, optional: bool) -> int:
        status = 0
        for name in names:
            try:
                print(f"{name}: in the cache, {self.fetch(name, source, force)}")
            except DataError as error:
                print(f"{error}\n", file=sys.stderr)
                if optional and (how := self.without(name, error)):
                    print(f"{name}: going on {how}\n", file=sys.stderr)
                else:
                    status = 1
        return status

    def _verify(self, names: Sequence[str]) -> int:
        status, n_right = 0, 0
        for name in names or self.names():
            copies = self.copies(name)
            for remark, check in copies:
                try:
                    check()
                except DataError as error:
                    print(error, file=sys.stderr)
                    status = 1
                else:
                    print(f"{name}: every byte is right{remark and f' ({remark})'}")
                    n_right += 1
            if names and not copies:
                print(f"{name}: not in the cache; run: {self.program} fetch {name}", file=sys.stderr)
                status = 1
        if not n_right and not status:
            print(f"the cache holds no {self.what}: nothing to verify")
        return status


def run_as_script(main: Callable[[], int]) -> NoReturn:
    """Run a command line as the process's own, and end with its status."""
    if hasattr(signal, "SIGPIPE"):  # not on Windows
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `... list | head` ends without a word
    sys.exit(main())
