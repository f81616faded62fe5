"""Runs cells in a student's process, as Jupyter would, and sends what they show.

An IPython shell without a kernel around it: no sockets, no threads, no start-up time. Everything in here shares a process
with the student's code, which can change any of it; so it is written for honest notebooks, and nothing relies on it.
"""

from __future__ import annotations

import base64
import builtins
import codecs
import contextlib
import io
import re
import signal
import socket
import subprocess
import sys
import traceback
import types
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Self, cast

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from grading.sandbox.figures import OpenFigures, is_interactive, with_pictures
from grading.sandbox.grader_channel import GraderChannel
from grading.sandbox.streams import TEXT_LIMIT, Stream

Answer = Callable[..., dict[str, Any]]  # from the checker's request to its answer

ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def _plain(data: Mapping[str, object]) -> dict[str, object]:
    """A bundle of MIME types as JSON can hold it."""
    return {
        str(kind): base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value for kind, value in data.items()
    }


def _size(data: Mapping[str, object]) -> int:
    return sum(len(value) if isinstance(value, str) else 200 for value in data.values()) + 200


class _Publisher(DisplayPublisher):
    """What `display` ends in."""

    shell: Shell

    def publish(
        self,
        data: Mapping[str, object],
        metadata: Mapping[str, object] | None = None,
        source: object = None,
        *,
        transient: Mapping[str, object] | None = None,
        update: bool = False,
        **_: object,
    ) -> None:
        self.shell.flush()
        data = with_pictures(_plain(data))
        self.shell.figures.saw(data.get("image/png"))
        output = {"output_type": "display_data", "data": data, "metadata": metadata or {}}
        name = (transient or {}).get("display_id")
        size = 0 if update else _size(data)  # it takes the place of another
        self.shell.connected.show({"type": "display", "output": output, "name": name, "update": bool(update)}, size)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.flush()
        self.shell.connected.room = self.shell.connected.limit
        for stream in self.shell.streams:
            stream.begin_cell()
        self.shell.connected.send({"type": "clear", "wait": bool(wait)})


class _Result(DisplayHook):
    """What the value of a cell's last line ends in."""

    shell: Shell

    def start_displayhook(self) -> None:
        self._is_active = True
        self.shell.flush()

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Mapping[str, object], md_dict: Mapping[str, object] | None = None) -> None:
        data = with_pictures(_plain(format_dict))
        self.shell.figures.saw(data.get("image/png"))
        output = {"output_type": "execute_result", "data": data, "metadata": md_dict or {}, "execution_count": self.prompt_count}
        self.shell.connected.show({"type": "display", "output": output, "name": None, "update": False}, _size(data))

    def log_output(self, format_dict: Mapping[str, object]) -> None:
        pass

    def finish_displayhook(self) -> None:
        self._is_active = False


