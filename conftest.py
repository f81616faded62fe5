"""What all tests of the repository share: a machine that lacks something they need."""

import atexit
import os
import shutil
import tempfile

from tests.needs import pytest_configure, pytest_runtest_setup, pytest_terminal_summary  # noqa: F401 - pytest finds them here

if not hasattr(os, "fork"):  # Windows: the examples in these docstrings start a sandbox
    collect_ignore = ["grading/sandbox", "grading/checker", "grading/protocol/student_agent.py"]

if "PYTEST_XDIST_WORKER" not in os.environ:  # not this account's settings and font list of matplotlib
    os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="matplotlib-")
    atexit.register(shutil.rmtree, os.environ["MPLCONFIGDIR"], ignore_errors=True)
