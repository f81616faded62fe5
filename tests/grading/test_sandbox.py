"""What a student's process may do, what it may not, and that nothing it does harms the grader or another student."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from grading.model import GIB, MIB, Limits
from grading.protocol.framing import ProtocolError, Unpacker, load, pack, pack_answer
from grading.sandbox import confinement, exchange, pool, privileges, processes, session, student_process, syscalls
from grading.sandbox.errors import CallTimeout, NotConfined, SandboxError, StudentEnded, StudentError
from grading.sandbox.forkserver_client import ForkServer
from grading.sandbox.pool import Pool

ROOT = Path(__file__).resolve().parents[2]
needs_walls = pytest.mark.needs("confinement")
SECRET = "hidden-test-3.14159"


@pytest.fixture(scope="module")
def warm():
    with Pool(
        ["numpy", "matplotlib.pyplot"],
        Limits(cell_timeout=30, memory=GIB, disk=32 * MIB, file=8 * MIB, processes=60),
        trust_students=True,
    ) as made:
        yield made


@pytest.fixture
def student(warm):
    with warm.session() as made:
        yield made


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """A busy machine may need seconds to heed an interrupt; tests of those that never do set it lower."""
    monkeypatch.setattr(exchange, "GRACE", 60)


def run(student, source, timeout=None):
    return student.run_cell(textwrap.dedent(source), timeout)


def printed(result):
    return "".join(output.text for output in result.outputs if output.output_type == "stream")


def value(student, source, timeout=None):
    """What a cell prints, which must succeed."""
    result = run(student, source, timeout)
    assert result.status == "ok", result.error
    return printed(result).strip()


# --- cells run as in Jupyter


def test_outputs_are_those_of_a_notebook(student):
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    result = run(
        student,
        """
        import sys
        from IPython.display import HTML, display
        import matplotlib.pyplot as plt
        print("one")
        print("two", file=sys.stderr)
        display(HTML("<b>three</b>"))
        plt.plot([1, 2]);
        {"four": 4}
    """,
    )
    kinds = [(output.output_type, output.get("name")) for output in result.outputs]
    assert kinds == [
        ("stream", "stdout"),
        ("stream", "stderr"),
        ("display_data", None),
        ("execute_result", None),
        ("display_data", None),
    ]
    assert result.outputs[2].data["text/html"] == "<b>three</b>"
    assert result.outputs[3].data["text/plain"] == "{'four': 4}" and result.outputs[3].execution_count == 1
    assert result.outputs[4].data["image/png"].startswith("iVBOR")
    nbformat.validate(new_notebook(cells=[new_code_cell("", outputs=result.outputs)]))


def test_names_last_and_semicolons_silence(student):
    assert run(student, "x = 20\nget_ipython().user_ns['x']").outputs[0].data["text/plain"] == "20"
    assert run(student, "x + 1;").outputs == []
    assert value(student, "print(x + _)") == "40"


def test_magics_programs_and_await(student):
    assert "Wall time" in printed(run(student, "%time y = 1"))
    assert value(student, "!echo from a shell") == "from a shell"
    assert value(student, "lines = !echo a b\nprint(lines)") == "['a b']"
    assert value(student, "%%bash\necho from bash") == "from bash"
    assert value(student, "%%capture kept\nprint('hid')") == "" and value(student, "print(kept.stdout)") == "hid"
    assert value(student, "import asyncio\nawait asyncio.sleep(0)\nprint('slept')") == "slept"


def test_output_of_programs_and_c_code_is_caught(student):
    assert value(student, "import os; os.write(1, b'raw ');") == "raw"
    result = run(student, "import os; os.system('echo program; echo problem >&2');")
    assert [(output.name, output.text) for output in result.outputs] == [("stdout", "program\n"), ("stderr", "problem\n")]


def test_clear_output_and_displays_that_are_updated(student):
    result = run(
        student,
        """
        from IPython.display import clear_output, display
        print("old"); clear_output(); print("new")
        handle = display("first", display_id=True); handle.update("second")
    """,
    )
    assert result.outputs[0].text == "new\n" and result.outputs[1].data["text/plain"] == "'second'"
    assert printed(run(student, "for i in range(3): clear_output(wait=True); print(i)")) == "2\n"
    # What was taken away again does not count towards the limit.
    result = run(student, "for i in range(5): clear_output(wait=True); print('x' * 500_000)")
    assert len(printed(result)) == 500_001
    result = run(student, "handle = display('', display_id=True)\nfor i in range(5): handle.update('x' * 500_000 + str(i))")
    assert result.outputs[0].data["text/plain"].endswith("4'") and len(result.outputs) == 1


def test_an_error_says_what_and_where_and_leaves_the_process_alive(student):
    result = run(student, "def inner():\n    return 1 / 0\ninner()")
    assert result.status == "error" and result.error[:2] == ("ZeroDivisionError", "division by zero")
    assert "line 2" in result.error[2] and "\x1b" not in result.error[2]
    assert result.outputs[-1].output_type == "error" and result.outputs[-1].ename == "ZeroDivisionError"
    assert run(student, "if True print").error[0] == "SyntaxError"
    assert run(student, "import sys; sys.exit(3)").error[0] == "SystemExit"
    assert run(student, "input('name?')").error[0] == "EOFError"
    assert run(student, "class Bad(Exception):\n    def __str__(self): raise Bad\nraise Bad").status == "error"
    assert value(student, "exit\nprint('still here')") == "still here" and student.restarted == 0


def test_classes_can_be_pickled_and_processes_started(student):
    assert (
        value(
            student,
            """
        import pickle, multiprocessing
        class Point: pass
        assert type(pickle.loads(pickle.dumps(Point()))) is Point
        def work(x): print("in a child"); return x * x
        with multiprocessing.get_context("fork").Pool(2) as many:
            print(many.map(work, [1, 2, 3]))
    """,
        ).splitlines()[-1]
        == "[1, 4, 9]"
    )


def test_files_handed_in_can_be_read_and_imported_and_do_not_come_back(warm, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.py").write_text("answer = 42")
    (tmp_path / "table.csv").write_text("1,2")
    with warm.session(tmp_path / "folder", {"data/table.csv": tmp_path / "table.csv"}, env={"COURSE_BUDGET": "ci"}) as student:
        assert (
            value(student, "import mine, os; print(mine.answer, open('data/table.csv').read(), os.environ['COURSE_BUDGET'])")
            == "42 1,2 ci"
        )
        run(student, "open('mine.py', 'w').write('changed'); open('new', 'w')")
    assert (tmp_path / "folder" / "mine.py").read_text() == "answer = 42" and len(list((tmp_path / "folder").iterdir())) == 1


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../b", ""])
def test_files_with_names_that_lead_outside_are_refused(warm, tmp_path, name):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SandboxError, match="not the name of a file"), warm.session(files={name: tmp_path / "file"}):
        pass


def test_links_and_devices_and_large_files_are_refused(warm, tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes(9 * MIB))
    for name, why in (("link", "cannot be handed"), ("pipe", "not a plain file"), ("large", "does not fit"), ("none", "cannot")):
        with pytest.raises(SandboxError, match=why), warm.session(files={"x": tmp_path / name}):
            pass


def test_a_session_knows_nothing_of_the_one_before(warm):
    with warm.session() as student:
        run(student, "import builtins, numpy; builtins.secret = numpy.secret = 1; open('left', 'w'); open('/tmp/left', 'w')")
    with warm.session() as student:
        assert (
            value(
                student,
                """
            import builtins, numpy, os
            print(hasattr(builtins, "secret"), hasattr(numpy, "secret"), os.listdir("."), os.path.exists("/tmp/left"))
        """,
            )
            == "False False [] False"
        )


def test_unseeded_random_numbers_are_the_same_each_time(warm):
    seen = set()
    for _ in range(2):
        with warm.session() as student:
            seen.add(value(student, "import random, numpy; print(random.random(), numpy.random.rand(), hash('a'))"))
    assert len(seen) == 1


# --- time, endings, restarts


def test_a_cell_that_takes_too_long_is_interrupted_and_the_process_lives(student):
    run(student, "kept = 1")
    for seconds in (0.5, 2, 8, 32):  # on a busy machine half a second may be over before the cell has begun
        result = run(student, "print('begun')\nwhile True: pass", timeout=seconds)
        assert result.status == "timeout" and result.error[0] == "CellTimeout" and f"{seconds} s" in result.error[1]
        if printed(result):
            break
    assert printed(result) == "begun\n"
    assert value(student, "print(kept)") == "1" and student.restarted == 0


@pytest.mark.parametrize(
    "source",
    [
        "import time\nwhile True:\n    try: time.sleep(9)\n    except BaseException: pass",
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    ],
    ids=["except", "ignore", "mask", "stop"],
)
def test_a_loop_that_ignores_interrupts_is_ended_and_a_fresh_process_goes_on(student, monkeypatch, source):
    monkeypatch.setattr(exchange, "GRACE", 0.5)
    result = run(student, source, timeout=0.3)
    assert result.status == "killed" and "did not heed the interrupt" in result.error[1]
    assert student.restarted == 1 and value(student, "print('again')") == "again"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os; print('last words', flush=True); os._exit(0)", "ended itself, with status 0"),
        ("import os, signal; print('last words'); os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("import os, signal; print('last words'); os.killpg(0, signal.SIGKILL)", "SIGKILL"),
        ("import ctypes; print('last words'); ctypes.string_at(0)", "SIGSEGV"),
    ],
    ids=["exit", "kill", "group", "crash"],
)
def test_a_process_that_ends_is_replaced(student, source, why):
    run(student, "open('file', 'w').write('kept')")
    result = run(student, source)
    assert result.status == "killed" and why in result.error[1] and "last words" in printed(result)
    assert student.restarted == 1
    assert value(student, "print(open('file').read())") == "kept"  # the folder is still there, the names are not
    assert run(student, "source").status == "error"


def test_the_whole_notebook_has_a_limit(warm):
    with warm.session(limits=Limits(total_timeout=600)) as student:
        assert run(student, "1").status == "ok" and 0 < student.spent < 600
        student.spent = 599.5
        result = run(student, "while True: pass")
        assert result.status == "timeout" and "notebook" in result.error[1]
        assert run(student, "1").status == "skipped"
        with pytest.raises(CallTimeout):
            student.call({"op": "get", "name": "nothing"})


def test_restart_by_the_grader(student):
    run(student, "x = 1")
    student.restart()
    assert run(student, "x").error[0] == "NameError"


def test_the_warm_process_is_replaced_if_it_dies():
    with Pool([], agent=None, trust_students=True) as warm:
        with warm.session() as student:
            run(student, "1")
        warm.server.process.kill()
        warm.server.process.wait()
        with warm.session() as student:
            assert value(student, "print(1)") == "1"


def test_deep_calls_do_not_map_memory_again_and_again(student):
    # CPython's own pieces of 16 KiB for frames are given back when they are empty: 300 faults at some depth.
    names = ", ".join(f"v{number}" for number in range(60))
    assert (
        int(
            value(
                student,
                f"""
        import resource
        def leaf():
            {names} = range(60)
        def faults(depth):
            if depth:
                return faults(depth - 1)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            for _ in range(300):
                leaf()
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        print(max(faults(depth) for depth in range(200)))
    """,
            )
        )
        < 100
    )


# --- the checker's questions


def test_a_call_is_answered_by_the_students_code(student):
    run(student, "def double(x): return 2 * x")
    handle = student.call({"op": "get", "name": "double"})["ok"]
    assert student.call({"op": "call", "of": handle["id"], "args": [21], "kwargs": {}})["ok"] == 42
    assert student.call({"op": "get", "name": "nothing"}) == {"missing": True}


def test_calls_that_hang_or_end_the_process(student, monkeypatch):
    run(
        student,
        """
        import os, time
        def hang(): time.sleep(60)
        def end(): os._exit(1)
        def stubborn():
            while True:
                try: hang()
                except BaseException: pass
    """,
    )
    handles = {name: student.call({"op": "get", "name": name})["ok"]["id"] for name in ("hang", "end", "stubborn")}
    ask = {name: {"op": "call", "of": handle, "args": [], "kwargs": {}} for name, handle in handles.items()}
    with pytest.raises(CallTimeout):
        student.call(ask["hang"], timeout=0.3)
    assert student.restarted == 0
    monkeypatch.setattr(exchange, "GRACE", 0.5)
    with pytest.raises(StudentEnded, match="heed"):
        student.call(ask["stubborn"], timeout=0.3)
    assert student.restarted == 1
    run(student, "import os\ndef end(): os._exit(1)")
    handle = student.call({"op": "get", "name": "end"})["ok"]["id"]
    with pytest.raises(StudentEnded, match="status 1"):
        student.call({"op": "call", "of": handle, "args": [], "kwargs": {}})
    assert student.call({"op": "get", "name": "nothing"}) == {"missing": True}


# --- the channel: what is written there by force

CHANNEL = """
import os, json, struct, socket
def frame(body, length=None):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return struct.pack("!I", len(body) if length is None else length) + body
def write(data):
    while data: data = data[os.write(3, data):]