class Shell(InteractiveShell):
    """IPython without a terminal: made once in the fork server."""

    displayhook_class = Type(_Result)
    display_pub_class = Type(_Publisher)
    channel: GraderChannel | None = None
    streams: tuple[Stream, ...] = ()
    problem: tuple[str, str, str] | None = None
    figures: OpenFigures

    @property
    def connected(self) -> GraderChannel:
        """The channel to the grader, once `serve` has begun."""
        assert self.channel is not None
        return self.channel

    @classmethod
    def prepare(cls) -> Self:
        """Make the shell that every student's process inherits.

        Returns
        -------
        Shell
        """
        config = Config()
        config.HistoryManager.enabled = False  # no database, no thread
        config.HistoryManager.hist_file = ":memory:"
        config.InteractiveShell.colors = "neutral"
        config.IPCompleter.use_jedi = False
        shell: Self = cls.instance(config=config)
        shell.figures = OpenFigures(shell._show_picture)
        for cell in ("None", "1 / 0"):  # whatever is made at the first cell and the first traceback
            shell.run_cell(cell, silent=True)
        shell.problem = None
        if "matplotlib.pyplot" in sys.modules:
            shell.enable_matplotlib("inline")  # figures appear below their cell
        return shell

    def flush(self) -> None:
        """Send what was printed so far."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, ValueError):  # a student may have put anything there
                stream.flush()
        for own in self.streams:
            own.finish()

    def end_cell(self) -> None:
        """Send what is left to show of a cell."""
        self.figures.after_cell()
        self.flush()
        for stream in self.streams:
            stream.end_cell()

    def _show_picture(self, picture: str) -> None:
        self.display_pub.publish({"image/png": picture, "text/plain": "<Figure>"})

    def init_virtualenv(self) -> None:
        """Do nothing: the environment is the right one already."""

    def init_history(self) -> None:
        """Keep no history of earlier sessions."""
        super().init_history()
        if self.history_manager is not None:
            self.history_manager.outputs.clear()

    def enable_matplotlib(self, gui: object = None) -> tuple[Any, Any]:
        """Draw in the notebook, whatever is asked for: there are no windows, and no browser that could draw."""
        if is_interactive(gui):
            from matplotlib_inline.config import InlineBackend

            backend = InlineBackend.instance(parent=self)
            backend.close_figures, backend.figure_formats = False, {"png"}
            self.figures.wanted = True
        loop, name = super().enable_matplotlib("inline")
        return loop, name

    def enable_gui(self, gui: object = None) -> None:
        """Do nothing: there are no windows."""

    def ask_exit(self) -> None:
        """Go on after `exit`: the cells that follow still count."""

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        if self.channel is None:
            return
        self.flush()
        name, message = _name_and_message(etype, evalue)
        lines = [str(line)[:TEXT_LIMIT] for line in stb]
        self.problem = (name, message, ANSI.sub("", "\n".join(lines))[:TEXT_LIMIT])
        output = {"output_type": "error", "ename": name, "evalue": message, "traceback": lines}
        self.channel.send({"type": "display", "output": output, "name": None, "update": False})

    def system(self, cmd: str) -> None:
        """Run a ``!command``, and show what it prints."""
        command = self.var_expand(cmd, depth=1)
        self.flush()
        process = subprocess.Popen(
            command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        output = cast("io.BufferedReader", process.stdout)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        try:
            while data := output.read1(1 << 16):
                sys.stdout.write(decode(data))
                sys.stdout.flush()
        except KeyboardInterrupt:
            process.kill()
            raise
        finally:
            output.close()
            self.user_ns["_exit_code"] = process.wait()

    system_piped = system_raw = system


def _name_and_message(kind: type[BaseException], value: BaseException) -> tuple[str, str]:
    try:
        return str(kind.__name__)[:200], str(value)[:TEXT_LIMIT]
    except BaseException:  # an exception's text is code of the student, too
        return "Exception", "(its message cannot be read)"


def _let_go(trace: types.TracebackType | None) -> None:
    """Free what failed functions still hold: IPython keeps the last traceback, and with it all their variables."""
    traceback.clear_frames(trace)
    for frame, _ in traceback.walk_tb(trace):
        _ = frame.f_locals  # before Python 3.13 a copy, which only being asked for brings up to date


def _no_input(prompt: object = "", stream: object = None) -> NoReturn:
    raise EOFError("a notebook that is graded cannot ask for input")


def serve(shell: Shell, connection: socket.socket, answer_to: Answer | None, limits: Mapping[str, int]) -> None:
    """Answer the grader until it hangs up.

    Parameters
    ----------
    shell : Shell
    connection : socket.socket
    answer_to : callable or None
        From the checker's request to its answer.
    limits : dict
        ``output``: bytes of one cell's output; ``message``: bytes of a request.
    """
    channel = shell.channel = GraderChannel(connection, limits["message"])
    shell.streams = Stream(channel, "stdout", 1), Stream(channel, "stderr", 2)
    sys.stdout, sys.stderr = shell.streams
    vars(sys).update(__stdout__=sys.stdout, __stderr__=sys.stderr)
    builtins.input = _no_input
    signal.signal(signal.SIGINT, channel.on_interrupt)
    sys.path.insert(0, "")  # as in Jupyter: modules handed in with the notebook can be imported
    channel.send({"type": "hello"})
    while True:
        try:
            request = channel.receive()
        except KeyboardInterrupt:  # one that came too late for its cell
            continue
        if request is None:
            return
        try:
            channel.given_up = False
            channel.begin(request, limits["output"])
            for stream in shell.streams:
                stream.begin_cell()
            reply = _answer(shell, answer_to, request)
        except KeyboardInterrupt:
            reply = {"type": "done", "error": ("KeyboardInterrupt", "", "KeyboardInterrupt")}
        with contextlib.suppress(KeyboardInterrupt):
            if not channel.given_up:
                channel.send(reply)


def _answer(shell: Shell, answer_to: Answer | None, request: dict[str, Any]) -> dict[str, object]:
    if request["op"] == "run":
        shell.problem = None
        result = shell.run_cell(request["source"], store_history=True)
        shell.end_cell()
        problem = result.error_before_exec or result.error_in_exec
        error = None
        if problem is not None or shell.problem is not None:
            error = shell.problem or (*_name_and_message(type(problem), problem), "")
        if problem is not None:
            _let_go(problem.__traceback__)
        return {"type": "done", "error": error}
    if answer_to is None:
        return {"type": "answer", "failure": "this process was started without an answering side"}
    try:
        return {"type": "answer", "answer": answer_to(request["request"], shell.connected.talk)}
    finally:
        shell.flush()
