"""Why does it not work? ``python -m helpers.doctor`` looks at what the course needs, and says how to mend what is wrong.

Each problem comes with the command that mends it; the last lines are a report to paste into an issue. The set-up cell of every
notebook does the cheap checks among these, and is silent where all is well.

>>> check(python).wrong
''
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import getpass
import importlib.util
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import helpers
from helpers import budget
from helpers.course import commands
from helpers.data import cache

BACKENDS = ("tensorflow", "jax", "torch")
ROOM = 5e8  # bytes: what the largest data set takes while it is fetched
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


class Finding(NamedTuple):
    """What a check has found: a fact and, where something is wrong, a sentence that says so and the command that mends it."""

    about: str
    found: str
    wrong: str = ""
    remedy: str = ""


class Package(NamedTuple):
    """A line of ``tested.csv``, which `pipeline.pins` writes: the oldest version that will do, and the tested one.

    An older Python may need an older version of a package: that one is tested, `too`.
    """

    name: str
    oldest: str
    tested: str
    extra: str
    too: tuple[str, ...] = ()


def tested() -> dict[str, Package]:
    """The packages of a student's environment, and Python, by name."""
    with open(Path(__file__).with_name("tested.csv"), encoding="utf-8", newline="") as file:
        rows = [(row["name"], row["oldest"], row["extra"], row["tested"].split(" or ")) for row in csv.DictReader(file)]
    return {name: Package(name, oldest, versions[-1], extra, tuple(versions[:-1])) for name, oldest, extra, versions in rows}


# --- the checks --------------------------------------------------------------------------------------------------------


def python() -> Finding:
    """Whether this is a Python that the course is tested with."""
    bounds, here = tested()["python"], platform.python_version()
    wrong = ""
    if not _numbers(bounds.oldest) <= _numbers(here)[:2] <= _numbers(bounds.tested):
        wrong = f"Python {here} does not fit: the course needs Python {bounds.oldest} to {bounds.tested}."
    remedy = "" if commands.in_checkout() else f"choose a kernel with Python {bounds.oldest} to {bounds.tested}"
    return Finding("Python", f"{here}, {platform.platform()}", wrong, wrong and (remedy or commands.set_up()))


def kernel() -> Finding:
    """Which interpreter runs."""
    return Finding("kernel", f"{sys.executable}{' (the kernel of a notebook)' if 'ipykernel' in sys.modules else ''}")


def packages() -> Finding:
    """Whether what a student needs is installed, in versions near those that the course is tested with."""
    missing, unfit, other, wanted = [], [], [], []
    for package in list(tested().values())[1:]:
        # Where the course was installed alone, as on Colab, the extras are the machine's own affair.
        if package.extra and not commands.in_checkout():
            continue
        have = version_of(package.name)
        if have is None:
            missing.append(package.name)
            wanted.append(f'"{package.name}>={package.oldest}"')
        elif _numbers(have) < _numbers(package.oldest) or _numbers(have)[0] > _numbers(package.tested)[0]:
            unfit.append(f"{package.name} {have} (tested: {package.tested})")
            wanted.append(f'"{package.name}=={package.tested}"')
        elif have not in (package.tested, *package.too):
            other.append(f"{package.name} {have} ({package.tested})")
    if commands.in_checkout() and (base := lacking()):
        return Finding("packages", f"{len(missing)} are missing", f"{_without(base)}.", commands.choose_kernel())
    wrong = f"Missing: {', '.join(missing)}. " if missing else ""
    wrong += f"Far from the tested version: {', '.join(unfit)}." if unfit else ""
    found = f"not the tested version, but near: {', '.join(other)}" if other else "as tested"
    return Finding("packages", found, wrong.strip(), commands.install(*wanted) if wrong else "")


def lacking() -> list[str]:
    """The packages that every installation of the course has, and this one does not."""
    return [name for name, package in tested().items() if name != "python" and not package.extra and version_of(name) is None]


def _without(missing):
    others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"This Python, {sys.executable}, lacks packages of the course ({missing[0]}{others})"


