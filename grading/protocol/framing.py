"""How the processes talk: frames of JSON, four bytes of length first; between the grader's own, open files go beside them.

A student's process can write anything into its frames, so the grader's end believes none of them: length limited, ASCII, JSON of
limited depth and with a limited number of values, an object at the top; anything else is a `ProtocolError`. Objects in Python's
memory are up to fifty times as large as their JSON, so the values are counted before any is made.

The answer to a question of the checker's may be large. The grader does not look into it: it hands its bytes on to the checker's
process, whose memory is limited. Such a frame holds ``=``, the number of the question, a space, and the answer's JSON.
"""

from __future__ import annotations

import array
import itertools
import json
import os
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

HEADER = struct.Struct("!I")
DEPTH = 100  # levels of nesting that are taken
CONTAINERS, VALUES = 20_000, 500_000  # lists and objects, and values of all kinds, in a message to the grader
LONGEST = 2**32 - 1  # bytes of a frame between the grader's own processes: what its length can say
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')


class ProtocolError(Exception):
    """What came over a channel is not what was agreed."""


def pack(message: Mapping[str, object]) -> bytes:
    r"""A message as a frame: four bytes of length, then JSON.

    Parameters
    ----------
    message : dict

    Returns
    -------
    bytes

    Examples
    --------
    >>> pack({"id": 1})
    b'\x00\x00\x00\t{"id": 1}'
    """
    body = json.dumps(message).encode("ascii")  # ASCII: lone surrogates cross as escapes
    return HEADER.pack(len(body)) + body


def pack_answer(number: int, answer: bytes) -> bytes:
    r"""The answer to a question as a frame.

    Examples
    --------
    >>> pack_answer(1, b"{}")
    b'\x00\x00\x00\x05=1 {}'
    """
    body = b"=%d " % number + answer
    return HEADER.pack(len(body)) + body


def load(body: bytes, containers: int = CONTAINERS, values: int = VALUES) -> dict[str, Any]:
    """Read a JSON object that a student's process has written.

    Parameters
    ----------
    body : bytes
    containers, values : int
        How many lists and objects, and how many values of all kinds, it may hold.

    Returns
    -------
    dict

    Raises
    ------
    ProtocolError
        If it is none, or holds too much.

    Examples
    --------
    >>> load(b'{"a": [1]}')
    {'a': [1]}
    >>> load(b'{"a": [[], [], []]}', containers=3)
    Traceback (most recent call last):
    ...
    grading.protocol.framing.ProtocolError: a message of too many values
    """
    if not body.isascii():
        raise ProtocolError("a message that is not ASCII")
    if _rich(body, containers, values):  # or only its texts are
        texts = sum(1 for _ in itertools.islice(_STRING.finditer(body), 4 * containers))
        if texts == 4 * containers or _rich(_STRING.sub(b"", body), containers, values):
            raise ProtocolError("a message of too many values")
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise ProtocolError(f"a message that is not JSON: {type(problem).__name__}") from None
    if not isinstance(message, dict):
        raise ProtocolError("a message that is not a JSON object")
    if body.count(b"[") + body.count(b"{") > DEPTH and _depth(message) > DEPTH:
        raise ProtocolError(f"a message with more than {DEPTH} levels")  # what reads it next may recurse
    return message


def _rich(body: bytes, containers: int, values: int) -> bool:
    """Whether there are signs of more than so many containers or values; those in texts count, too."""
    return body.count(b"[") + body.count(b"{") > containers or body.count(b",") + body.count(b":") > values