def number(): return get_ipython().channel.request
"""


@pytest.mark.parametrize(
    "source",
    [
        "write(os.urandom(100))",
        "write(frame(b'', 2**32 - 1))",
        "write(frame(b'not json'))",
        "write(frame([1, 2]))",
        "write(frame({'id': 10**9, 'type': 'done', 'error': None}))",
        "write(frame({'id': '1', 'type': 'done'}))",
        "write(frame(b'[' * 100_000))",
        "write(frame(b'{\"id\": ' + b'9' * 5000 + b'}'))",
        "write(frame({'id': number(), 'type': 'display', 'output': {'output_type': 'evil'}}))",
        "write(frame({'id': number(), 'type': 'display', 'output': {'output_type': 'error', 'traceback': 1}}))",
        "write(frame({'id': number(), 'type': 'other'}))",
        "x = []\nfor _ in range(150): x = [x]\nwrite(frame({'id': number(), 'type': 'clear', 'x': x}))",
        "os.close(3)",
        "write(frame(b'{\"id\": 0, \"a\": [' + b'{\"\":{}},' * 1_000_000 + b'0]}'))",
        "write(frame(b'{\"id\": 0, \"a\": [' + b'0,' * 1_000_000 + b'0]}'))",
        "write(frame(b'', 17 * 2**20)[:4] + b'{' * 1000)",
        "write(frame(b'=%d {}' % number()))",
        'write(frame(\'{"id": "\u00e9"}\'.encode()))',
        "x = frame({'id': 0, 'x': 'y' * 2**23})\nwhile True: write(x)",
    ],
    ids=range(19),
)
def test_nonsense_on_the_channel_ends_the_process_and_nothing_else(student, source):
    result = run(student, CHANNEL + source + "\nimport time; time.sleep(20)", timeout=25)
    assert result.status == "killed" and "channel" in result.error[1], result
    assert value(student, "print('fresh')") == "fresh"


def test_an_answer_given_before_it_was_asked_for_is_not_taken(student):
    """A student's code can answer for itself, as it always could, but not the questions to come."""
    result = run(student, CHANNEL + "write(frame({'id': number() + 1, 'type': 'answer', 'answer': {}}))")
    assert result.status == "killed"
    run(student, CHANNEL + "write(frame({'id': number(), 'type': 'done', 'error': None}))")
    assert value(student, "print('in step')") == "in step"