def backend() -> Finding:
    """Which backend Keras will take, and whether it is installed. Keras itself is not imported."""
    name, why = os.environ.get("KERAS_BACKEND", "").strip(), "KERAS_BACKEND"
    if not name:
        name, why = _keras_file()
    if version_of("keras") is None:  # of which the check of the packages says more
        return Finding("backend", f"{name}, without Keras")
    have = version_of(name) or ("there" if name in BACKENDS and importlib.util.find_spec(name) else None)
    found = f"{name} {have or 'is not installed'} (chosen by {why})"
    if name not in BACKENDS:
        remedy = commands.set_variable("KERAS_BACKEND", "tensorflow") + ", and start Jupyter again"
        return Finding("backend", found, f"{why} chooses {name!r}, which is not one of {', '.join(BACKENDS)}.", remedy)
    if have:
        return Finding("backend", found)
    others = [other for other in BACKENDS if version_of(other)]
    wanted = f'"tensorflow>={tested()["tensorflow"].oldest}"' if name == "tensorflow" else name
    remedy = (
        commands.set_variable("KERAS_BACKEND", others[0]) + ", and start Jupyter again" if others else commands.install(wanted)
    )
    return Finding("backend", found, f"{why} chooses {name} to compute with Keras, and {name} is not installed.", remedy)


def _keras_file() -> tuple[str, str]:
    """The backend that Keras's own settings name, and where they do so."""
    import json

    path = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return json.loads(path.read_text(encoding="utf-8"))["backend"], str(path)
    return "tensorflow", "default"


def compute() -> Finding:
    """The budget, whether it was chosen or not, and the GPU that is seen or not."""
    wanted = os.environ.get(budget.VARIABLE, "").strip()
    if wanted and wanted.lower() not in budget.NAMES:
        wrong = f"{budget.VARIABLE}={wanted!r} is not a budget: it is one of {', '.join(budget.NAMES)}."
        return Finding("budget", wanted, wrong, commands.set_variable(budget.VARIABLE, "cpu") + ", and start Jupyter again")
    return Finding("budget", f"{wanted.lower()} (set by {budget.VARIABLE})" if wanted else "chosen for the machine")


def gpu() -> Finding:
    """Whether the driver of a GPU answers, and which budget follows from it."""
    seen = "an NVIDIA GPU is seen" if budget._sees_gpu() else "none is seen"
    with contextlib.suppress(ValueError):  # the check before this one says what is wrong with the budget
        seen += f"; notebooks compute with the budget {budget.name()}"
    return Finding("GPU", seen)


def storage() -> Finding:
    """Whether the folder of fetched data can be written, and has room."""
    place = cache.root()
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    found = f"{place}, {free / 1e9:.1f} GB free"
    elsewhere = (
        commands.set_variable("COURSE_DATA", "FOLDER") + ", where FOLDER is one of yours with room, and start Jupyter again"
    )
    if not _writable(there):
        # A room full of computers may share a folder that is there to be read.
        wrong = "" if place.is_dir() and any(place.glob("*/manifest.json")) else f"Data cannot be written to {place}."
        return Finding("cache", f"{found}, read only", wrong, wrong and elsewhere)
    return Finding("cache", found, f"Only {free / 1e6:.0f} MB are free for data in {place}." if free < ROOM else "", elsewhere)


