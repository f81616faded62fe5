"""What all tests of the repository share: a machine that lacks something they need."""

from tests.needs import pytest_configure, pytest_runtest_setup, pytest_terminal_summary  # noqa: F401 - pytest finds them here
