"""Updating loses nothing of a student's, by git and from an archive, whenever it is killed; and running it again completes it."""

import contextlib
import functools
import http.server
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import nbformat
import pytest

from helpers import start, update
from helpers.course import archive, clone, folder, notebook
from helpers.course.folder import Course
from pipeline import ROOT
from tests.helpers import course_copy as copies

WAYS = ["git", "archive"]
UTF8 = {**os.environ, "PYTHONUTF8": "1"}  # Windows would print paths in another encoding
NOTES = "My notes on images."


class Student:
    """A student's copy of version 0.1.0, with version 0.2.0 published."""

    def __init__(self, folder, way):
        self.way = way
        self.root = folder / "Bjørk Ünal's course"
        self.published = folder / "published"
        self.published.mkdir()
        if way == "git":
            copies.git(self.published, "init", "--quiet", "--initial-branch=main", "--template=")
            copies.commit(self.published, "0.1.0")
            copies.git(folder, "clone", "--quiet", "--template=", str(self.published), str(self.root))
        else:
            packed = copies.packed(self.published, "0.1.0")
            with zipfile.ZipFile(packed) as file:
                file.extractall(folder)
            (folder / "students").rename(self.root)
        self.course = Course(self.root)
        command(self, "helpers.start", "--no-lab")

    def publish(self):
        if self.way == "git":
            copies.commit(self.published, "0.2.0")
            self.source = []
        else:
            self.source = [str(copies.packed(self.published, "0.2.0"))]
        return self

    def __truediv__(self, name):
        return self.root / name


def command(student, *arguments):
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=student.root, capture_output=True, encoding="utf-8", env=UTF8)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def updated(student, *arguments):
    done = command(student, "helpers.update", *(arguments or student.source))
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def student(way, tmp_path):
    return Student(tmp_path, way)


both = pytest.mark.parametrize("way", WAYS)
by_git = pytest.mark.parametrize("way", ["git"])
by_archive = pytest.mark.parametrize("way", ["archive"])


def begin(student):
    """The student has worked in the own folder, and has run a lecture where it was not to be run."""
    answers = {name: copies.answered(name) for name in ("distance", "vote", "old")} | {"why": "Because.", "k": "k = 7"}
    copies.work_in(student / copies.OWN_EXERCISE, answers, added=[("vote_check", copies.code("tried = 1"))])
    copies.work_in(student / copies.LECTURE, notes=NOTES)


def wrote(student):
    """Whether everything that `begin` wrote is still to be read somewhere."""
    texts = copies.everything(student.root)
    return [text for text in ("return a + 1", "Because.", "k = 7", "tried = 1", NOTES) if text not in texts]


@both
def test_what_was_not_begun_is_replaced_and_what_was_begun_stays(student):
    begin(student)
    own = (student / copies.OWN_EXERCISE).read_bytes()
    said = updated(student.publish())
    assert (student / copies.OWN_EXERCISE).read_bytes() == own
    new = student / "work/week01_knn/knn.new.ipynb"
    assert "return a + 1" in copies.find(new, "distance").source and "corrected" in copies.find(new, "distance").source
    assert copies.find(new, "why").source == "Because." and copies.find(new, "newest")
    assert "tried = 1" in [cell.source for cell in copies.cells_of(new)]
    for name in (copies.LECTURE, copies.EXERCISE, "lectures/week02_new/01_new.ipynb"):
        assert (student / name).read_bytes() == (
            student.published / ("" if student.way == "git" else "0.2.0/students") / name
        ).read_bytes()
    assert not (student / "lectures/week01_knn/02_gone.ipynb").exists() and (student / "work/week01_knn/02_gone.ipynb").exists()
    for line in (
        "now version 0.2.0; it was 0.1.0",
        "that you had not begun, and that are now the new version: 2.",
        "lectures/week02_new/01_new.ipynb",
        "02_gone.ipynb (no longer part of the course)",
        "Your answers are in it: distance, vote, why.",
        "1 cell of your own is in it.",
        "These questions have changed, so read them again: distance, vote.",
        "has changed: k. Your answer stands above",
        "the question is gone: old.",
        "helpers.update --take week01_knn/knn.ipynb",
    ):
        assert line in said
    assert not wrote(student)