def test_answers_that_are_none(student):
    run(
        student,
        CHANNEL
        + """
import sys
def lie(): write(frame({'id': number(), 'type': 'answer', 'answer': 'yes'}))
""",
    )
    handle = student.call({"op": "get", "name": "lie"})["ok"]["id"]
    with pytest.raises(StudentError, match="no answer"):
        student.call({"op": "call", "of": handle, "args": [], "kwargs": {}})


def test_half_a_message_then_silence_times_out(student, monkeypatch):
    monkeypatch.setattr(exchange, "GRACE", 0.3)
    result = run(
        student,
        CHANNEL + "write(struct.pack('!I', 1000) + b'{')\nimport time\nwhile True:\n"
        "  try: time.sleep(9)\n  except BaseException: pass",
        timeout=0.3,
    )
    assert result.status == "killed" and student.call({"op": "get", "name": "nothing"}) == {"missing": True}


def test_threads_and_forks_that_print_do_not_spoil_the_channel(student):
    result = run(
        student,
        """
        import os, threading
        def talk():
            for i in range(300): print(i)
        threads = [threading.Thread(target=talk) for _ in range(4)]
        [thread.start() for thread in threads]
        child = os.fork()
        if not child:
            talk(); os._exit(0)
        [thread.join() for thread in threads]; os.waitpid(child, 0);
    """,
    )
    assert result.status == "ok" and printed(result).count("\n") == 1500


@pytest.mark.parametrize("frame", [b"\xff\xff\xff\xff{", pack({})[:4] + b"[]", b"\0\0\0\4nul!", pack_answer(1, b"{}")])
def test_unpacker_refuses(frame):
    with pytest.raises(ProtocolError):
        list(Unpacker(1000).feed(frame))


def test_an_answer_is_not_looked_into():
    unpacker = Unpacker(10)
    unpacker.answers = 10**6
    (message,) = unpacker.feed(pack_answer(7, b'[{"":{}},' * 10_000))
    assert message["id"] == 7 and message["answer"].startswith(b"[{")


def test_values_are_counted_before_any_is_made():
    many = b'{"a": [' + b'{"":{}},' * 500_000 + b"0]}"
    tracemalloc.start()
    with pytest.raises(ProtocolError, match="too many"):
        load(many)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * len(many), "it takes fifty times as much to read it"
    text = json.dumps({"text": "[{,:" * 500_000 + '"' + chr(92)})
    assert load(text.encode())["text"].endswith('"' + chr(92)), "what stands in a text counts for nothing"
    with pytest.raises(ProtocolError):
        load('{"a": "é"}'.encode())


# --- output


