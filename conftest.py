"""What all tests of the repository share: a machine that lacks something they need."""

import os

from tests.needs import pytest_configure, pytest_runtest_setup, pytest_terminal_summary  # noqa: F401 - pytest finds them here

if not hasattr(os, "fork"):  # Windows: the examples in these docstrings start a sandbox
    collect_ignore = ["grading/sandbox", "grading/checker", "grading/protocol/student_agent.py"]