@both
def test_a_lecture_that_was_run_where_the_course_keeps_it_does_not_stop_the_update(student):
    """Review A2. Its outputs and notes go to the student's own folder; the copy there had been begun, too."""
    copies.work_in(student / copies.OWN_LECTURE, notes="Notes in my own copy.")
    begin(student)
    said = updated(student.publish())
    kept = student / "work/week01_knn/01_images.mine.ipynb"
    assert NOTES in [cell.source for cell in copies.cells_of(kept)] and kept.name in said
    assert [cell.source for cell in copies.cells_of(student / copies.OWN_LECTURE)][-1] == "Notes in my own copy."
    new = [cell.source for cell in copies.cells_of(student / "work/week01_knn/01_images.new.ipynb")]
    assert "A cell that is new." in new and new[-1] == "Notes in my own copy."


@both
def test_who_never_started_in_the_own_folder_finds_the_work_there(student):
    shutil.rmtree(student.course.work)
    begin_in_place = {"vote": copies.answered("vote")}
    copies.work_in(student / copies.EXERCISE, begin_in_place)
    said = updated(student.publish())
    assert f"You had changed {copies.EXERCISE}: your version is kept as {os.path.normpath(copies.OWN_EXERCISE)}" in said
    assert "return a + 1" in copies.find(student / copies.OWN_EXERCISE, "vote").source
    assert "return a + 1" in copies.find(student / "work/week01_knn/knn.new.ipynb", "vote").source


@both
def test_nothing_new_changes_nothing(student):
    begin(student)
    before = copies.state(student.root)
    student.source = [str(student.published / "cnn-course-0.1.0-students.zip")] if student.way == "archive" else []
    if student.way == "archive":  # the lecture is then put back, and the notes kept
        del before[copies.LECTURE]
    assert "The course is up to date" in updated(student) or student.way == "archive"
    after = copies.state(student.root)
    assert {name: after[name] for name in before} == before and not wrote(student)


@both
def test_an_update_twice_is_an_update_once(student):
    begin(student)
    updated(student.publish())
    before = copies.state(student.root)
    said = updated(student)
    assert copies.state(student.root) == before
    assert "helpers.update --take week01_knn/knn.ipynb" in said, "it still waits"


@both
def test_a_file_of_the_course_that_a_student_changed_is_kept_beside(student):
    (student / "helpers/extra.py").write_text("MINE = 1\n")
    (student / "lectures/week02_new").mkdir()
    (student / "lectures/week02_new/01_new.ipynb").write_text("my own file, which the course now has too")
    said = updated(student.publish())
    assert (student / "helpers/extra.py").read_text() == "VERSION = '0.2.0'\n"
    assert (student / "helpers/extra.mine.py").read_text() == "MINE = 1\n" and "extra.mine.py" in said
    assert "my own file" in (student / "work/week02_new/01_new.ipynb").read_text()
    assert copies.cells_of(student / "lectures/week02_new/01_new.ipynb")
    new = student / "work/week02_new/01_new.new.ipynb"
    assert new.exists() and "cannot be read as a notebook" in said


@both
def test_a_version_that_changes_the_set_up_alone_says_so(student):
    plain = student / "work/week01_knn/03_plain.ipynb"
    copies.work_in(plain, notes=NOTES)
    said = updated(student.publish())
    assert "03_plain.ipynb" not in said.partition("only the set-up cell has changed: 1.")[0]
    assert (
        "03_plain.new.ipynb; yours stays as it is.\n  Only the set-up cell has changed.\n  1 cell of your own is in it." in said
    )