def test_output_is_cut_and_the_end_of_what_is_printed_is_kept(warm):
    with warm.session(limits=Limits(output=10_000)) as student:
        for source, end in (
            ("print('x' * 200_000_000, 'END')", "END"),
            ("for i in range(100_000): print(i)", "99999"),
            ("import sys\nfor i in range(50_000): print(i); print(i, file=sys.stderr)", "49999"),
            ("!yes | head -c 100000000; echo END", "END"),
            ("import os; [os.write(1, b'y' * 100_000) for _ in range(1000)]; os.write(1, b'END');", "END"),
        ):
            result = run(student, source)
            size = sum(len(output.text) for output in result.outputs)
            assert result.status == "ok" and size < 20_000, (source, size)
            for name in {output.name for output in result.outputs}:
                text = "".join(output.text for output in result.outputs if output.name == name)
                assert " left out here ...]" in text and text.rstrip().endswith(end), (source, name, text[-200:])
        for source in (
            "from IPython.display import display\nfor i in range(5000): display(i)",
            "from IPython.display import HTML\nHTML('x' * 1_000_000)",
        ):
            result = run(student, source)
            size = len(json.dumps(result.outputs))
            assert result.status == "ok" and size < 40_000 and "output ends here" in result.outputs[-1].text, (source, size)
        result = run(student, "raise ValueError('x' * 50_000_000)")
        assert result.status == "error" and len(json.dumps(result.outputs)) < 600_000
        assert student.restarted == 0


PROGRESS = {
    "carriage returns": ("for i in range(9): print(f'\\r{i} of 8', end='', flush=True)", "8 of 8"),
    "at the end": ("for i in range(9): print(f'{i} of 8', end='\\r', flush=True)", "8 of 8"),
    "backspaces": ("for i in range(9): print(f'{i} of 8' + 6 * '\\b', end='', flush=True)", "8 of 8"),
    "colours and erased lines": ("for i in range(9): print(f'\\x1b[2K\\r\\x1b[32m{i}\\x1b[0m of 8', end='')", "8 of 8"),
    "a long time": ("for i in range(20_001): print(f'\\r{i:6} of 20000' + 50 * '#', end='')", " 20000 of 20000" + 50 * "#"),
    "lines that go up": ("for i in range(9): print(f'outer {i}\\n inner {i}\\x1b[A\\r', end='')", "outer 8\n inner 8"),
    "a beginning that was shown": ("print('so far', end='', flush=True); print('\\rat last')", "at last\n"),
    "text after it": ("print('half', end='\\r'); print('whole'); print('more')", "whole\nmore\n"),
    "a shell": ("!printf '10%%\\r100%%\\n'", "100%\n"),
    "no terminal": ("import os\nfor i in range(9): os.write(1, b'\\r%d of 8' % i);", "8 of 8"),
    "colours": ("print('\\x1b[31mred\\x1b[0m')", "\x1b[31mred\x1b[0m\n"),
}


@pytest.mark.parametrize("kind", PROGRESS)
def test_of_what_is_overwritten_the_last_state_is_kept(student, kind):
    source, left = PROGRESS[kind]
    result = run(student, source)
    assert printed(result) == left and len(result.outputs) == 1


def test_the_progress_of_tqdm_and_keras_is_one_line(student):
    run(student, "from tqdm import tqdm")
    result = run(student, "for i in tqdm(range(300), mininterval=0):\n    if i % 100 == 0: print('loss', i)")
    shown = {output.name: output.text for output in result.outputs}
    assert shown["stdout"] == "loss 0\nloss 100\nloss 200\n" and len(result.outputs) == 2
    assert shown["stderr"].startswith("100%|") and shown["stderr"].count("\n") == 1


# --- figures


def pictures(result):
    return [output.data["image/png"] for output in result.outputs if "image/png" in output.get("data", {})]


def test_drawings_become_pictures(student):
    run(student, "%config InlineBackend.figure_format = 'svg'\nimport matplotlib.pyplot as plt")
    result = run(student, "plt.plot([1, 2]); plt.title('steep')")
    assert len(pictures(result)) == 1 and "image/svg+xml" not in json.dumps(result.outputs)
    draw = 'SVG(\'<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="20"><text y="15">{1}</text></svg>\')'
    run(student, "from IPython.display import SVG, HTML")
    words = [pictures(run(student, draw.format(40, word)))[0] for word in ("", "word")]
    assert len(words[1]) > len(words[0]), "text is drawn, also where no fonts are installed"
    assert pictures(run(student, draw.format(10**6, "too large"))) == []
    page = run(student, 'HTML(\'<p>before <svg width="9" height="9"><rect width="9" height="9"/></svg> after</p>\')').outputs[0]
    assert re.fullmatch(r'<p>before <img src="data:image/png;base64,\S+"> after</p>', page.data["text/html"])
    assert student.restarted == 0


@pytest.mark.parametrize("how", ["%matplotlib notebook", "%matplotlib widget", "import matplotlib; matplotlib.use('nbagg')"])
def test_figures_of_interactive_backends_are_shown_when_they_change(student, how):
    run(student, f"%config InlineBackend.figure_format = 'svg'\n{how}\nimport matplotlib.pyplot as plt")
    result = run(student, "fig, ax = plt.subplots(); ax.plot([1, 2])")
    assert len(pictures(result)) == 1
    assert pictures(run(student, "x = 1")) == []
    later = run(student, "ax.plot([2, 1]); ax.set_title('more')")
    assert len(pictures(later)) == 1 and pictures(later) != pictures(result), "the figure is still open, and has changed"
    if "use" not in how:
        assert len(pictures(run(student, "plt.figure(); plt.plot([3]); plt.show()"))) >= 1


def test_endless_output_ends_at_the_time_limit_and_takes_no_memory_of_the_grader(student):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for source in ("while True: print('y' * 1000)", "import os\nwhile True: os.write(1, b'y' * 65536)"):
        result = run(student, source, timeout=1)
        assert result.status == "timeout" and len(printed(result)) < 2 * MIB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_lone_surrogates_can_be_saved(student):
    result = run(student, "print('\\ud800'); '\\ud800'")
    json.dumps(result.outputs, ensure_ascii=False).encode()
    assert run(student, "raise ValueError('\\ud800')").error[1].encode()


# --- walls


