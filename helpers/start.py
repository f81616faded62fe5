"""Begin to work: your own copies of the notebooks, in the folder ``work``, opened in JupyterLab.

``python -m helpers.start week01`` copies week 1 and opens its first lecture; without a week, all weeks are copied. A copy is made
once and is yours: no command of the course writes over it. What follows ``--`` is handed to JupyterLab.
"""

import argparse
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from helpers.course import folder, work


def main(arguments: Sequence[str] | None = None) -> None:
    """Copy, then open JupyterLab."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(
        prog="python -m helpers.start", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weeks", nargs="*", metavar="WEEK", help="week01 or week01_knn or 1; none: all weeks")
    parser.add_argument("--no-lab", action="store_true", help="only copy, and say what to open")
    options = parser.parse_args(arguments[:end])
    try:
        course = folder.find()
        with course.alone():
            weeks = work.chosen_weeks(course, options.weeks)
            copied = work.copy_weeks(course, weeks)
    except (folder.CourseError, OSError) as error:
        sys.exit(f"{error}")
    first = next(name for name in course.notebooks() if name.startswith(f"{weeks[0]}/"))
    many = "1 notebook was" if len(copied) == 1 else f"{len(copied)} notebooks were"
    new = f"{many} copied into it" if copied else "everything in it is as you left it"
    print(f"Your own folder is {course.work}; {new}.")
    if options.no_lab:
        print(f"Open {course.work / first} with this Python as its kernel: {sys.executable}")
    else:
        open_lab(course, first, arguments[end + 1 :])


def open_lab(course: folder.Course, first: str, options: list[str]) -> None:
    """Run this Python's JupyterLab on the student's folder, with a notebook open, until it is shut down.

    Parameters
    ----------
    course : Course
    first : str
        The notebook, relative to the student's folder.
    options : list of str
        More options for JupyterLab.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        sys.exit(
            f"JupyterLab is not installed in {sys.executable}.\nMake the course's environment "
            "(`python3 -m pipeline.environment --student`, on Windows `py` for `python3`), then start again with its Python."
        )
    from jupyterlab import labapp

    # Programs of the environment, such as tensorboard, are then found by the kernels, whether or not it is activated.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    os.chdir(course.root)
    print("JupyterLab opens in your browser, and runs until you press Ctrl-C here.", flush=True)
    # No question about Jupyter's news on top of the first lecture; one's own settings are read first.
    settings = Path(folder.__file__).with_name("jupyter")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [os.environ.get("JUPYTER_CONFIG_PATH"), str(settings)]))
    place = [f"--ServerApp.root_dir={course.work}", f"--LabApp.default_url=/lab/tree/{first}"]
    quiet = [f"--{app}.log_level=WARN" for app in ("ServerApp", "LabApp")]  # where it can be reached is still said
    sys.exit(labapp.main([*place, *([] if any("log" in option for option in options) else quiet), *options]))


if __name__ == "__main__":
    main()