def _writable(folder: Path) -> bool:
    """Whether a file can be made in a folder. Only trying tells, on Windows and on network drives."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def data() -> Finding:
    """Which data sets and weights are in the cache, and what they take."""
    from helpers.data import DataError, catalogue
    from helpers.pretrained import catalogue as networks
    from helpers.pretrained import stored

    sizes, damaged = {}, []
    for name in catalogue.ENTRIES:
        try:
            if cache.manifest(name):
                sizes[name] = cache.size_on_disk(name)
        except DataError:
            damaged.append(name)
    sizes |= {name: size for name, network in networks.NETWORKS.items() if (size := stored.size_on_disk(network))}
    found = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in sizes.items()) or "none yet; notebooks fetch what they need"
    wrong = f"Damaged in the cache: {', '.join(damaged)}." if damaged else ""
    return Finding("data", found, wrong, commands.run_module("helpers.data", "fetch", *damaged, "--force") if damaged else "")


def fonts() -> Finding:
    """Whether matplotlib's list of fonts, which it keeps in a file, holds the fonts that come with it.

    A plot that is drawn while its environment is being replaced leaves a list without them, and matplotlib keeps that list: from
    then on every formula in a figure comes with a line "findfont: Font family not found".
    """
    import matplotlib
    from matplotlib import font_manager

    kept = Path(matplotlib.get_cachedir(), f"fontlist-v{font_manager.FontManager.__version__}.json")
    missing = {"DejaVu Sans", "STIXGeneral", "cmr10"} - set(font_manager.get_font_names())
    wrong = missing and f"matplotlib's list of fonts lacks {', '.join(sorted(missing))}, which come with it."
    return Finding("fonts", str(kept.parent), wrong or "", f"remove {kept}, then restart the kernel" if missing else "")


def network() -> Finding:
    """Proxy, certificates, and whether the home of CIFAR-10 answers."""
    settings = {name: os.environ[name] for name in (*PROXIES, *CERTIFICATES) if os.environ.get(name)}
    said = "; ".join(f"{name}={re.sub('//[^/@]*@', '//***@', value)}" for name, value in settings.items()) or "no proxy set"
    for name in CERTIFICATES:
        if name in settings and not Path(settings[name]).exists():
            wrong = f"{name} names {settings[name]}, which does not exist: no download can work."
            return Finding("network", said, wrong, commands.set_variable(name, "FILE.pem") + ", or unset it")
    import requests

    from helpers.data import catalogue

    official = catalogue.ENTRIES["cifar10"].official
    assert official is not None
    url = official.files[0].url
    host = url.split("/")[2]
    try:
        requests.head(url, timeout=3)
    except requests.exceptions.ProxyError:
        wrong = "The proxy refuses, or cannot be reached."
        return Finding("network", said, wrong, commands.set_variable("HTTPS_PROXY", "http://NAME:PASSWORD@HOST:PORT"))
    except requests.exceptions.SSLError:
        wrong = f"The certificate of {host} is not accepted: something in between has its own."
        return Finding(
            "network", said, wrong, commands.set_variable("REQUESTS_CA_BUNDLE", "FILE.pem") + " (your IT department has it)"
        )
    except requests.exceptions.RequestException:
        return Finding("network", f"{host} does not answer; without it, what is in the cache and samples still work; {said}")
    return Finding("network", f"{host} answers; {said}")


def course() -> Finding:
    """Which version of the course this is, and where it came from."""
    if (commands.ROOT / ".git").exists():
        git = ["git", "-C", str(commands.ROOT), "log", "-1", "--format=%h of %cs"]
        with contextlib.suppress(OSError):
            done = subprocess.run(git, capture_output=True, text=True, errors="replace")
            if done.returncode == 0:
                return Finding("course", f"{helpers.__version__}, clone in {commands.ROOT}, commit {done.stdout.strip()}")
        return Finding("course", f"{helpers.__version__}, clone in {commands.ROOT}, commit unknown")
    if commands.in_checkout():
        return Finding("course", f"{helpers.__version__}, released folder {commands.ROOT}")
    return Finding("course", f"{helpers.__version__}, installed in {commands.ROOT}{_commit()}")


def _commit() -> str:
    """The commit that pip has installed from, where it has noted one."""
    import json

    with contextlib.suppress(metadata.PackageNotFoundError, ValueError, KeyError, TypeError):
        noted = metadata.distribution("cnn-course").read_text("direct_url.json")
        return f", commit {json.loads(noted or '')['vcs_info']['commit_id'][:7]}"
    return ""


def notebooks() -> Finding:
    """Whether the notebooks at hand are of the helpers' version."""
    folders = {Path.cwd()}
    if commands.in_checkout():
        folders |= {folder for pattern in ("lectures/*", "exercises/*", "work/*") for folder in commands.ROOT.glob(pattern)}
    fit, others = 0, []
    for path in sorted(path for folder in folders for path in folder.glob("*.ipynb")):
        found = re.search(r'helpers\.(?:begin|require_version)\(\\"([^"\\]+)\\"', path.read_text("utf-8", errors="replace"))
        if found and found[1] == helpers.__version__:
            fit += 1
        elif found:
            others.append(f"{path} ({found[1]})")
    wrong = f"Of another version than the helpers ({helpers.__version__}): {', '.join(others)}." if others else ""
    return Finding("notebooks", f"{fit} fit the helpers", wrong, wrong and commands.update())


QUICK = (python, packages, backend, compute, storage)
ALL = (course, python, kernel, packages, backend, compute, gpu, storage, data, fonts, network, notebooks)


def check(what: Callable[[], Finding]) -> Finding:
    """Do a check; one that cannot be done is a finding, too."""
    try:
        return what()
    except ModuleNotFoundError as error:
        return Finding(what.__name__, f"unknown without {error.name}")  # of which the check of the packages says more
    except Exception as error:
        name = what.__name__
        return Finding(name, "unknown", f"The check {name!r} failed: {type(error).__name__}: {error}.", "report it")