@needs_walls
@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/etc/shadow",
        "/etc/hostname",
        "/proc/1/environ",
        "/proc/1/mem",
        "/proc/1/maps",
        "/proc/1/cwd",
        "/proc/1/root",
        "/proc/1/fd",
        str(Path.home() / ".ssh"),
        str(Path.home() / ".bash_history"),
        "/var",
        "/home/student/../../var/log",
        "/run",
        "/boot",
        "/dev/vda",
        "/dev/mem",
        "/old",
        "/proc/kcore",
        "/sys/kernel",
        str(ROOT / "solutions"),
        str(ROOT / "build" / "source"),
        str(ROOT / "tests"),
        str(ROOT / "nbgrader_config.py"),
        str(ROOT / "grading"),
        str(ROOT / ".git"),
        str(ROOT / "gradebook.db"),
    ],
)
def test_nothing_outside_can_be_read(student, path):
    result = run(student, f"import os\nprint(os.listdir({path!r}) if os.path.isdir({path!r}) else open({path!r}, 'rb').read(10))")
    assert result.status == "error" and result.error[0] in ("FileNotFoundError", "PermissionError"), printed(result)


@needs_walls
def test_other_folders_cannot_be_reached_by_any_name(warm, tmp_path):
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "answer.txt").write_text(SECRET)
    (tmp_path / "class-gradebook.db").write_text(SECRET)
    tmp_path.chmod(0o777)
    (tmp_path / "class-gradebook.db").chmod(0o666)
    with warm.session() as student:
        assert (
            value(
                student,
                f"""
            import os
            os.symlink({str(tmp_path)!r}, "link")
            found = []
            for start in ({str(tmp_path)!r}, "link", "/proc/self/root{tmp_path}", "/proc/self/cwd/../../..{tmp_path}", "/tmp"):
                for name in ("anna/answer.txt", "class-gradebook.db"):
                    for mode in ("r", "r+"):
                        try: open(f"{{start}}/{{name}}", mode); found.append((start, name, mode))
                        except OSError: pass
                        try: os.remove(f"{{start}}/{{name}}")
                        except OSError: pass
            for top, _, names in os.walk("/"):
                if "answer.txt" in names or "class-gradebook.db" in names: found.append(top)
            print(found)
        """,
            )
            == "[]"
        )
    assert (tmp_path / "class-gradebook.db").read_text() == SECRET


@needs_walls
def test_two_sessions_cannot_reach_each_other(warm):
    with warm.session() as anna, warm.session() as bert:
        host = value(anna, f"import os; open('answer', 'w').write({SECRET!r}); open('/tmp/answer', 'w'); print(os.getuid())")
        assert value(
            bert,
            """
            import os
            found = []
            for top, _, names in os.walk("/"):
                if "answer" in names: found.append(top)
            print(found, [int(name) for name in os.listdir("/proc") if name.isdigit()], os.getpid(), os.getuid())
        """,
        ).startswith("[] [2] 2")
        assert host == str(privileges.STUDENT) or host != value(bert, "print(os.getuid())")
        assert run(bert, "os.kill(-1, 9)").status in ("ok", "error", "killed")
        assert value(anna, "print('alive')") == "alive" and anna.restarted == 0


@needs_walls
def test_environment_memory_and_files_of_the_grader_are_out_of_reach(monkeypatch, tmp_path):
    """Even of the fork server nothing is known that was not told to it."""
    monkeypatch.setenv("COURSE_SECRET", SECRET)
    held = open(tmp_path / "held", "w+")  # noqa: SIM115 - open while the pool starts
    held.write(SECRET)
    held.flush()
    os.set_inheritable(held.fileno(), True)
    with Pool([], agent=None) as warm, warm.session() as student:
        # The secret is looked for by its two halves, so that looking for it does not make it.
        assert (
            value(
                student,
                f"""
            first, second = {SECRET[:8]!r}.encode(), {SECRET[8:]!r}.encode()
            memory, found = open("/proc/self/mem", "rb", 0), 0
            for line in open("/proc/self/maps"):
                low, high = (int(number, 16) for number in line.split()[0].split("-"))
                if " rw-p " not in line or high - low > 2**28: continue
                memory.seek(low)
                data = memory.read(high - low)
                place = data.find(first)
                while place >= 0:
                    place += len(first)
                    found += data[place : place + len(second)] == second
                    place = data.find(first, place)
            memory.close()
            print(found)
        """,
            )
            == "0"
        )
        assert (
            value(
                student,
                f"""
            import gc, os, sys
            secret = {SECRET[::-1]!r}[::-1]
            found = [name for name in os.environ if secret in os.environ[name]]
            for name in ("environ", "cmdline"):
                for process in ("self", "1", str(os.getppid())):
                    try: found += [process] * (secret.encode() in open(f"/proc/{{process}}/{{name}}", "rb").read())
                    except OSError: pass
            print(found, sorted(os.listdir("/proc/self/fd"), key=int)[:4], len(os.listdir("/proc/self/fd")))
        """,
            )
            == "[] ['0', '1', '2', '3'] 5"
        )  # the fifth is the listing itself
        for target in (os.getpid(), warm.server.process.pid, 1):
            assert run(student, f"os.kill({target}, 0)").status == "error"
            assert run(student, f"open('/proc/{target}/environ').read()").status == "error"
            assert run(student, f"open('/proc/{target}/mem', 'rb').read(1)").status == "error"


@needs_walls
@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/usr/x",
        sys.prefix,
        "/home",
        "/dev",
        "/proc/sys/kernel/hostname",
        "/etc/ld.so.cache",
        "/proc/1/oom_score_adj",
        "/disk",
        "/sys/devices/system/cpu/cpu0/online",
    ],
)
def test_nothing_outside_can_be_written(student, target):
    assert (
        value(
            student,
            f"""
        import os
        done = []
        for path in ({target!r}, os.path.join({target!r}, "planted")):
            for act in (lambda: open(path, "w").write("1"), lambda: os.mkdir(path), lambda: os.symlink("a", path),
                        lambda: os.link("/home/student/f", path), lambda: os.rename("/home/student/f", path),
                        lambda: os.remove(path), lambda: os.rmdir(path), lambda: os.truncate(path, 0),
                        lambda: os.mknod(path), lambda: os.mkfifo(path)):
                open("/home/student/f", "w").close()
                try: act(); done.append(path)
                except OSError: pass
        print(done)
    """,
        )
        == "[]"
    )


