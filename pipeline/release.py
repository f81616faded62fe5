"""Write ``build/release``: what a public student repository holds, and the book's site. No answer is in either.

Both are there as folders and, for a release that people download, as archives with their checksums in ``SHA256SUMS``.

Run ``python -m pipeline.release``. Anybody may write a release to try it; one that is to be published
(``python -m pipeline.release --publish``) must name the address that it is published at.
"""

import argparse
import hashlib
import html
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import nbformat

from helpers.course.archive import MANIFEST, manifest_of
from pipeline import BUILD, ROOT, questions
from pipeline.book import facts, fill
from pipeline.files import write_text

RELEASE = BUILD / "release"
SITE = BUILD / "book" / "_build" / "html"
PLACEHOLDER = "cnn-course/cnn-course"  # owner and name in the address, until a course has one of its own

# What students need of the repository. Solutions, tests with wrong answers, grading and the build stay with the instructor.
STUDENT_FILES = (
    "lectures",
    "exercises",
    "helpers",
    "pipeline/__init__.py",
    "pipeline/environment.py",
    "pyproject.toml",
    "constraints.txt",
    "environment.yml",
    "LICENSE",
    "LICENSE-TEXT",
    "CITATION.cff",
    ".gitignore",
    ".gitattributes",
)


def committed_files():
    """The files of the repository that students get, relative to its root, as git knows them.

    Returns
    -------
    list of str
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *STUDENT_FILES],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted(name for name in listed.split("\0") if name)


def refuse_unpublishable(address):
    """Stop if a release could not be published: every notebook in it installs the helpers from the course's address.

    Parameters
    ----------
    address : str
        Of the course, from pyproject.toml.

    Raises
    ------
    SystemExit
        If the address is the placeholder, or in a workflow not that of the repository that the workflow runs in.
    """
    named, here = address.lower().removeprefix("https://github.com/"), os.environ.get("GITHUB_REPOSITORY", "")
    if named == PLACEHOLDER:
        why = f"still names the placeholder {address}, and whoever owns that name would decide what students install"
    elif here and named != here.lower():
        why = f"names {address}, and this is the repository {here}"
    else:
        return
    sys.exit(
        f"This release may not be published: [project.urls] Repository in pyproject.toml {why}.\n"
        "Write the address of your own repository there, run `doit notebooks`, commit, and release again. "
        "(`make release` writes one for you to look at all the same.)"
    )


def answers():
    """What must not reach a student: pieces of every solution and hidden test.

    Returns
    -------
    set of str
        Two neighbouring lines of a solution or hidden test each (one, of a block that has no more), without indentation and
        joined by a space. Pieces that a lecture, a helper or the task itself says too are no secret and left out.
    """
    said = " ".join(
        _words(path.read_text(encoding="utf-8"))
        for folder in ("lectures", "helpers")
        for path in sorted((ROOT / folder).rglob("*.py"))
    )
    pieces = set()
    for source in sorted(ROOT.glob("solutions/week*/*.py")):
        text = HINTS.sub("", source.read_text(encoding="utf-8"))  # what a hint gives away is no less a secret
        task = re.sub(ANSWER, "", text)
        said += " " + _words(task) + " " + _words(re.sub("^#", "", task, flags=re.MULTILINE))  # and as its text cells say it
        for block in re.findall(ANSWER, text):
            lines = [line.strip() for line in block.splitlines()[1:-1] if line.strip()]
            if all(line.startswith("#") for line in lines):  # a text cell, whose lines are comments of the source
                lines = [line.removeprefix("#") for line in lines if line != "#"]
            lines = [_words(line) for line in lines]
            pieces |= {" ".join(pair) for pair in itertools.pairwise(lines)} or set(lines)
    return {piece for piece in pieces if piece not in said}


def leaks(folder):
    """Where an answer can be read in a folder of notebooks, pages and other text.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    list of str
        "file: the piece of a solution or hidden test that it holds"; empty where nothing leaks.
    """
    secrets = answers()
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in TEXT_OF:
            text = _words(TEXT_OF[path.suffix](path.read_text(encoding="utf-8", errors="replace")))
            found += [f"{path.relative_to(folder)}: {piece}" for piece in sorted(secrets) if piece in text]
    return found


def pack(folder, archive):
    """Pack a folder into a zip file that has the same bytes whenever and wherever the same files are packed.

    Parameters
    ----------
    folder : pathlib.Path
        Its name becomes the one folder at the top of the archive.
    archive : pathlib.Path
        The file to write.

    Returns
    -------
    str
        The archive's SHA-256, in hexadecimal digits.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            if path.is_file():
                name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))  # the earliest that the format knows
                entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
                file.writestr(entry, path.read_bytes())
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def _words(text):
    return " ".join(text.split())


def _notebook_text(text):
    return "\n".join(cell.source + json.dumps(cell.get("outputs", "")) for cell in nbformat.reads(text, as_version=4).cells)


def _page_text(text):
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def _json_text(text):
    """The strings of a JSON file, in which the ends of lines are spelt out; what is not JSON as it is."""
    try:
        waiting, found = [json.loads(text)], []
    except ValueError:
        return text
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            waiting += [*value, *value.values()] if isinstance(value, dict) else value
        else:
            found.append(str(value))
    return "\n".join(found)


def _same(text):
    return text


HINTS = re.compile(rf'^# %% \[markdown\] tags=\["{questions.HINTS}"\]\n(?:#.*\n)+', flags=re.MULTILINE)
ANSWER = re.compile(r"### BEGIN (?:SOLUTION|HIDDEN TESTS).*?### END (?:SOLUTION|HIDDEN TESTS)", flags=re.DOTALL)
TEXT_OF = {
    ".ipynb": _notebook_text,
    ".html": _page_text,
    ".json": _json_text,
    **dict.fromkeys((".py", ".md", ".txt", ".js"), _same),
}


def write_students(folder):
    """Write what students download, without the book's site.

    Parameters
    ----------
    folder : pathlib.Path
        Not there yet.
    """
    for name in committed_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    write_text(folder / "README.md", fill((ROOT / "book" / "guides" / "student.md").read_text(encoding="utf-8")))
    # Last: it lists all other files.
    write_text(folder / MANIFEST, manifest_of(folder, facts()["name"], facts()["version"]))


def main(arguments=None):
    """Write the student tree and the site, and refuse if an answer is in them."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.release", description=__doc__.splitlines()[0])
    parser.add_argument("--publish", action="store_true", help="refuse an address that the release cannot be published at")
    if parser.parse_args(arguments).publish:
        refuse_unpublishable(facts()["repository"])
    shutil.rmtree(RELEASE, ignore_errors=True)
    students = RELEASE / "students"
    write_students(students)
    shutil.copytree(SITE, RELEASE / "site", ignore=shutil.ignore_patterns(".doctrees", ".buildinfo"))
    found = leaks(RELEASE)
    if found:
        shutil.rmtree(RELEASE)
        sys.exit("answers leak into the release, so it was not written:\n  " + "\n  ".join(found[:20]))
    name, version = facts()["name"], facts()["version"]
    archives = {RELEASE / f"{name}-{version}-{folder.name}.zip": folder for folder in (students, RELEASE / "site")}
    sums = "".join(f"{pack(folder, archive)}  {archive.name}\n" for archive, folder in archives.items())
    write_text(RELEASE / "SHA256SUMS", sums)
    print(f"students: {students}\nsite:     {RELEASE / 'site'}\narchives: {', '.join(path.name for path in archives)}")


if __name__ == "__main__":
    main()
