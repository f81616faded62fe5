"""Download one file over HTTP, so that nothing which has arrived is lost.

What arrives goes into a partial file, with a note beside it of what it belongs to. A download that was interrupted, however,
goes on from there, if the server can (an HTTP Range); the file's sum, which pooch checks at the end, says whether the pieces fit.
"""

from __future__ import annotations

import collections
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers.data import reasons
from helpers.data.cache import say
from helpers.data.errors import SlowError

ATTEMPTS = 4  # connections in a row that bring less than a hundredth of the file
PAUSE = 1.0  # seconds before the second attempt; twice as long before each one after it
CHUNK = 1 << 18  # bytes read at once, at most
MINIMUM_SPEED = 100_000.0  # bytes per second: a tenth of a slow line; half an hour for the largest data set
WINDOW = 20.0  # seconds over which the speed is taken
WORTH_LEAVING = 60.0  # seconds: a home that is done sooner than this is not left, slow or not

clock: Callable[[], float] = time.monotonic


class Speed:
    """The speed of a download over the last seconds.

    Parameters
    ----------
    window : float
        How many seconds.
    clock : callable
        Returns the time in seconds.

    Examples
    --------
    >>> times = iter([0, 1, 2, 3, 4])
    >>> speed = Speed(2, lambda: next(times))
    >>> [speed.add(size) for size in (100, 100, 40, 0)]
    [None, 100.0, 70.0, 20.0]
    """

    def __init__(self, window: float, clock: Callable[[], float]) -> None:
        self._window, self._clock = window, clock
        self._marks = collections.deque([(clock(), 0)])  # when, and how many bytes there were by then

    def add(self, size: int) -> float | None:
        """Take in that `size` more bytes have come; return the speed in bytes per second, None if it is too early to say."""
        now, total = self._clock(), self._marks[-1][1] + size
        self._marks.append((now, total))
        while len(self._marks) > 2 and self._marks[1][0] <= now - self._window:
            self._marks.popleft()
        start, before = self._marks[0]
        return (total - before) / (now - start) if now - start >= self._window else None


class Cut(Exception):
    """The connection ended before the file did."""

    def __str__(self) -> str:
        return "IncompleteRead"