@needs_walls
@pytest.mark.parametrize(
    "source",
    [
        "socket.create_connection(('127.0.0.1', {port}), 2)",
        "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_INET6)",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
        "socket.getaddrinfo('example.org', 80)",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}', timeout=2)",
        "s = socket.socket(socket.AF_UNIX); s.connect('\\0{name}')",
        "s = socket.socket(socket.AF_UNIX); s.connect('/run/docker.sock')",
        "s = socket.socket(socket.AF_UNIX); s.connect('/tmp/{name}')",
    ],
)
def test_no_network_and_no_local_services(student, source):
    import socket

    name = f"grading-test-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as hidden:
        hidden.bind("\0" + name)
        hidden.listen()
        result = run(student, "import socket\n" + source.format(port=server.getsockname()[1], name=name))
        assert result.status == "error" and result.error[0] in (
            "PermissionError",
            "OSError",
            "gaierror",
            "URLError",
            "ConnectionRefusedError",
            "FileNotFoundError",
        ), result.error


@needs_walls
@pytest.mark.parametrize(
    "source",
    [
        "call(101, 16, {pid}, 0, 0)",  # ptrace attach
        "call(272, 0x10000000)",
        "call(272, 0x00020000)",  # unshare
        "call(308, 0, 0)",  # setns
        "call(165, b'none', b'/home/student', b'tmpfs', 0, None)",  # mount
        "call(166, b'/', 2)",
        "call(155, b'.', b'.')",
        "call(161, b'.')",  # umount, pivot_root, chroot
        "call(310, {pid}, 0, 0, 0, 0, 0)",  # process_vm_readv
        "call(425, 8, 0)",
        "call(321, 0, 0, 0)",
        "call(298, 0, 0, 0, 0, 0)",
        "call(323, 0)",  # io_uring, bpf, perf, userfaultfd
        "call(319, b'x', 0)",
        "call(29, 0, 4096, 0o1600)",
        "call(68, 0, 0o1600)",  # memory that belongs to nobody
        "call(240, b'x', 0o102, 0o600, None)",
        "call(56, 0x10000000 | 17, 0, 0, 0, 0)",
        "call(435, 0, 0)",  # clone into a user namespace, clone3
        "call(248, b'user', b'a', b'b', 1, -3)",
        "call(250, 0, -3, 0)",  # keys
        "call(41 | 0x40000000, 2, 1, 0)",  # socket by its x32 number
        "os.setuid(0)",
        "os.setgroups([0])",
        "os.chroot('/tmp')",
        "os.setresuid(1, 1, 1)",
        "os.nice(-5)",
    ],
)
def test_system_calls_that_lead_out_are_refused(student, source):
    if os.uname().machine != "x86_64" and source.startswith("call"):
        pytest.skip("numbers of x86-64")
    result = run(
        student,
        """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    print("done")
"""
        + source.format(pid=os.getpid()),
    )
    assert result.status == "error" and result.error[0] in ("PermissionError", "OSError", "FileNotFoundError"), printed(result)
    assert "done" not in printed(result)


@needs_walls
def test_the_first_process_cannot_be_ended_from_inside(student):
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGSEGV):
        run(student, f"import os; os.kill(1, {int(number)})")  # refused by Landlock; without it the kernel passes over it
    assert value(student, "print('alive')") == "alive"
    student.restart()
    assert value(student, "print('alive')") == "alive"


def alone(source):
    """Run something in a process of its own that has put up one wall only."""
    prelude = "import os, socket, sys; from grading.sandbox import syscalls; syscalls.no_new_privileges()\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(source)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.skipif(not syscalls.numbers() or syscalls.landlock_abi() < 6, reason="Landlock 6 is not in this kernel")
def test_landlock_alone_keeps_files_processes_and_network_out(tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "own").mkdir()
    assert (
        alone(f"""
        mine = {str(tmp_path / "own")!r}
        syscalls.landlock([(sys.base_prefix, "read"), (sys.prefix, "read"), ("/usr", "read"), (mine, "write")])
        folder = {str(tmp_path)!r}
        for act in (lambda: open(folder + "/secret"), lambda: open("/etc/passwd"), lambda: open(folder + "/new", "w"),
                    lambda: os.listdir(folder), lambda: os.kill(os.getppid(), 0), lambda: open("/proc/self/environ"),
                    lambda: open(f"/proc/{{os.getppid()}}/environ"), lambda: os.link(folder + "/secret", folder + "/own/link"),
                    lambda: socket.create_server(("127.0.0.1", 0)), lambda: open(sys.prefix + "/new", "w")):
            try: act(); print("done")
            except OSError as problem: print("refused" if problem.errno in (1, 13, 18) else problem)  # EPERM, EACCES, EXDEV
        open(folder + "/own/file", "w")
    """)
        == ["refused"] * 10
    )


@pytest.mark.skipif(not syscalls.numbers(), reason="no Linux, or another machine")
def test_the_filter_alone_keeps_sockets_and_debugging_out():
    assert alone("""
        syscalls.seccomp()
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        for act in (lambda: socket.socket(), lambda: socket.socket(socket.AF_INET6), lambda: socket.socket(socket.AF_NETLINK),
                    lambda: syscalls.unshare(syscalls.NEWUSER), lambda: syscalls.mount("none", "/", "tmpfs", 0)):
            try: act(); print("done")
            except PermissionError: print("refused")
        print(libc.ptrace(0, 0, 0, 0), os.waitstatus_to_exitcode(os.system("true")), len(socket.socketpair()))
    """) == ["refused"] * 5 + ["-1", "0", "2"]


@needs_walls
def test_programs_are_behind_the_same_walls(student):
    assert value(student, "!id -u") not in ("0", str(os.getuid())) or os.getuid() != 0
    assert "No such file" in value(student, "!cat /etc/passwd 2>&1")
    assert value(student, "!grep -E 'CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status").split() == [
        "CapPrm:",
        "0" * 16,
        "CapEff:",
        "0" * 16,
        "CapBnd:",
        "0" * 16,
        "NoNewPrivs:",
        "1",
        "Seccomp:",
        "2",
    ]
    assert value(student, "import sys\n!{sys.executable} -c 'import numpy; print(numpy.arange(3).sum())'") == "3"


