"""How the course is built: sources -> notebooks -> executed notebooks -> book, and solutions -> exercises.

One module for each step; ``dodo.py`` at the top of the repository says in which order they run.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
EXECUTED = BUILD / "executed"
SOURCE = BUILD / "source"  # nbgrader's name for the instructor's version of an assignment