class Resumable:
    """A downloader for `pooch.retrieve`, for one file.

    Parameters
    ----------
    name : str
        What messages call the data set.
    partial : pathlib.Path
        Where to keep what has arrived so far.
    known_hash : str
        The file's sum: a partial file of another one is not used.
    size : int
        How many bytes are expected.
    may_leave : bool, optional
        Whether to give up, with a SlowError, where the home is slow or silent. Default False.

    Attributes
    ----------
    resumed : bool
        Whether the file was put together from several answers.
    """

    def __init__(self, name: str, partial: Path, known_hash: str, size: int, *, may_leave: bool = False) -> None:
        self.name, self.partial, self.known_hash, self.size, self.may_leave = name, partial, known_hash, size, may_leave
        self.note = partial.with_name(f"{partial.name}.json")
        self.resumed = False
        self._warned = self._answered = False

    def __call__(self, url: str, output_file: str, pooch: Any = None, check_only: bool = False) -> None:
        """Download `url` to `output_file`; raises what `requests` and urllib3 raise, a SlowError, or an OSError of the disk."""
        try:
            self._persist(url)
        except KeyboardInterrupt:
            say(f"{self.name}: stopped; {self._have() / 1e6:,.1f} MB are kept, and the next try goes on from there")
            raise
        os.replace(self.partial, output_file)
        self.note.unlink(missing_ok=True)

    def _persist(self, url):
        """Ask again, and go on, where the connection breaks off: as long as that gets us anywhere."""
        import requests
        import urllib3

        best, begun, failures = self._noted(url)[0], False, 0
        while True:
            self._answered = False
            try:
                return self._get(url)
            except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, Cut) as error:
                have, begun = self._have(), begun or self._answered
                failures = 0 if have > best + self.size // 100 else failures + 1
                best = max(best, have)
                silent = self.may_leave and reasons.timed_out(error)
                if not begun or silent or failures >= ATTEMPTS or isinstance(error, requests.exceptions.HTTPError):
                    raise
                why = reasons.of_request(error, url)[0]
                say(f"{self.name}: {why}; trying again, from {have / 1e6:,.1f} MB on")
                time.sleep(PAUSE * 2 ** max(failures - 1, 0))

    def kept(self, url: str) -> int:
        """Return how many bytes an earlier try has left of the file at `url`."""
        return self._noted(url)[0]

    def discard(self) -> None:
        """Forget what has arrived so far."""
        self.partial.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def _have(self):
        """How many bytes have arrived so far."""
        try:
            return self.partial.stat().st_size
        except FileNotFoundError:
            return 0

    def _noted(self, url):
        """What is known of the partial file: the number of its bytes, and what tells its version; (0, "") if it is not ours."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            if note["url"] == url and note["sum"] == self.known_hash:
                return self._have(), str(note["version"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            pass
        return 0, ""

    def _get(self, url):
        """Ask for what is missing, and take it in until the answer ends."""
        import requests

        have, version = self._noted(url)
        headers = {"Accept-Encoding": "identity"}  # a compressed answer could not be gone on with
        if have:
            headers |= {"Range": f"bytes={have}-", **({"If-Range": version} if version else {})}
        timeout = (reasons.CONNECT_TIMEOUT, reasons.READ_TIMEOUT)
        with requests.get(url, stream=True, timeout=timeout, headers=headers) as response:
            self._answered = True
            start, total = _place(response) if have else (0, _place(response)[1])
            if have and response.status_code == 416 and total == have:
                return  # all of it was there
            if have and (response.status_code == 416 or start not in (0, have) or (start and _encoded(response))):
                self.discard()  # not the file of before, or not the piece that was asked for
                return self._get(url)
            response.raise_for_status()
            self.resumed = self.resumed or start > 0
            if start == 0:
                self.partial.write_bytes(b"")
                note = {"url": url, "sum": self.known_hash, "version": _version(response)}
                self.note.write_text(json.dumps(note), encoding="utf-8")
            try:
                self._take(response, start, total)
            except BaseException:
                if _encoded(response):
                    self.discard()
                raise
            if total is not None and self._have() < total:
                raise Cut

    def _take(self, response, start, total):
        """Write the answer to the partial file, with a progress bar."""
        from tqdm import tqdm

        read = getattr(response.raw, "read1", response.raw.read)  # read1: what is there, however little
        speed, at = Speed(WINDOW, clock), start
        with (
            open(self.partial, "r+b") as file,
            tqdm(total=total or self.size, initial=start, unit="B", unit_scale=True, ncols=79, ascii=os.name == "nt") as bar,
        ):
            file.seek(start)
            while data := read(CHUNK, decode_content=True):
                file.write(data)
                file.flush()  # so that it is there even if this process is killed
                bar.update(len(data))
                at += len(data)
                self._judge(speed.add(len(data)), (total or self.size) - at)

    def _judge(self, speed, left):
        """Give up, or tell the reader, where a home is slow."""
        if speed is None or speed >= MINIMUM_SPEED or left <= WORTH_LEAVING * speed:
            return
        seconds = left / speed if speed else float("inf")
        slow = f"slow: {speed / 1e3:,.1f} kB/s, so that the rest would take {_duration(seconds)}"
        if self.may_leave:
            raise SlowError(slow, seconds)
        if not self._warned:
            self._warned = True
            say(f"{self.name}: this is {slow}. Whenever you stop it, what has arrived is kept for the next try.")


def _duration(seconds):
    if seconds > 100 * 3600:
        return "days"
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{max(seconds / 60, 1):.0f} minutes"


def _encoded(response):
    """Whether the answer is compressed on its way, though we asked for it as it is."""
    return response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity")


def _version(response):
    """What tells this version of the file from others: a strong ETag, else the date of its last change, else nothing."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def _place(response):
    """Where in the file the answer begins, and how long the whole file is (None if it is not said)."""
    span = re.match(r"\s*bytes\s+(?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", ""))
    if response.status_code in (206, 416):
        if not span:
            return (-1, None)
        return int(span[1] or 0), (None if span[2] == "*" else int(span[2]))
    length = response.headers.get("Content-Length", "")
    return 0, (int(length) if length.isdigit() and not _encoded(response) else None)