@both
def test_taking_the_new_version_keeps_the_old_one(student):
    begin(student)
    updated(student.publish())
    old, new = student / copies.OWN_EXERCISE, student / "work/week01_knn/knn.new.ipynb"
    contents = old.read_bytes(), new.read_bytes()
    for name in ("knn2", "week01_knn"):
        done = command(student, "helpers.update", "--take", name)
        assert done.returncode == 1 and "One waits beside: week01_knn/" in done.stderr
    said = updated(student, "--take", "week01_knn/knn.ipynb")
    assert "knn.old.ipynb" in said and not new.exists()
    assert old.read_bytes() == contents[1] and (student / "work/week01_knn/knn.old.ipynb").read_bytes() == contents[0]
    said = updated(student)
    assert "knn.ipynb: the new" not in said, "the student goes on with the newest"


@both
def test_work_in_the_new_version_is_not_written_over(student):
    begin(student)
    updated(student.publish())
    new = student / "work/week01_knn/knn.new.ipynb"
    copies.work_in(new, {"newest": copies.answered("newest", "'begun'")})
    begun = new.read_bytes()
    assert "you have begun that one, too" in updated(student) and new.read_bytes() == begun
    # The course moves on once more: what lies there is neither the newest nor untouched.
    third = json.loads((student / copies.EXERCISE).read_text())
    third["cells"][1]["source"] = ["# Exercise 1, third version"]
    third = nbformat.from_dict(third)
    (student / copies.EXERCISE).write_text(copies.sealed(third), newline="\n")
    updated(student, "--only-work")
    assert new.read_bytes() == begun
    assert "third version" in (student / "work/week01_knn/knn.new-2.ipynb").read_text()
    updated(student, "--take", "knn")
    assert "third version" in (student / copies.OWN_EXERCISE).read_text(), "the newest of several"


@by_git
def test_a_lecture_that_was_only_opened_and_saved_is_not_work(student):
    path = student / copies.LECTURE
    opened = copies.as_json(path)
    opened["metadata"]["language_info"] = {"name": "python", "version": "3.13.0"}
    path.write_text(json.dumps(opened))
    assert "You had changed" not in updated(student.publish())


@by_git
def test_git_pull_by_hand_works_for_who_followed_the_guide(student):
    copies.work_in(student / copies.OWN_EXERCISE, {"vote": copies.answered("vote")})
    student.publish()
    assert copies.git(student.root, "status", "--porcelain") == ""
    copies.git(student.root, "pull", "--quiet")
    assert "return a + 1" in copies.find(student / copies.OWN_EXERCISE, "vote").source
    assert (
        "return a + 1" in copies.find(student / "work/week01_knn/knn.new.ipynb", "vote").source
        if updated(student, "--only-work")
        else 0
    )


def unchanged(student, *arguments):
    """Run an update that must not work; what it says, and nothing is different afterwards."""
    before = copies.state(student.root), copies.git(student.root, "status", "--porcelain") if student.way == "git" else ""
    done = command(student, "helpers.update", *(arguments or student.source))
    assert done.returncode == 1
    assert before == (
        copies.state(student.root),
        copies.git(student.root, "status", "--porcelain") if student.way == "git" else "",
    )
    assert not wrote(student)
    return done.stderr


@by_git
def test_what_only_the_owner_can_decide_comes_first(student):
    begin(student)
    student.publish()
    (student / "rebase").mkdir()
    (student / "rebase").rename(student / ".git/rebase-merge")
    assert "rebase is in progress" in unchanged(student)
    (student / ".git/rebase-merge").rmdir()
    (student / ".git/index.lock").touch()
    assert "delete" in unchanged(student)
    (student / ".git/index.lock").unlink()
    copies.git(student.root, "checkout", "--quiet", "--detach")
    assert "not on a branch" in unchanged(student)
    copies.git(student.root, "switch", "--quiet", "--create", "mine")
    assert "follows no branch" in unchanged(student)
    copies.git(student.root, "switch", "--quiet", "main")
    (student / "own.txt").write_text("a file of my own")
    copies.git(student.root, "add", "own.txt")
    copies.git(student.root, "commit", "--quiet", "--message", "Mine", "--", "own.txt")
    assert "1 commit(s) of its own" in unchanged(student)
    student.published.rename(student.published.with_name("away"))
    said = unchanged(student)
    assert "cannot be fetched" in said and "Nothing of yours was lost" in said


