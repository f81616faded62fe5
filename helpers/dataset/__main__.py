"""The command line: ``python -m helpers.dataset examine FOLDER``, ``manifest FOLDER``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine a folder, or write its manifest.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The exit status: 0 if nothing is wrong, 1 if there are faults, 2 if the folder cannot be examined.
    """
    parser = argparse.ArgumentParser(prog="python -m helpers.dataset", description="Look at a data set of pictures.")
    commands = parser.add_subparsers(dest="command", required=True)
    look = commands.add_parser("examine", help="say what is wrong with a data set; nothing is changed")
    look.add_argument("folder", type=Path, help="pictures in class folders, perhaps below train, validation and test")
    look.add_argument("--manifest", type=Path, help="CSV with a column path (default: manifest.csv in the folder)")
    look.add_argument("--group", help=r"takes the group out of a path, for example 'patient(\d+)_'")
    look.add_argument("--features", default="auto", choices=("auto", "hog", "mobilenetv2"), help="for the audit of labels")
    look.add_argument("--all", action="store_true", help="name every file, not the first three of each finding")
    write = commands.add_parser("manifest", help="write a manifest: one line a picture, with its sum")
    write.add_argument("folder", type=Path)
    write.add_argument("--output", type=Path, required=True, help="a new CSV file")
    chosen = parser.parse_args(arguments)

    from helpers.dataset import examine, scan, write_manifest
    from helpers.pretrained import Unavailable

    try:
        if chosen.command == "manifest":
            found = scan(chosen.folder, progress=True)
            write_manifest(found.pictures, chosen.output)
            print(f"{len(found):,} pictures in {chosen.output}")
            return 0
        report = examine(chosen.folder, chosen.manifest, kind=chosen.features, group=chosen.group, progress=True)
    except (OSError, ValueError, Unavailable) as error:
        print(error, file=sys.stderr)
        return 2
    print(report.text(None if chosen.all else 3))
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
