"""The walls as an ordinary user builds them: where root runs the tests, those of the confinement run again as nobody."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import needs

pytestmark = [pytest.mark.needs("user"), pytest.mark.needs("confinement")]

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534

# Root's clone, or root's Python, may lie in a folder that nobody else can enter. In a mount namespace of its own such a folder is
# covered by an empty one, in which only what is needed is found again, where it was. Then root becomes nobody.
BECOME = """
import json, os, sys
from grading.sandbox import syscalls
paths, hold, user, command = json.loads(sys.argv[1])
os.umask(0o022)
syscalls.unshare(syscalls.NEWNS)
syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
closed = {}
for path in paths:
    parts = path.split("/")
    above = ["/".join(parts[:end]) for end in range(2, len(parts))]
    if top := next((folder for folder in above if not os.stat(folder).st_mode & 1), None):
        closed[path] = top
for number, path in enumerate(closed):
    os.makedirs(f"{hold}/{number}", exist_ok=True)
    syscalls.mount(path, f"{hold}/{number}", None, syscalls.MS_BIND | syscalls.MS_REC)
for top in set(closed.values()):
    syscalls.mount("passable", top, "tmpfs", 0, "mode=755")
for number, path in enumerate(closed):
    os.makedirs(path, exist_ok=True)
    syscalls.mount(f"{hold}/{number}", path, None, syscalls.MS_BIND | syscalls.MS_REC)
os.chdir(os.path.dirname(hold))
os.setgroups([])
os.setresgid(user, user, user)
os.setresuid(user, user, user)
os.execv(command[0], command)
"""


@pytest.fixture
def as_nobody():
    """``as_nobody(*arguments)``: what this Python does with them as nobody, in a home of nobody's."""
    home = Path(tempfile.mkdtemp(prefix="nobody-"))  # not pytest's own: that is root's alone
    os.chmod(home, 0o755)
    (home / "own").mkdir()
    os.chown(home / "own", NOBODY, NOBODY)
    (home / "hold").mkdir()
    paths = list(dict.fromkeys(os.path.realpath(path) for path in (sys.base_prefix, sys.prefix, ROOT)))
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    environment = {
        **kept,
        "HOME": str(home / "own"),
        "TMPDIR": str(home / "own"),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        needs.VARIABLE: "confinement",
    }

    def run(*arguments):
        request = json.dumps([paths, str(home / "hold"), NOBODY, [sys.executable, *arguments]])
        return subprocess.run([sys.executable, "-c", BECOME, request], env=environment, capture_output=True, text=True)

    yield run
    shutil.rmtree(home)


def test_the_walls_stand_for_an_ordinary_user(as_nobody):
    found = as_nobody(
        "-c", "import os; from grading.sandbox.confinement import find_confinement as find; print(os.getuid(), find().why)"
    )
    if found.returncode:
        needs.require("user", f"nobody may not read root's Python or clone (`chmod -R o+rX`): {found.stderr[-300:]}")
    user, _, why = found.stdout.strip().partition(" ")
    assert user == str(NOBODY)
    if why:
        needs.require("confinement", f"for an ordinary user, {why}")
    # All tests of test_sandbox.py that need walls, but for those that fill the machine for seconds.
    chosen = ["-m", "needs", "-k", "not hoards and not bombs and not crowd and not many_processes and not threads"]
    options = ["-n", "0", "-p", "no:cacheprovider", "--basetemp", "own/tests", "-c", str(ROOT / "pyproject.toml")]
    done = as_nobody("-m", "pytest", *options, *chosen, str(ROOT / "tests" / "grading" / "test_sandbox.py"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 40, done.stdout
    assert "for want of" not in done.stdout