@by_git
def test_an_archive_for_a_clone_is_refused(student):
    begin(student)
    assert "came by git" in unchanged(student, "some.zip")


@by_git
def test_what_the_course_has_not_changed_is_left_alone(student):
    (student / "pipeline/environment.py").write_text("# mine")
    copies.git(student.root, "add", "--all")
    updated(student.publish())
    assert (student / "pipeline/environment.py").read_text() == "# mine"


def archive_with(student, entries, name="bad.zip"):
    """The archive of version 0.2.0 with other entries in it."""
    student.publish()
    path = student.published / name
    with zipfile.ZipFile(student.source[0]) as good, zipfile.ZipFile(path, "w") as bad:
        for entry in good.infolist():
            if entry.filename not in entries:
                bad.writestr(entry, good.read(entry))
        for entry, content in entries.items():
            if content is not None:
                bad.writestr(entry, content)
    return str(path)


@by_archive
@pytest.mark.parametrize(
    "name",
    [
        "students/../../outside.txt",
        "/outside.txt",
        "students//outside.txt",
        "students\\..\\..\\outside.txt",
        "students/C:outside.txt",
        "students/work/week01_knn/knn.ipynb",
        "students/.git/hooks/post-merge",
        "other/outside.txt",
    ],
)
def test_an_archive_that_writes_elsewhere_is_refused(student, name, tmp_path):
    begin(student)
    entry = zipfile.ZipInfo("students/x")
    entry.filename = name
    said = unchanged(student, archive_with(student, {entry: "bad"}))
    assert "Nothing was changed" in said
    assert not list(tmp_path.rglob("outside*"))


@by_archive
def test_a_link_in_an_archive_is_refused(student):
    begin(student)
    link = zipfile.ZipInfo("students/helpers/link")
    link.external_attr = 0o120777 << 16
    assert "Nothing was changed" in unchanged(student, archive_with(student, {link: "/etc/passwd"}))


@by_archive
def test_an_archive_that_is_not_whole_is_refused(student):
    begin(student)
    changed = archive_with(student, {"students/helpers/extra.py": "VERSION = 'bad'"}, "changed.zip")
    assert "is damaged" in unchanged(student, changed)
    assert "is damaged" in unchanged(student, archive_with(student, {"students/helpers/extra.py": None}, "short.zip"))
    assert "no manifest.json" in unchanged(student, archive_with(student, {"students/manifest.json": None}, "none.zip"))
    half = student.published / "half.zip"
    half.write_bytes((student.published / "cnn-course-0.2.0-students.zip").read_bytes()[:-100])
    assert "damaged, or not a zip file" in unchanged(student, str(half))
    assert "There is no file" in unchanged(student, "nowhere.zip")
    published = student.published / "cnn-course-0.2.0-students.zip"
    shutil.copy(changed, published)
    assert "its checksum differs" in unchanged(student, str(published))


@by_archive
def test_a_downloaded_copy_that_a_student_keeps_under_git_takes_archives(student):
    copies.git(student.root, "init", "--quiet", "--template=")
    copies.git(student.root, "add", "--all")
    assert not clone.is_clone(student.course)
    copies.git(student.root, "remote", "add", "mine", "nowhere")
    begin(student)
    assert clone.is_clone(student.course) and "now version 0.2.0" in updated(student.publish())


@by_archive
def test_an_older_archive_is_refused(student):
    begin(student)
    updated(student.publish())
    assert "0.2.0, which is newer" in unchanged(student, str(student.published / "cnn-course-0.1.0-students.zip"))


