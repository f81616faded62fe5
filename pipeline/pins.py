"""Resolve constraints.txt anew: every version that the course is tested with, for all systems and Python versions at once.

Run ``python -m pipeline.pins`` after changing a dependency in pyproject.toml or grading/pyproject.toml, or with ``--upgrade`` to
move to the newest of all.
"""

import argparse
import subprocess

from pipeline import ROOT


def main(arguments=None):
    """Write constraints.txt."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.pins", description="Resolve constraints.txt from the two pyproject.toml."
    )
    parser.add_argument("--upgrade", action="store_true", help="the newest version of everything, not only of what changed")
    options = parser.parse_args(arguments)
    # Universal: one file for Linux, macOS and Windows. No index address is written into it.
    # uv reads the old file first and keeps its versions where it may.
    command = [
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--python-version",
        "3.11",
        "--no-annotate",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--custom-compile-command",
        "python -m pipeline.pins",
        "--all-extras",
        "pyproject.toml",
        "grading/pyproject.toml",
        "--output-file",
        "constraints.txt",
    ]
    subprocess.run(command + ["--upgrade"] * options.upgrade, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
