"""Updating a copy of the course that came by git: a fast-forward, for which no file of a student's is in the way."""

import os
import shutil
import subprocess
from pathlib import Path

from helpers.course import notebook, tree
from helpers.course.folder import Course, CourseError

# What git keeps in its folder while something is going on.
GOING_ON = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}
UNCHANGED = "Nothing was changed."


def is_clone(course: Course) -> bool:
    """Whether a copy of the course came by git: it knows a repository that it came from.

    Somebody who keeps a downloaded copy under git has made that one.
    """
    return (course.root / ".git").exists() and (shutil.which("git") is None or bool(_git(course, "remote").strip()))


def update(course: Course) -> tree.Changes:
    """Bring the course's files to the newest commit of the branch that is followed.

    Parameters
    ----------
    course : Course

    Returns
    -------
    tree.Changes

    Raises
    ------
    CourseError
        If git says no, or something that only the owner of the folder can decide comes first. The course's files are then as
        before.
    """
    _check(course)
    _git(course, "fetch", "--quiet", otherwise="The newest version cannot be fetched.")
    ahead, behind = map(int, _git(course, "rev-list", "--left-right", "--count", "HEAD...@{upstream}").split())
    before = tree.version(_content(course, "HEAD", "pyproject.toml") or b"")
    if not behind:
        return tree.Changes(before, before)
    if ahead:
        raise CourseError(
            f"This copy has {ahead} commit(s) of its own, which the course does not have, so it cannot move on. {UNCHANGED}\n"
            "Put them on top of the course (`git pull --rebase`), then run this again."
        )
    incoming = _names(course, "diff", "--name-only", "--no-renames", "-z", "HEAD", "@{upstream}")
    changed = _names(course, "diff", "--name-only", "--no-renames", "-z", "HEAD")
    tracked = set(_names(course, "ls-tree", "-r", "--name-only", "-z", "HEAD"))
    in_the_way = [name for name in changed if name in incoming or tree.is_notebook(name)]
    in_the_way += [name for name in incoming if name not in tracked and name not in changed and _exists(course.root / name)]
    changes = tree.Changes(before, tree.version(_content(course, "@{upstream}", "pyproject.toml") or b""))
    for name in incoming:
        versions = ("HEAD", "@{upstream}") if tree.is_notebook(name) else ()
        changes.add(name, *[_content(course, commit, name) for commit in versions])
    for name in in_the_way:
        path = course.root / name
        base = _content(course, "HEAD", name)
        if path.is_file() and _is_students(path.read_bytes(), base, _content(course, "@{upstream}", name)):
            changes.kept[name] = tree.set_aside(course, name, base)
        if name in tracked:
            _git(course, "checkout", "--quiet", "HEAD", "--", name)
        else:
            _git(course, "rm", "--quiet", "--cached", "--ignore-unmatch", "--", name)
            path.unlink()
    _git(course, "merge", "--quiet", "--ff-only", "@{upstream}", otherwise="The course's files could not be replaced.")
    return changes


def _check(course: Course) -> None:
    """Stop where something has to be decided first."""
    if shutil.which("git") is None:
        raise CourseError("This copy of the course came by git, and the program `git` is not found. Install it (git-scm.com).")
    for name, what in GOING_ON.items():
        if _git_path(course, name).exists():
            raise CourseError(
                f"A {what} is in progress in this folder. {UNCHANGED}\nEnd it (`git status` says how), then run this again."
            )
    lock = _git_path(course, "index.lock")
    if lock.exists():
        raise CourseError(
            f"Another git command is at work in this folder, or one was killed. {UNCHANGED}\n"
            f"If none is, delete {lock}, then run this again."
        )
    if _git_bytes(course, "symbolic-ref", "--quiet", "HEAD") is None:
        raise CourseError(
            f"This folder is at a single commit, not on a branch. {UNCHANGED}\nRun `git switch main`, then this again."
        )
    if _git_bytes(course, "rev-parse", "@{upstream}") is None:
        raise CourseError(
            f"This branch follows no branch of the course's repository. {UNCHANGED}\nRun `git switch main`, then this again."
        )


def _is_students(data: bytes, *versions: bytes | None) -> bool:
    """Whether a file's content comes from the student: neither the course before nor the new one has it, nor the generator."""
    mine = notebook.parse(data)
    for one in versions:
        if one is not None and (_plain(data) == _plain(one) or notebook.same_cells(mine, notebook.parse(one))):
            return False
    return not notebook.is_as_generated(data)


def _plain(data: bytes) -> bytes:
    """A file's content as git keeps it, also where it gives text the line ends of Windows."""
    return data.replace(b"\r\n", b"\n")


def _exists(path: Path) -> bool:
    return os.path.lexists(path)


def _content(course: Course, commit: str, name: str) -> bytes | None:
    """A file's content in a commit, or None where it is not there."""
    return _git_bytes(course, "show", f"{commit}:{name}")


def _git_path(course: Course, name: str) -> Path:
    return course.root / _git(course, "rev-parse", "--git-path", name).strip()


def _names(course: Course, *arguments: str) -> list[str]:
    return [name for name in _git(course, *arguments).split("\0") if name]


def _git(course: Course, *arguments: str, otherwise: str = "git could not do what this needs.") -> str:
    """What a git command prints; where it fails, its words and `otherwise` are the error."""
    done = _run(course, *arguments)
    if done.returncode:
        raise CourseError(
            f"{done.stderr.decode(errors='replace').strip()}\n{otherwise} git says why above. Nothing of yours was lost."
        )
    return done.stdout.decode(errors="surrogateescape")


def _git_bytes(course: Course, *arguments: str) -> bytes | None:
    """What a git command prints, or None where it fails."""
    done = _run(course, *arguments)
    return None if done.returncode else done.stdout


def _run(course: Course, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    # A repository that is not there makes GitHub ask for a password, and nobody would see the question.
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(["git", *arguments], cwd=course.root, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