# --- limits


def test_a_large_array_is_a_memory_error_like_any_other(student):
    result = run(student, "import numpy\nnumpy.ones(2**31)")
    assert result.status == "error" and "MemoryError" in result.error[0]
    assert student.restarted == 0


@needs_walls
@pytest.mark.parametrize("piece", [2**26, 2**24, 2**20])  # with small pieces nothing is left even to hear the next request
def test_what_a_cell_hoards_does_not_starve_the_cells_after_it(student, piece):
    for again in (1, 2):
        result = run(
            student,
            f"""
            hoard = []
            while True:
                hoard.append(bytearray({piece}))
        """,
        )
        assert result.status == "killed" and student.restarted == again
        assert value(student, "print(len(bytearray(2**28)))") == str(2**28)


@needs_walls
def test_what_a_failed_function_hoards_is_free_again(student):
    run(student, "kept = 5")
    most = int(0.7 * student.limits.memory)
    for _ in range(3):  # together more than there is
        result = run(
            student,
            f"""
            def fill():
                hoard = bytearray({most})
                raise ValueError(len(hoard))
            fill()
        """,
        )
        assert (result.status, result.error[:2]) == ("error", ("ValueError", str(most)))
    assert value(student, "print(kept)") == "5" and student.restarted == 0


@needs_walls
def test_threads_that_a_cell_leaves_behind_do_not_stop_the_cells_after_it(student):
    result = run(
        student,
        """
        import threading, time
        try:
            while True:
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        except RuntimeError:
            print("no more")
    """,
    )
    assert result.status == "killed" and ("threads" in result.error[1] or "memory" in result.error[1])
    assert value(student, "import threading\nprint(threading.active_count())") == "1"


@needs_walls
def test_memory_taken_by_many_processes_is_counted_together(student):
    result = run(
        student,
        """
        import os, time
        for _ in range(4):
            if not os.fork():
                held = bytearray(400 * 2**20)
                held[::4096] = b"x" * len(held[::4096])
                time.sleep(60); os._exit(0)
        time.sleep(30)
    """,
    )
    assert result.status == "killed" and "memory" in result.error[1]


@needs_walls
def test_shared_memory_and_disk_are_limited_together(student):
    result = run(
        student,
        """
        for folder in ("/home/student", "/tmp", "/dev/shm"):
            for i in range(20):
                with open(f"{folder}/{i}", "wb") as file: file.write(bytes(4 * 2**20))
    """,
    )
    assert result.error[:1] == ("OSError",) and "No space left" in result.error[1]
    # Where the Python that runs lies below /tmp it is there, too, read-only; so the disk itself is asked, not its files.
    told = value(
        student,
        """
        import os
        folders = ("/home/student", "/tmp", "/dev/shm")
        disk = os.statvfs("/home/student")
        print(len({os.stat(folder).st_dev for folder in folders}), disk.f_blocks * disk.f_frsize, disk.f_bfree)
    """,
    )
    assert told == f"1 {32 * MIB} 0"
    assert run(student, "for i in range(100_000): open(f'/tmp/empty{i}', 'w').close()").error[0] == "OSError"


def test_one_file_is_limited(student):
    result = run(student, "with open('large', 'wb') as file:\n  for _ in range(20): file.write(bytes(2**20))")
    assert result.status in ("error", "killed") and ("File too large" in result.error[1] or "SIGXFSZ" in result.error[1])


@needs_walls
@pytest.mark.parametrize(
    "source",
    [
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        "import subprocess\nsubprocess.run(['bash', '-c', 'f() { f | f & }; f; sleep 30'])",
        "import threading, time\nfor _ in range(10_000): threading.Thread(target=time.sleep, args=(60,)).start()",
    ],
)
def test_process_bombs_go_off_inside(warm, source, monkeypatch):
    monkeypatch.setattr(exchange, "GRACE", 1)
    with warm.session() as bomber, warm.session() as other:
        done = []
        thread = threading.Thread(target=lambda: done.append(run(bomber, source, timeout=3)))
        thread.start()
        time.sleep(0.5)  # so that it has begun, as a rule; what must hold holds before that, too
        assert value(other, "!echo fine") == "fine"
        thread.join()
        assert done and done[0].status in ("killed", "error", "timeout", "ok"), done
    assert _of_sessions(warm) == []


@needs_walls
def test_a_crowd_of_busy_processes_computes_only_when_nobody_else_does(warm):
    with warm.session() as student, warm.session() as other:
        assert (
            value(
                student,
                """
            import os, time
            end = time.monotonic() + 20
            for _ in range(4 * os.cpu_count() + 4):
                if not os.fork():
                    while os.sched_getscheduler(0) != os.SCHED_IDLE and time.monotonic() < end: pass
                    os._exit(0)
            while os.sched_getscheduler(0) != os.SCHED_IDLE and time.monotonic() < end: time.sleep(0.1)
            try: os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            except PermissionError: print("held back")
        """,
            )
            == "held back"
        )
        assert value(other, "import os; print(os.sched_getscheduler(0) == os.SCHED_OTHER)") == "True"


def _of_sessions(warm):
    """The processes below the warm one, given a moment to be reaped."""
    for _ in range(600):
        left = processes.descendants(warm.server.process.pid)
        if not left:
            break
        time.sleep(0.1)
    return left


@needs_walls
def test_no_daemon_outlives_its_session_or_its_process(warm):
    daemon = """
        import os, time
        begun, begins = os.pipe()
        if not os.fork():
            os.setsid()
            if os.fork(): os._exit(0)
            os.write(begins, b"x")
            os.closerange(0, 100)
            while True: time.sleep(0.1)
        os.read(begun, 1)
    """
    with warm.session() as student:
        run(student, daemon)
        assert int(value(student, "print(sum(name.isdigit() for name in os.listdir('/proc')))")) >= 2
        run(student, "os._exit(0)")
        assert value(student, "import os; print(sum(name.isdigit() for name in os.listdir('/proc')))") == "1"
        run(student, daemon)
        run(student, "import subprocess; subprocess.Popen(['nohup', 'sleep', '1000'], start_new_session=True)")
    assert _of_sessions(warm) == []