@contextlib.contextmanager
def served(directory):
    """The address of a server that has the files of a folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=directory)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@by_archive
def test_the_newest_release_is_fetched_from_the_courses_address(student, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    begin(student)
    student.publish()
    home = tmp_path / "web/owner/name/releases/latest/download"
    home.mkdir(parents=True)
    for name in ("cnn-course-0.2.0-students.zip", archive.SUMS):
        shutil.copy(student.published / name, home)
    project = student / "pyproject.toml"
    with served(tmp_path / "web") as address:
        project.write_text(project.read_text().replace("https://github.com/ada/course", f"{address}/owner/name"))
        with open(home / "cnn-course-0.2.0-students.zip", "ab") as file:
            file.write(b"more")
        student.source = []
        assert "its checksum differs" in unchanged(student)
        assert "its checksum differs" in unchanged(
            student, f"{address}/owner/name/releases/latest/download/cnn-course-0.2.0-students.zip"
        )
        shutil.copy(student.published / "cnn-course-0.2.0-students.zip", home)
        (home / archive.SUMS).rename(home / "away")
        assert "cannot be fetched" in unchanged(student) and "404" in unchanged(student)
        (home / "away").rename(home / archive.SUMS)
        assert "now version 0.2.0" in updated(student)
        assert not wrote(student)
    assert (student / "pyproject.mine.toml").exists()


@both
def test_changed_packages_are_told(student):
    (student / ".venv").mkdir()
    student.publish()
    done = command(student, "helpers.update", *student.source)
    assert "-m pipeline.environment --student" in done.stderr


@both
def test_changed_packages_are_told_to_who_uses_conda(student):
    assert "conda env update" in updated(student.publish())


# --- killed ------------------------------------------------------------------------------------------------------------


def copied(student, step=None, action=lambda student: update.main(student.source)):
    """Update, or do another action, in a copy of this process that ends without any tidying up at its `step`-th change.

    What is returned is its exit status: 9 for killed.

    A change is one to the names of files, or a command of git that changes something.
    """
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    try:
        done = 0

        def counted(action):
            def instead(*arguments, **options):
                nonlocal done
                done += 1
                if done == step:
                    os._exit(9)
                return action(*arguments, **options)

            return instead

        for place, name in ((os, "replace"), (os, "link"), (Path, "unlink")):
            setattr(place, name, counted(getattr(place, name)))
        os.fsync = lambda file: None  # which only a machine that loses its power could tell
        real = subprocess.run
        subprocess.run = lambda command, **options: (counted(real) if READS.isdisjoint(command) else real)(command, **options)
        folder.find = lambda: student.course
        os.chdir(student.root)
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            action(student)
    except BaseException as error:
        print(f"not killed, but failed: {error!r}", file=sys.__stderr__)
        os._exit(1)
    os._exit(0)


READS = {"rev-parse", "rev-list", "show", "diff", "ls-tree", "symbolic-ref"}  # git's commands that change nothing


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot copy a process")
@both
def test_killed_at_any_moment_an_update_loses_nothing_and_the_next_completes_it(student, tmp_path):
    copies.work_in(student / copies.OWN_LECTURE, notes="Notes in my own copy.")
    begin(student)
    (student / "helpers/extra.py").write_text("MINE = 1\n")
    student.publish()
    begun = tmp_path / "begun"
    shutil.copytree(student.root, begun)
    updated(student)
    expected = copies.state(student.root)
    own = (begun / copies.OWN_EXERCISE).read_bytes()
    for step in itertools.count(1):
        shutil.rmtree(student.root)
        shutil.copytree(begun, student.root)
        status = copied(student, step)
        assert status in (0, 9)
        assert not wrote(student) and "MINE = 1" in copies.everything(student.root), step
        assert (student / copies.OWN_EXERCISE).read_bytes() == own
        for path in student.course.work.glob("week*/*.ipynb"):
            assert notebook.parse(path.read_bytes()), f"{path} is half a notebook after step {step}"
        if status == 0:
            break
        assert copied(student) == 0
        assert copies.state(student.root) == expected, step
    assert step > 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot copy a process")
@by_git
def test_killed_at_any_moment_a_start_or_a_change_to_the_new_version_loses_nothing(student, tmp_path):
    begin(student)
    copies.work_in(student / copies.EXERCISE, {"vote": copies.answered("vote", "'in place'")})
    shutil.rmtree(student.course.work / "week01_knn")
    for step in itertools.count(1):
        status = copied(student, step, lambda student: start.main(["--no-lab"]))
        assert "return 'in place'" in copies.find(student / copies.EXERCISE, "vote").source
        for path in student.course.work.glob("week*/*.ipynb"):
            assert path.read_bytes() == student.course.notebooks()[path.relative_to(student.course.work).as_posix()].read_bytes()
        if status == 0:
            break
    assert len(list(student.course.work.glob("week01_knn/*.ipynb"))) == 4 and step > 2

    updated(student.publish())
    begun = tmp_path / "begun"
    shutil.copytree(student.root, begun)
    for step in itertools.count(1):
        shutil.rmtree(student.root)
        shutil.copytree(begun, student.root)
        status = copied(student, step, lambda student: update.main(["--take", "knn"]))
        assert "return 'in place'" in copies.everything(student.course.work)
        if status == 0:
            break
        assert copied(student, None, lambda student: update.main(["--take", "knn"])) in (0, 1)
        assert sorted(path.name for path in student.course.work.glob("week01_knn/knn*")) == ["knn.ipynb", "knn.old.ipynb"]
    assert step > 1


# --- the rows of the review: generating, pulling, cleaning ------------------------------------------------------------


def recipe(target):
    """The commands that make runs for a target, as they are written."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    lines = makefile[makefile.index(f"\n{target}:") + 1 :].splitlines()
    return [
        line.strip().lstrip("@")
        for line in lines[1 : 1 + next(i for i, line in enumerate(lines[1:]) if not line.startswith("\t"))]
    ]


