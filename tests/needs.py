"""What a test needs of the machine: without it the test is skipped, or fails where it was promised.

A test says ``@pytest.mark.needs("browser")``, a module ``pytestmark = pytest.mark.needs("confinement")``; a fixture, or a test
that finds out as it runs, calls ``require("data", "why it is not here")``. On a reader's machine the test is then skipped. Where
``COURSE_REQUIRE`` names the thing (``COURSE_REQUIRE=browser,node``), it fails and says how to get it.
"""

import collections
import functools
import importlib
import importlib.util
import os
import re
import shutil
from dataclasses import dataclass

import pytest

VARIABLE = "COURSE_REQUIRE"


@dataclass(frozen=True)
class Need:
    """Something that a machine may lack.

    Attributes
    ----------
    get : str
        How to get it, as a sentence.
    missing : callable
        Why it is not here; an empty string where it is. Where only the test itself can tell, always empty.
    """

    get: str
    missing: object = str


def _no_confinement():
    # Not imported by name: a test that needs a browser would then depend on the whole grader (see pipeline/inputs.py).
    return importlib.import_module("grading.sandbox.confinement").find_confinement().why


def chromium():
    """The path of the Chromium that is installed on the system, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def _no_browser():
    for package in ("playwright", "axe_playwright_python"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package} is not installed"
    return "" if chromium() else "no Chromium is installed"


def _no_user():
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root can run tests as another user"
    return "" if shutil.which("setpriv") else "the program setpriv is not installed"


NEEDS = {
    "confinement": Need("Run on Linux as root, or where ordinary users may make namespaces.", _no_confinement),
    "browser": Need("Install Chromium (`apt-get install chromium`) and the course's test packages (`make`).", _no_browser),
    "node": Need("Install Node.js (`apt-get install nodejs`).", lambda: "" if shutil.which("node") else "node is not installed"),
    "data": Need("Connect to the network, so that the data sets and weights can be fetched (or copy a filled cache)."),
    "packages": Need("Connect to the network, so that an environment can be made (or keep uv's cache)."),
    "homes": Need("Connect to the whole internet: official homes of weights are tried, beside the package registries."),
    "backends": Need("Install JAX, another backend of Keras, with the course's test packages (`make`)."),
    "keras": Need("Connect to the network, so that the version of Keras that Colab has can be fetched."),
    "make": Need("Install make (`apt-get install make`).", lambda: "" if shutil.which("make") else "make is not installed"),
    "built": Need("Run `make`: the test looks at executed lectures or the built book."),
    "openssl": Need(
        "Install the program openssl (`apt-get install openssl`), which makes a certificate for a test.",
        lambda: "" if shutil.which("openssl") else "openssl is not installed",
    ),
    "user": Need("Run the tests as root, with setpriv (util-linux) installed.", _no_user),
}


def required():
    """The names in ``COURSE_REQUIRE``.

    Raises
    ------
    pytest.UsageError
        If one of them is unknown.
    """
    names = {name.strip() for name in os.environ.get(VARIABLE, "").split(",")} - {""}
    if unknown := names - NEEDS.keys():
        raise pytest.UsageError(f"{VARIABLE} names {', '.join(sorted(unknown))}; known are {', '.join(sorted(NEEDS))}")
    return names


@functools.cache
def _missing(name):
    return NEEDS[name].missing()


def require(name, reason=None, *, module=False):
    """Go on where something is there; skip the test where it is not, or fail where it was promised.

    Parameters
    ----------
    name : str
        One of `NEEDS`.
    reason : str, optional
        Why it is not here, from somebody who found out; by default it is looked for.
    module : bool
        Whether this is said outside of a test, while its module is imported.
    """
    reason = _missing(name) if reason is None else reason
    if not reason:
        return
    if name in required():
        pytest.fail(f"{reason}, and {VARIABLE} promises {name!r}. {NEEDS[name].get}", pytrace=False)
    pytest.skip(f"needs {name}: {reason}", allow_module_level=module)


# --- hooks, which conftest.py at the top of the repository hands to pytest ---------------------------------------------


def pytest_configure(config):
    """Know the marker; stop at once where ``COURSE_REQUIRE`` cannot be understood."""
    config.addinivalue_line("markers", "needs(*names): what the machine must have; see tests/needs.py")
    required()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Look for what a test is marked to need before its fixtures are made."""
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            require(name)


def pytest_terminal_summary(terminalreporter):
    """Say in one line what was skipped for want of what."""
    counts, reasons = collections.Counter(), {}
    for report in terminalreporter.stats.get("skipped", ()):
        found = re.fullmatch(r"Skipped: needs (\w+): (.*)", str(report.longrepr[2]), flags=re.DOTALL)
        if found:
            counts[found[1]] += 1
            reasons.setdefault(found[1], " ".join(found[2].split())[:80])
    if counts:
        said = ", ".join(f"{number} for want of {name} ({reasons[name]})" for name, number in counts.most_common())
        terminalreporter.write_line(f"skipped: {said}")
