"""A course of two notebooks in two versions, and a student's copy of it, for the tests of starting and updating."""

import json
import shutil
import subprocess

import nbformat

from helpers.course import archive
from pipeline import ROOT
from pipeline.notebooks import sealed, set_ids
from pipeline.release import pack

CODE = ("helpers/__init__.py", "helpers/start.py", "helpers/update.py", "pipeline/__init__.py", "pipeline/environment.py")
LECTURE, EXERCISE = "lectures/week01_knn/01_images.ipynb", "exercises/week01_knn/knn.ipynb"
OWN_LECTURE, OWN_EXERCISE = "work/week01_knn/01_images.ipynb", "work/week01_knn/knn.ipynb"


def text(source, **metadata):
    return nbformat.v4.new_markdown_cell(source, metadata=metadata)


def code(source, **metadata):
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def graded(name, *, solution, grade, points=1):
    known = {"grade_id": name, "solution": solution, "grade": grade, "locked": not solution, "schema_version": 3, "task": False}
    return {"nbgrader": known | ({"points": points} if grade else {})}


def answer(name, source):
    return code(source, **graded(name, solution=True, grade=False))


def checks(name, source):
    return code(source, **graded(name, solution=False, grade=True))


def by_hand(name, source="YOUR ANSWER HERE"):
    return text(source, **graded(name, solution=True, grade=True))


def function(name, docstring="What is asked for."):
    return f'def {name}(a):\n    """{docstring}\n\n    More.\n    """\n    raise NotImplementedError()\n\n\nprint("done")'


def setup(version):
    return code(f'version = "{version}"', tags=["course-setup"])


def lecture(version):
    cells = [setup(version), text("# Images"), text("An image is an array."), code("image = 1")]
    if version != "0.1.0":
        cells[2:3] = [text("An image is an array of numbers, as new."), text("A cell that is new.")]
    return cells


def exercise(version):
    """Version 0.2.0 corrects a docstring, another text, and a cell to be filled in; one question goes, and one comes."""
    new = version != "0.1.0"
    return [
        setup(version),
        text("# Exercise 1"),
        text("Compute the distance."),
        answer("distance", function("distance", "The distance, corrected." if new else "The distance.")),
        checks("distance_check", "assert distance(1)"),
        text("Now vote, please." if new else "Now vote."),
        answer("vote", function("vote")),
        checks("vote_check", "assert vote(1)"),
        *([] if new else [text("An old question."), answer("old", function("old")), checks("old_check", "assert old(1)")]),
        text("Choose k."),
        answer("k", "k = None  # a number\nraise NotImplementedError()" if new else "k = ...\nraise NotImplementedError()"),
        checks("k_check", "assert k"),
        *(
            [text("A new question."), answer("newest", function("newest")), checks("newest_check", "assert newest(1)")]
            if new
            else []
        ),
        text("Why?"),
        by_hand("why"),
        text("That is all."),
    ]


def generated(path, cells):
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    set_ids(notebook, path)
    return sealed(notebook)


def write_course(folder, version):
    """Write a version of the course; files that only the version before had go."""
    for room in ("lectures", "exercises"):
        shutil.rmtree(folder / room, ignore_errors=True)
    for name in CODE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(
        ROOT / "helpers" / "course", folder / "helpers" / "course", dirs_exist_ok=True, ignore=shutil.ignore_patterns("__*__")
    )
    notebooks = {LECTURE: lecture(version), EXERCISE: exercise(version)}
    notebooks["lectures/week01_knn/03_plain.ipynb"] = [setup(version), text("# Plain")]
    new = version != "0.1.0"
    notebooks["lectures/week02_new/01_new.ipynb" if new else "lectures/week01_knn/02_gone.ipynb"] = [
        setup(version),
        text("# Another"),
    ]
    for name, cells in notebooks.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(generated(name, cells), encoding="utf-8", newline="\n")
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "cnn-course"\nversion = "{version}"\ndependencies = ["tqdm>=4.6{int(new)}"]\n'
        '[project.urls]\nRepository = "https://github.com/ada/course"\n'
    )
    (folder / "constraints.txt").write_text(f"tqdm==4.68{'.1' * new}\n")
    (folder / "helpers" / "extra.py").write_text(f"VERSION = {version!r}\n")
    shutil.copy(ROOT / ".gitignore", folder)
    shutil.copy(ROOT / ".gitattributes", folder)


def git(folder, *arguments):
    settings = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder, version):
    write_course(folder, version)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", f"Version {version}")


def packed(folder, version):
    """An archive of a version, as a release has it."""
    students = folder / version / "students"
    write_course(students, version)
    (students / archive.MANIFEST).write_text(archive.manifest_of(students, "cnn-course", version))
    path = folder / f"cnn-course-{version}-students.zip"
    checksum = pack(students, path)
    (folder / archive.SUMS).write_text(f"{checksum}  {path.name}\n")
    return path


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def find(path, name):
    """The cell of a notebook with a grade_id."""
    (cell,) = [cell for cell in cells_of(path) if cell.metadata.get("nbgrader", {}).get("grade_id") == name]
    return cell


def work_in(path, answers=None, added=(), notes=""):
    """What a student does in JupyterLab: answers, own cells, outputs; and what Jupyter itself notes when it saves."""
    notebook = nbformat.read(path, as_version=4)
    placed = []
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in (answers or {}):
            cell.source = answers[name]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", name="stdout", text="42\n")], 1
        placed.append(cell)
        placed += [own for after, own in added if after == name]
    if notes:
        placed.append(text(notes))
    notebook.cells = placed
    notebook.metadata["language_info"] = {"name": "python", "version": "3.13.0"}
    nbformat.write(notebook, path)


def everything(folder):
    """All texts of a folder as one, to look for what a student wrote."""
    return "\n".join(
        path.read_text(encoding="utf-8", errors="replace")
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    )


def state(folder):
    """Every file of a folder but those of git and of the lock, with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {".git", "lock", "__pycache__"} & set(path.relative_to(folder).parts)
    }


def answered(name, value="a + 1"):
    """An answer to a question of `function`."""
    return function(name, "The distance." if name == "distance" else "What is asked for.").replace(
        "raise NotImplementedError()", f"return {value}"
    )


def as_json(path):
    return json.loads(path.read_text(encoding="utf-8"))