@pytest.mark.needs("make")
@by_git
def test_make_lab_and_make_clean_leave_a_students_answers(student):
    """Review A1: first and second `make lab`, a pull that changes a line of pyproject.toml, `make clean`."""
    assert [line for line in recipe("lab") if "doit" in line or "pipeline.notebooks" in line] == []
    shutil.copy(ROOT / "Makefile", student.root)
    start = "from helpers import start\nstart.open_lab = lambda *rest: None\nstart.main([])\n"
    script = student / "without_a_browser.py"
    script.write_text(start)
    variables = {"PYTHON": "true"}  # the environment is there

    def make(*arguments):
        (student / ".venv/bin").mkdir(parents=True, exist_ok=True)
        program = student / ".venv/bin/python"
        program.write_text(f'#!/bin/sh\nPYTHONPATH=. exec "{sys.executable}" without_a_browser.py\n')
        program.chmod(0o755)
        options = [f"{name}={value}" for name, value in variables.items()]
        done = subprocess.run(["make", *arguments, *options], cwd=student.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    copies.work_in(student / copies.EXERCISE, {"vote": copies.answered("vote")})
    shutil.rmtree(student.course.work)
    make("lab")
    places = (student / copies.EXERCISE, student / copies.OWN_EXERCISE)
    contents = [path.read_bytes() for path in places]
    assert all("return a + 1" in copies.find(path, "vote").source for path in places)
    for arguments in (["lab"], ["clean"], ["lab"]):
        make(*arguments)
        assert [path.read_bytes() for path in places] == contents, arguments
    student.publish()
    shutil.rmtree(student / ".venv")
    updated(student)
    make("lab")
    assert places[1].read_bytes() == contents[1]
    assert "return a + 1" in copies.find(student / "work/week01_knn/knn.new.ipynb", "vote").source