@needs_walls
def test_nothing_is_left_when_the_grader_is_killed(tmp_path):
    script = tmp_path / "grader.py"
    script.write_text(
        textwrap.dedent("""
        import os, sys
        from grading.sandbox.pool import Pool
        pool = Pool([], agent=None)
        with pool.session() as student:
            student.run_cell("import os, time\\nif not os.fork():\\n    os.setsid(); time.sleep(1000)")
            print(pool.server.process.pid, flush=True)
            student.run_cell("while True: pass", 1000)
    """)
    )
    grader = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
    )
    warm = int(grader.stdout.readline())
    family = [warm, *processes.descendants(warm)]
    assert len(family) >= 4
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    for _ in range(600):
        if not (left := [process for process in family if os.path.exists(f"/proc/{process}")]):
            break
        time.sleep(0.1)
    assert left == [] and [path.name for path in tmp_path.iterdir()] == ["grader.py"]


@needs_walls
def test_nothing_of_a_session_is_left_on_the_machine(warm):
    before, mounts = set(os.listdir(warm.server.base)), Path("/proc/self/mountinfo").read_text()
    with warm.session() as student:
        run(student, "open('f', 'w').write('x')")
        assert Path("/proc/self/mountinfo").read_text() == mounts
    assert set(os.listdir(warm.server.base)) == before


# --- starting


def test_a_process_that_does_not_begin_and_says_nothing_is_told_as_such(warm, monkeypatch):
    monkeypatch.setattr(session, "pack", lambda message: bytes(4))  # not what the process sends
    with pytest.raises(SandboxError, match="did not start: no reason given"), warm.session():
        pass


def test_without_confinement_it_runs_only_when_told_to(monkeypatch):
    none = confinement.Confinement(False, "this kernel is from 1999")
    monkeypatch.setattr(pool, "find_confinement", lambda: none)
    with pytest.raises(NotConfined, match="1999.*--trust-students"):
        Pool([])
    with Pool(["numpy"], trust_students=True) as warm, warm.session() as student:
        assert not warm.confined
        assert value(student, "import os, numpy; print(os.getcwd() == os.environ['HOME'])") == "True"
        run(student, "import subprocess; daemon = subprocess.Popen(['sleep', '1000'], start_new_session=True)")
        number = int(value(student, "print(daemon.pid)"))
        assert run(student, "os._exit(1)").status == "killed"
        assert value(student, "print(1)") == "1"
        home = value(student, "import os; print(os.getcwd())")
    assert not os.path.exists(f"/proc/{number}") and not os.path.exists(home)


@needs_walls
def test_a_private_folder_inside_a_readable_one_is_refused(tmp_path):
    (tmp_path / "course").mkdir()
    with pytest.raises(SandboxError, match="must stay hidden"):
        Pool([], agent=None, read=[tmp_path], private=[tmp_path / "course"])


@needs_walls
def test_data_can_be_granted_for_reading(tmp_path):
    (tmp_path / "images").mkdir(mode=0o755)
    (tmp_path / "images" / "cat").write_text("meow")
    (tmp_path / "link").symlink_to("images")
    with Pool([], agent=None, read=[tmp_path / "link"]) as warm, warm.session() as student:
        assert value(student, f"print(open('{tmp_path}/link/cat').read(), open('{tmp_path}/images/cat').read())") == "meow meow"
        assert run(student, f"open('{tmp_path}/link/cat', 'a')").status == "error"


def test_modules_that_are_missing_are_reported_not_fatal():
    with Pool(["no_such_module"], agent=None, trust_students=True) as warm:
        assert "ModuleNotFoundError" in warm.missing["no_such_module"]


def test_the_environment_is_bare():
    made = student_process.environment("/home/student", {"COURSE_BUDGET": "ci"})
    assert made["HOME"] == "/home/student" and made["COURSE_BUDGET"] == "ci" and "PYTEST_CURRENT_TEST" not in made


def test_sessions_and_restarts_come_with_what_was_imported_once(warm):
    """So they take tens of milliseconds, not seconds: nothing is imported again."""
    with warm.session() as student:
        for _ in range(2):
            assert value(student, "import sys; print('numpy' in sys.modules, 'matplotlib.pyplot' in sys.modules)") == "True True"
            student.restart()


def test_a_warm_process_that_has_begun_to_import_is_taken_over():
    with ForkServer(jobs=1) as warm:
        warm.prepare(["json", "no_such_module"])
        with Pool(["decimal"], agent=None, trust_students=True, server=warm) as pool, pool.session() as student:
            assert "ModuleNotFoundError" in pool.missing["no_such_module"]
            assert value(student, "import sys; print('json' in sys.modules, 'decimal' in sys.modules)") == "True True"
    assert not warm.base.exists() and warm.process.returncode == 0


def test_a_fork_server_that_died_early_is_told_with_its_last_words():
    with ForkServer(jobs=1) as warm:
        warm.process.kill()
        warm.process.wait()
        warm.prepare(["json"])
        with pytest.raises(SandboxError, match="the fork server did not start: its last words"):
            Pool([], agent=None, trust_students=True, server=warm)


def test_a_warm_process_that_nobody_needs_ends_at_once():
    with ForkServer(jobs=1) as warm:
        warm.prepare(["tensorflow"])
    assert not warm.base.exists() and warm.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("last", ["", ", agent=None, read=[], private=[], hide=[]"], ids=["before", "after"])
def test_a_grader_that_is_killed_early_leaves_nothing(tmp_path, last):
    (tmp_path / "slow.py").write_text("import time; time.sleep(1)")
    script = tmp_path / "grader.py"
    script.write_text(
        "import os, signal\nfrom grading.sandbox.forkserver_client import ForkServer\nwarm = ForkServer(jobs=1)\n"
        f"warm.prepare(['slow']{last})\nprint(warm.process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", script],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "TMPDIR": str(tmp_path)},
    )
    for _ in range(600):
        if not os.path.exists(f"/proc/{int(done.stdout)}"):
            break
        time.sleep(0.1)
    assert not os.path.exists(f"/proc/{int(done.stdout)}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grader.py", "slow.py"]