class Unpacker:
    """Takes bytes as they come and gives back whole messages.

    Parameters
    ----------
    limit : int
        Largest length of a frame in bytes.
    read : callable
        From the bytes of a frame to its message; `json.loads` where the other side is trusted.

    Attributes
    ----------
    answers : int
        Largest length of a frame that is an answer; 0 where no question has been asked.

    Examples
    --------
    >>> unpacker = Unpacker(limit=100)
    >>> frame = pack({"id": 1})
    >>> list(unpacker.feed(frame[:6])), list(unpacker.feed(frame[6:]))
    ([], [{'id': 1}])
    """

    def __init__(self, limit: int, read: Callable[[bytes], dict[str, Any]] = load) -> None:
        self._limit, self._read = limit, read
        self._bytes = bytearray()
        self.answers = 0

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take some bytes.

        Parameters
        ----------
        data : bytes

        Yields
        ------
        dict
            An answer has the keys ``id``, ``type`` and ``answer``: its JSON as bytes.

        Raises
        ------
        ProtocolError
            If a frame is too long or is not a JSON object.
        """
        self._bytes += data
        while len(self._bytes) > HEADER.size:
            (length,) = HEADER.unpack_from(self._bytes)
            answers = self._bytes[HEADER.size] == ord("=")
            limit = self.answers if answers else self._limit
            if length > limit:
                raise ProtocolError(f"a message of {length} bytes; at most {limit} are taken")
            if len(self._bytes) < HEADER.size + length:
                return
            with memoryview(self._bytes) as view:
                body = bytes(view[HEADER.size : HEADER.size + length])
            del self._bytes[: HEADER.size + length]
            if not answers:
                yield self._read(body)
                continue
            number, _, answer = body[1:].partition(b" ")
            if not number.isdigit() or len(number) > 10:
                raise ProtocolError("an answer to no question")
            yield {"id": int(number), "type": "answer", "answer": answer}


def _depth(value: object) -> int:
    levels, front = 0, [value]
    while front and levels <= DEPTH:
        levels += 1
        front = [
            inner
            for outer in front
            if isinstance(outer, (list, dict))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return levels


class Channel:
    """A socket between two of the grader's own processes: frames, and open files beside them.

    Parameters
    ----------
    connection : socket.socket
        One end of a stream socket pair.

    Examples
    --------
    >>> ours, theirs = map(Channel, socket.socketpair())
    >>> ours.send({"op": "kill", "process": 7})
    >>> theirs.receive()
    ({'op': 'kill', 'process': 7}, [])
    """

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._unpacker = Unpacker(LONGEST, json.loads)
        self._unpacker.answers = LONGEST
        self._waiting: deque[dict[str, Any]] = deque()
        self._files: deque[int] = deque()

    def fileno(self) -> int:
        """The file descriptor, for selectors."""
        return self.socket.fileno()

    def send(self, message: Mapping[str, object], files: Sequence[int] = ()) -> None:
        """Send a message, and copies of open file descriptors with it."""
        self.send_frame(pack({**message, "files": len(files)} if files else message), files)

    def send_frame(self, frame: bytes, files: Sequence[int] = ()) -> None:
        """Send what is a frame already."""
        sent = socket.send_fds(self.socket, [frame], list(files)) if files else 0
        self.socket.sendall(memoryview(frame)[sent:])

    def receive(self, seconds: float | None = None) -> tuple[dict[str, Any], list[int]] | None:
        """Wait for the next message.

        Parameters
        ----------
        seconds : float, optional
            How long.

        Returns
        -------
        (dict, list of int) or None
            The message and the file descriptors sent with it; None when the other end is gone.

        Raises
        ------
        TimeoutError
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        try:
            while not self._waiting:
                if deadline is not None:
                    self.socket.settimeout(max(deadline - time.monotonic(), 1e-6))
                if not self._read():
                    return None
        finally:
            if deadline is not None:
                self.socket.settimeout(None)
        message = self._waiting.popleft()
        return message, [self._files.popleft() for _ in range(message.pop("files", 0))]

    def _read(self) -> bool:
        """Take what has come; whether the other end is still there."""
        try:
            data, ancillary, _, _ = self.socket.recvmsg(1 << 16, socket.CMSG_SPACE(64 * 4), _CLOEXEC)
        except ConnectionResetError:
            return False
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                files = array.array("i")
                files.frombytes(content[: len(content) - len(content) % files.itemsize])
                self._files.extend(files)
        self._waiting.extend(self._unpacker.feed(data))
        return bool(data)

    def pending(self) -> bool:
        """Whether a whole message has already been read."""
        return bool(self._waiting)

    def close(self) -> None:
        """Close the socket and whatever files nobody took."""
        self.socket.close()
        while self._files:
            os.close(self._files.popleft())


_CLOEXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