def version_of(name: str) -> str | None:
    """The version of a package that is installed, or None."""
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    # `package.version` reads everything that is noted, the description too, which takes six times as long.
    found = re.search(r"^Version: (\S+)", package.read_text("METADATA") or "", flags=re.MULTILINE)
    return found[1] if found else package.version


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]


# --- what notebooks and the command line call ----------------------------------------------------------------------------


def look(parts: Sequence[str] = ()) -> None:
    """Do the cheap checks at the top of a notebook: print one line if something is wrong, and nothing else.

    Parameters
    ----------
    parts : sequence of str
        Packages without which this notebook cannot run.

    Raises
    ------
    ImportError
        If the course's packages, or one of `parts`, are not installed in this kernel. The message says what to do.
    """
    findings = [check(what) for what in QUICK]
    if findings[QUICK.index(packages)].wrong and (base := lacking()):
        what = commands.choose_kernel() if commands.in_checkout() else f"run {commands.install(*base)}"
        raise ImportError(f"{_without(base)}. To mend it, {what}; then run this cell again.")
    if absent := [name for name in parts if version_of(name) is None]:
        wanted = " ".join(f'"{name}>={tested()[name].oldest}"' for name in absent)
        constraints = f'-c "{commands.ROOT / "constraints.txt"}" ' if commands.in_checkout() else ""
        raise ImportError(
            f"This notebook needs {', '.join(absent)}, which {sys.executable} does not have. Run this line in a new cell, "
            f"then this cell again:\n%pip install {constraints}{wanted}"
        )
    if wrong := [finding.wrong for finding in findings if finding.wrong]:
        print(f"{wrong[0]} To see what to do, run `helpers.doctor.report()` in a new cell.", file=sys.stderr)


def devices() -> Finding:
    """Which devices the backend computes on; asked of another process, because it takes seconds."""
    code = (
        "import keras; name = keras.backend.backend(); print(name, keras.__version__, end=': ')\n"
        "if name == 'tensorflow': import tensorflow as tf; print(*[d.name for d in tf.config.list_physical_devices()])\n"
        "elif name == 'jax': import jax; print(*jax.devices())\n"
        "else: import torch; print('cuda' if torch.cuda.is_available() else 'cpu')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, errors="replace")
    last = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()[-1:]
    said = last[0] if last else ""
    return Finding("devices", said, f"Keras does not start: {said}" if done.returncode else "", "report it")


def shared(text: str) -> str:
    """A text that can be shown to everybody: no home folder and no user's name in its paths."""
    flags = re.IGNORECASE if os.name == "nt" else 0
    home = Path.home()
    for folder in {str(home.resolve()), str(home)} - {home.anchor}:
        text = re.sub(re.escape(folder) + r"(?=[\\/\s\"',;:)]|$)", "~", text, flags=flags | re.MULTILINE)
    with contextlib.suppress(Exception):  # there may be no name, in a container for example
        name = re.escape(getpass.getuser())
        text = re.sub(rf"(?<=[\\/]){name}(?=[\\/\s\"',;:)]|$)", "USER", text, flags=flags | re.MULTILINE)
    return text


def report() -> None:
    """Print what is wrong with how to mend it, and what was found: ``python -m helpers.doctor`` for a cell of a notebook."""
    _print([check(what) for what in ALL])


def _print(findings):
    for number, finding in enumerate((each for each in findings if each.wrong), start=1):
        print(f"{number}. {finding.wrong}\n   To mend it: {finding.remedy}\n")
    if not any(finding.wrong for finding in findings):
        print("Nothing is wrong.\n")
    print("To ask for help, copy the lines below.\n\n```text")
    for finding in findings:
        print(shared(f"{finding.about + ':':<11}{finding.found}{' -- WRONG: ' + finding.wrong if finding.wrong else ''}"))
    print("```")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says.

    Returns
    -------
    int
        The exit status: 1 if something is wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m helpers.doctor", description="What is wrong with this installation?")
    parser.add_argument("--devices", action="store_true", help="start Keras as well, to see what it computes on (seconds)")
    findings = [check(what) for what in ((*ALL, devices) if parser.parse_args(arguments).devices else ALL)]
    _print(findings)
    return int(any(finding.wrong for finding in findings))


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):  # a file on Windows cannot hold every name of a folder
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
