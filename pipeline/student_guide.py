"""Do what the student's guide says, in an empty folder, and see whether the course runs there.

The commands are those of ``book/guides/student.md``, word for word, with a copy of this working tree in place of the published
repository. In the environment that they make, lectures are run from the student's own folder, each in a kernel of its own, and
with its switches on (``OPEN_TENSORBOARD = False`` in the source): everything that a student may try is then tried once.

``python -m pipeline.student_guide`` runs the lectures that depend on the environment, with ``--all`` every one.
"""

import argparse
import ast
import contextlib
import copy
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline import ROOT, release
from pipeline.book import fill
from pipeline.execute import THREADS
from pipeline.files import write_text
from pipeline.inputs import reached_by
from pipeline.notebooks import repository

GUIDE = ROOT / "book" / "guides" / "student.md"
FOLDER = "Übungen von Zoë Müller"  # blanks and umlauts, as in the names of real people's folders
# What needs the environment most: nothing but the course, week 5's library, a reader of a file format. Those with switches join.
DEPEND = ("week01_knn/01_images", "week05_hyperparameters/02_search", "week07_transfer/03_case_study")
OTHER_BACKENDS = {"torch", "jax"}  # which helpers import where a student has chosen them

# What a notebook or a command says where something is missing from the environment.
MISSING = re.compile(
    r"(?i:IProgress not found|is not installed|could not find `?tensorboard|failed to launch tensorboard|No module named)"
    r"|helpers\.doctor\.report|LEFT OUT|EMBEDDED SAMPLE"
)

# A cell at the end of the lecture that opens TensorBoard: whether it answers, and shows the runs of this lecture.
ASK_TENSORBOARD = """\
import json as _json, urllib.request as _request
from tensorboard import manager as _manager
(_server,) = [each for each in _manager.get_all() if each.logdir == str(logs)]
_opener = _request.build_opener(_request.ProxyHandler({}))
with _opener.open(f"http://localhost:{_server.port}/data/runs", timeout=60) as _answer:
    assert _json.load(_answer) == ["train", "validation"]
print("TensorBoard answers")"""
LAST_CELLS = {"OPEN_TENSORBOARD": (ASK_TENSORBOARD, "TensorBoard answers")}

# Run by the student's own Python: a notebook from top to bottom, in a kernel, in the folder where it lies.
RUNNER = """\
import pathlib, sys
import nbformat
from nbclient import NotebookClient
path = pathlib.Path(sys.argv[1])
notebook = nbformat.read(path, as_version=4)
try:
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
finally:
    nbformat.write(notebook, path)
"""


class GuideError(Exception):
    """Something that the guide promises does not happen; the message says what."""


def blocks(text):
    r"""The commands of the guide for Linux, one text for each fenced block, without those of conda, a program of its own.

    A block of ``sh`` instead of ``bash`` is left out as well: `helpers.check` ends with 1 where an exercise is not solved.

    Parameters
    ----------
    text : str
        The guide.

    Returns
    -------
    list of str

    Examples
    --------
    >>> blocks("First:\n```bash\ncd course\n```\n```powershell\ndir\n```\n```bash\nconda env create\n```\n")
    ['cd course']
    """
    found = re.findall(r"^```bash\n(.*?)\n```$", text, flags=re.MULTILINE | re.DOTALL)
    return [block for block in found if not block.startswith("conda ")]


def switches(code):
    r"""The switches of a lecture: names in capitals that stand for False.

    Parameters
    ----------
    code : str

    Returns
    -------
    dict of str to (int, int)
        Line and column of each ``False``, counted as `ast` does.

    Examples
    --------
    >>> switches("SHOW = False  # True to see it\nA, B = 1, False\nLATER: bool = False\nshown = False\n")
    {'SHOW': (1, 7), 'B': (2, 10), 'LATER': (3, 14)}
    """
    found = {}

    def note(target, value):
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for pair in zip(target.elts, value.elts, strict=True):
                note(*pair)
        elif isinstance(target, ast.Name) and target.id.isupper() and isinstance(value, ast.Constant) and value.value is False:
            found[target.id] = (value.lineno, value.col_offset)

    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                note(target, node.value)
        elif isinstance(node, ast.AnnAssign):
            note(node.target, node.value)
    return found


def switched_on(code):
    """A cell's code with its switches on.

    Examples
    --------
    >>> switched_on("SHOW, N = False, 3")
    'SHOW, N = True, 3'
    """
    lines = code.splitlines()
    for line, column in sorted(switches(code).values(), reverse=True):
        # Columns are those of the bytes, as Python counts them.
        before, after = lines[line - 1].encode()[:column], lines[line - 1].encode()[column + len("False") :]
        lines[line - 1] = (before + b"True" + after).decode()
    return "\n".join(lines)


def optional_names(code):
    r"""Names in capitals on which alone a branch depends: ``if NAME:``, ``if not NAME:``.

    Examples
    --------
    >>> sorted(optional_names("if SHOW: pass\nx = 1 if not LATER else 2\nif found and FEW: pass"))
    ['FEW', 'LATER', 'SHOW']
    """
    tests = [node.test for node in ast.walk(ast.parse(code)) if isinstance(node, ast.If | ast.IfExp | ast.While)]
    return {name.id for test in tests for name in ast.walk(test) if isinstance(name, ast.Name) and name.id.isupper()}


def lectures():
    """The sources of all lectures, by the names of their notebooks: ``week01_knn/01_images``."""
    return {f"{path.parent.name}/{path.stem}": path for path in sorted(ROOT.glob("lectures/week*/*.py"))}


def everyday():
    """The names of the lectures to run every day: those that depend on the environment, and those with switches."""
    return sorted({*DEPEND, *(name for name, path in lectures().items() if switches(path.read_text(encoding="utf-8")))})


def imported():
    """Every module that a lecture or an exercise imports, or one of the helpers that it uses, but for other backends.

    Returns
    -------
    list of str
        Dotted names, without those of Python itself.
    """
    names = set()
    for path in reached_by(*ROOT.glob("lectures/week*/*.py"), *ROOT.glob("solutions/week*/*.py")):
        if path.suffix == ".py":
            for node in _reached(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names.add(node.module)
    return sorted(name for name in names if name.split(".")[0] not in {*sys.stdlib_module_names, *OTHER_BACKENDS})


def _reached(node):
    """Everything in a syntax tree but what is there for the type checker alone."""
    yield node
    if not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")):
        for child in ast.iter_child_nodes(node):
            yield from _reached(child)


def published(folder):
    """Make a repository of the files of this working tree, committed or not, as the guide's ``git clone`` finds it.

    Parameters
    ----------
    folder : pathlib.Path
        Made.

    Returns
    -------
    pathlib.Path
        The same.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git = ["git", "-C", folder, "-c", "user.name=course", "-c", "user.email=course@example.org", "-c", "core.autocrlf=false"]
    for command in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "--all", "--force"],
        ["commit", "--quiet", "-m", "x"],
    ):
        subprocess.run([*git, *command], check=True)
    return folder


class Student:
    """Somebody who follows the guide, in an empty folder.

    Parameters
    ----------
    folder : pathlib.Path
        Empty, or not there yet.
    """

    def __init__(self, folder):
        self.folder = self.here = self.course = folder / FOLDER  # until the course is cloned
        self.servers = []  # what JupyterLab said of itself, each time it was started
        for name in ("Temporäre Dateien", "jupyter/runtime"):
            (self.folder.parent / name).mkdir(parents=True, exist_ok=True)
        self.folder.mkdir()
        runtime = self.runtime = self.folder.parent / "jupyter" / "runtime"
        # No browser, and any port that is free; everything else is as JupyterLab's makers have it.
        settings = {"ServerApp": {"open_browser": False, "allow_root": True, "port": 0}}
        write_text(runtime.parent / "jupyter_server_config.json", json.dumps(settings))
        ours = Path(sysconfig.get_path("scripts"))
        path = [entry for entry in os.environ["PATH"].split(os.pathsep) if Path(entry) != ours]
        left = {
            name: value for name, value in os.environ.items() if not re.match("VIRTUAL_ENV|PYTHON|KERAS_BACKEND|COURSE_B", name)
        }
        self.variables = {
            **left,
            "PATH": os.pathsep.join(path),
            "TMPDIR": str(self.folder.parent / "Temporäre Dateien"),
            "JUPYTER_RUNTIME_DIR": str(runtime),
            "JUPYTER_CONFIG_DIR": str(runtime.parent),
            "COURSE_BUDGET": "ci",
            **dict.fromkeys(THREADS, str(max(1, (os.cpu_count() or 1) // 2))),  # two lectures run at a time
            # `git clone ADDRESS` takes the copy.
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{published(self.folder.parent / 'published').as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": repository(),
        }

    def follow(self, guide=None):
        """Run every block of the guide, one after the other.

        Parameters
        ----------
        guide : str, optional
            Default: the student's guide.
        """
        for block in blocks(fill(GUIDE.read_text(encoding="utf-8")) if guide is None else guide):
            self.type(block)
        self.course = self.here

    def type(self, block):
        """Run a block of commands in a terminal that stays open; where JupyterLab comes up, look at it and end it.

        Parameters
        ----------
        block : str

        Raises
        ------
        GuideError
            If a command fails.
        """
        print("\n".join(f"$ {line}" for line in block.splitlines()), flush=True)
        where = self.folder.parent / "where"
        log = self.folder.parent / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-e", "-c", f'{block}\npwd > "$0"', str(where)],
                cwd=self.here,
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                while process.poll() is None:
                    for note in self.runtime.glob("jpserver-*.json"):
                        self._look(note, block)
                    time.sleep(0.2)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        said = log.read_text(encoding="utf-8", errors="replace")
        if process.returncode != 0:
            raise GuideError(f"the guide's commands failed with status {process.returncode}:\n{block}\n\n{said[-3000:]}")
        if "helpers.start" in block and not self.servers:
            raise GuideError(f"JupyterLab did not come up:\n{block}\n\n{said[-3000:]}")
        self.here = Path(where.read_text(encoding="utf-8").strip())

    def _look(self, note, block):
        """See what a JupyterLab that has come up shows, then end it."""
        try:
            server = json.loads(note.read_text(encoding="utf-8"))
        except (ValueError, FileNotFoundError):  # half written, or about to go
            return
        if any(server["pid"] == other["pid"] for other in self.servers):
            return

        def ask(path):
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            request = urllib.request.Request(server["url"] + path, headers={"Authorization": f"token {server['token']}"})
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)

        server["contents"] = sorted(entry["path"] for entry in ask("api/contents")["content"])
        server["kernel"] = ask("api/kernelspecs")["kernelspecs"]["python3"]["spec"]["argv"][0]
        self.servers.append(server)
        os.kill(server["pid"], signal.SIGTERM)

    def python(self, *arguments):
        """Run the student's Python in the course's folder, and return what it says.

        Raises
        ------
        GuideError
            If it fails.
        """
        done = subprocess.run(
            [self.course / ".venv" / "bin" / "python", *arguments],
            cwd=self.course,
            env=self.variables,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode != 0:
            raise GuideError(f"{' '.join(map(str, arguments))[:200]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    def lecture(self, name):
        """Run a lecture in the student's own folder, with its switches on.

        Parameters
        ----------
        name : str
            ``week01_knn/01_images``.

        Returns
        -------
        set of str
            Its switches.

        Raises
        ------
        GuideError
            If a cell fails, or something is said to be missing.
        """
        mine = self.course / "work" / f"{name}.ipynb"
        notebook = json.loads(mine.read_text(encoding="utf-8"))
        taken, wanted = set(), switches(lectures()[name].read_text(encoding="utf-8")).keys()
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        for cell in code:
            source = "".join(cell["source"])
            taken |= switches(source).keys()
            cell["source"] = switched_on(source)
        if taken != wanted:
            raise GuideError(f"{name}: the notebook has the switches {sorted(taken)}, its source {sorted(wanted)}")
        last = [LAST_CELLS[switch] for switch in sorted(taken) if switch in LAST_CELLS]
        for source, _ in last:
            notebook["cells"].append({**code[-1], "id": "asked-at-the-end", "source": source})
        runner = self.folder.parent / "runner.py"
        write_text(runner, RUNNER)
        tried = mine.with_name(f"{mine.stem}.tried.ipynb")
        write_text(tried, json.dumps(notebook))
        self.python(runner, tried)
        said = _said(json.loads(tried.read_text(encoding="utf-8")))
        if missing := MISSING.search(said):
            raise GuideError(
                f"{name} says that something is missing: {said[max(0, missing.start() - 300) : missing.end() + 300]}"
            )
        for _, answer in last:
            if answer not in said:
                raise GuideError(f"{name}: {answer!r} is not what it says in the end")
        return taken


def _said(notebook):
    """All that the outputs of a notebook say in words."""
    texts = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            texts.append("".join(output.get("text", "")))
            texts += ["".join(data) for kind, data in output.get("data", {}).items() if kind == "text/plain"]
    return "\n".join(texts)


# In place of uv for a released folder: the packages that are installed already, by a reference to them, and the course itself.
LINKING_UV = """\
#!/bin/sh
printf '%s\\n' "$@" > "$COURSE_NOTE"
environment=$(dirname "$(dirname "$4")")
site=$("$4" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\\n' "$COURSE_SITE" "$PWD" > "$site/student.pth"
ln -s "$COURSE_SHARE" "$environment/share"
"""


def released(student):
    """Set up a released folder with the guide's commands, without git, and run a lecture in it.

    Its packages are those that the student has already: installing them once more would double the time, and tell nothing new.

    Parameters
    ----------
    student : Student
        Who has followed the guide.

    Raises
    ------
    GuideError
        If something goes wrong, or the folder asks for other packages than a clone.
    """
    folder = student.folder.parent / "Entpackt von Zoë" / "course"
    release.write_students(folder)
    programs = folder.parent / "programs"
    write_text(programs / "uv", LINKING_UV)
    (programs / "uv").chmod(0o755)
    venv = student.course / ".venv"
    (site,) = venv.glob("lib/python*/site-packages")
    other = copy.copy(student)
    other.here = other.course = folder
    other.variables = {
        **student.variables,
        "PATH": f"{programs}{os.pathsep}{student.variables['PATH']}",
        "COURSE_NOTE": str(folder.parent / "asked.txt"),
        "COURSE_SITE": str(site),
        "COURSE_SHARE": str(venv / "share"),
    }
    first, start, *_ = blocks(fill(GUIDE.read_text(encoding="utf-8")))
    other.type(first.splitlines()[-1])
    other.type(start)
    asked = (folder.parent / "asked.txt").read_text(encoding="utf-8").splitlines()
    if f"{folder}[student]" not in asked or str(folder / "constraints.txt") not in asked:
        raise GuideError(f"the set-up of a released folder installs something else: {' '.join(asked)}")
    if f"released folder {folder}" not in other.python("-m", "helpers.doctor"):
        raise GuideError("the doctor does not know a released folder")
    other.lecture("week01_knn/01_images")


def run_lectures(student, names):
    """Run lectures in the student's own folder, two at a time.

    Parameters
    ----------
    student : Student
        Who has followed the guide.
    names : list of str

    Returns
    -------
    dict of str to concurrent.futures.Future
        Each will give what `Student.lecture` returns, or raise its error.
    """
    pool = ThreadPoolExecutor(2)
    futures = {name: pool.submit(student.lecture, name) for name in names}
    pool.shutdown(wait=False)
    return futures


def importable(student):
    """Import everything that lectures and exercises import, in the student's environment; raise a GuideError if that fails."""
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    student.python("-c", code, *imported())


def main(arguments=None):
    """Follow the guide and run lectures; exit with 1 if anything fails."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.student_guide", description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every lecture, not only those that depend on the environment")
    everything = parser.parse_args(arguments).all
    failed = []
    with tempfile.TemporaryDirectory(prefix="student-") as folder:
        student = Student(Path(folder))

        def attempt(what, action, *values):
            started = time.perf_counter()
            try:
                action(*values)
                print(f"{what}: ok after {time.perf_counter() - started:.0f} s", flush=True)
            except GuideError as error:
                failed.append(what)
                print(f"{what}: FAILED\n{error}", flush=True)

        attempt("the guide's commands", student.follow)
        if not failed:
            attempt("imports", importable, student)
            attempt("doctor", student.python, "-m", "helpers.doctor")
            attempt("a released folder", released, student)
            for name, future in run_lectures(student, list(lectures()) if everything else everyday()).items():
                attempt(name, future.result)
    print(f"{len(failed)} failed: {', '.join(failed)}" if failed else "everything went as the guide says")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
