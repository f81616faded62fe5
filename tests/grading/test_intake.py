"""Every way in which a submission arrives broken: it is rebuilt, or the reason is said."""

import copy
import json
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from grading.model import Limits
from grading.nbgrader.cells import grade_id, role
from grading.submissions.files import fingerprint
from grading.submissions.take_in import take_in


def text(notebook):
    return nbformat.writes(notebook)


def answers(intake):
    return {grade_id(cell): cell.source for cell in intake.notebook.cells if role(cell) in ("solution", "manual")}


def good(intake):
    """All of the three answers arrived, and everything of the instructor's is the instructor's."""
    assert intake.problem is None
    found = answers(intake)
    assert "2 * x" in found["double"] and "x + x + x" in found["triple"] and "Because" in found["why"]
    assert [grade_id(cell) for cell in intake.notebook.cells if grade_id(cell)] == [
        "setup",
        "double",
        "double_test",
        "triple",
        "triple_test",
        "why",
    ]
    cells = {grade_id(cell): cell for cell in intake.notebook.cells}
    assert cells["double_test"].source == "assert double(2) == 4, 'two times two is four'"
    assert cells["double_test"].metadata.nbgrader.points == 2
    nbformat.validate(intake.notebook)
    return intake


def told(intake, words):
    assert any(words in repair for repair in intake.repairs), (words, intake.repairs)


def changed(small, change):
    content = json.loads(text(small.solved()))
    change(content)
    return content


def test_an_honest_submission_needs_no_repair(small):
    path = small.hand_in("ada", text(small.solved()))
    before = path.read_bytes()
    assert good(take_in(small.assignment, "ada")).repairs == []
    assert path.read_bytes() == before


def test_nothing_is_reported_of_an_untouched_release(small):
    small.hand_in("dan", text(small.assignment.released_notebook("ps1")))
    intake = take_in(small.assignment, "dan")
    assert intake.problem is None and intake.repairs == []
    assert "NotImplementedError" in answers(intake)["double"]


@pytest.mark.parametrize(
    ("encode", "words"),
    [
        (lambda s: s.encode("utf-8-sig"), "byte order mark"),
        (lambda s: s.encode("utf-16"), "UTF-16"),
        (lambda s: s.encode("utf-16-le"), "UTF-16"),
        (lambda s: s.encode("utf-32"), "UTF-32"),
        (lambda s: s.replace("Because", "Because \N{EM DASH} é").encode("cp1252"), "Windows-1252"),
        (lambda s: (s + "\n<<<<<<< HEAD\n").encode(), "after the end"),
    ],
)
def test_encodings(small, encode, words):
    small.hand_in("ada", encode(text(small.solved())))
    told(good(take_in(small.assignment, "ada")), words)


def test_lone_surrogates(small):
    small.hand_in("ada", text(small.solved()).replace("Because", "\\ud800 Because"))
    told(good(take_in(small.assignment, "ada")), "lone surrogates")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"\0\0\0\0", "empty"),
        (b"hello", "not JSON"),
        (b"<!DOCTYPE html><p>x", "HTML"),
        (b"[]", "a list"),
        (b"null", "single value"),
        (b"{}", "no cells"),
        (b'{"cells": 3}', "no cells"),
        (b'{"cells": [{', "no whole cell"),
        (b"[" * 100_000, "JSON"),
        (b"\x80\x04\x95", "not JSON"),
    ],
)
def test_what_is_no_notebook(small, content, words):
    small.hand_in("ada", content)
    assert words in take_in(small.assignment, "ada").problem


def test_truncated_in_any_place(small):
    whole = text(small.solved()).encode()
    for end in range(len(whole) - 1, 0, -97):
        small.hand_in("ada", whole[:end])
        intake = take_in(small.assignment, "ada")
        nbformat.validate(intake.notebook)
        if intake.problem is None:
            told(intake, "could be saved")
            assert len(intake.notebook.cells) == 8
    small.hand_in("ada", whole[: whole.index(b"triple_test")])
    assert "2 * x" in answers(take_in(small.assignment, "ada"))["double"]


def test_a_merge_conflict_costs_one_cell(small):
    small.hand_in("ada", text(small.solved()).replace('"grade_id": "triple"', '<<<<<<< HEAD\n"grade_id": "triple"'))
    intake = take_in(small.assignment, "ada")
    assert "2 * x" in answers(intake)["double"] and "Because" in answers(intake)["why"]


def test_old_format(small):
    cells = [
        {
            "cell_type": cell.cell_type,
            "metadata": cell.metadata,
            "language": "python",
            "input" if cell.cell_type == "code" else "source": [line + "\n" for line in cell.source.split("\n")],
        }
        for cell in small.solved().cells
    ]
    small.hand_in("ada", {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]})
    told(good(take_in(small.assignment, "ada")), "format 3")


def lose_metadata(content):
    for cell in content["cells"]:
        cell["metadata"] = {}


def lose_ids(content):
    for cell in content["cells"]:
        cell.pop("id")


def lose_both(content):
    lose_metadata(content)
    lose_ids(content)


def rename(content):
    for cell in content["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["grade_id"] += "_mine"


def colab(content):
    lose_ids(content)
    for number, cell in enumerate(content["cells"]):
        cell["metadata"] |= {"id": f"xYz{number}", "colab": {"base_uri": "x"}}
    content |= {"nbformat_minor": 0, "metadata": {"colab": {"provenance": []}}}


def old_schema(content):
    for cell in content["cells"]:
        cell["metadata"].get("nbgrader", {}).update(schema_version=1, foo=3)
        cell["metadata"].get("nbgrader", {}).pop("task", None)


@pytest.mark.parametrize("change", [lose_metadata, lose_ids, lose_both, rename, colab, old_schema])
def test_lost_or_foreign_metadata(small, change):
    small.hand_in("ada", changed(small, change))
    good(take_in(small.assignment, "ada"))


def retype(content):
    for cell in content["cells"]:
        cell["cell_type"] = "markdown" if cell["cell_type"] == "code" else "raw"


def flags(content):
    for cell in content["cells"]:
        cell["metadata"].get("nbgrader", {}).update(grade=False, locked=False)


def points(content):
    content["cells"][3]["metadata"]["nbgrader"]["points"] = 400


def strange_points(content):
    content["cells"][3]["metadata"]["nbgrader"]["points"] = {"a": [1]}


def edit(content):
    content["cells"][3]["source"] = "assert True"


def delete(content):
    del content["cells"][3]


def empty_metadata(content):
    content["cells"][3]["metadata"] = None
    content["cells"][2]["source"] = ["def double(x):\n", 7, "    return 2 * x"]
    content["cells"].append("cell")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (retype, "turned into"),
        (flags, "marks of the cell"),
        (points, "points were edited (400 for 2)"),
        (strange_points, "points were edited"),
        (edit, "double_test: the test was edited"),
        (delete, "Put back"),
        (empty_metadata, "held no text"),
    ],
)
def test_tampering_is_undone_and_told(small, change, words):
    small.hand_in("ada", changed(small, change))
    told(good(take_in(small.assignment, "ada")), words)


def test_no_wolf_is_cried_over_layout(small):
    def layout(content):
        content["cells"][3]["source"] = '# a note\nassert double( 2 )==4, "two times two is four"\n\n'

    small.hand_in("ada", changed(small, layout))
    assert good(take_in(small.assignment, "ada")).repairs == []


def test_a_copy_with_the_hidden_tests_is_told(small):
    def leaked(content):
        content["cells"][3]["source"] = small.source().cells[3].source

    small.hand_in("ada", changed(small, leaked))
    told(take_in(small.assignment, "ada"), "holds the hidden tests")


def test_copies_of_an_answer(small):
    notebook = small.solved()
    stub = small.assignment.released_notebook("ps1").cells[2]
    # an empty copy before it, and an empty copy behind
    notebook.cells.insert(2, nbformat.from_dict(copy.deepcopy(stub) | {"id": "copy-1"}))
    notebook.cells.append(nbformat.from_dict(copy.deepcopy(stub) | {"id": "copy-2"}))
    small.hand_in("ada", text(notebook))
    intake = good(take_in(small.assignment, "ada"))
    told(intake, "3 copies")
    assert sum("NotImplementedError" in cell.source for cell in intake.notebook.cells) == 0


def test_own_cells_keep_their_place(small):
    notebook = small.solved()
    notebook.cells.insert(2, new_code_cell("factor = 2"))
    notebook.cells.insert(5, new_markdown_cell("my thoughts"))
    notebook.cells.append(new_code_cell("the end"))
    small.hand_in("ada", text(notebook))
    intake = good(take_in(small.assignment, "ada"))
    assert [cell.source for cell in intake.notebook.cells] == [cell.source for cell in notebook.cells]
    assert intake.repairs == []


def test_a_free_cell_that_was_deleted_stays_deleted(small):
    notebook = small.solved()
    del notebook.cells[7]
    small.hand_in("ada", text(notebook))
    intake = good(take_in(small.assignment, "ada"))
    assert len(intake.notebook.cells) == 7 and intake.repairs == []


def test_moved_cells_stand_in_order_again(small):
    notebook = small.solved()
    notebook.cells.insert(1, notebook.cells.pop(5))
    small.hand_in("ada", text(notebook))
    told(good(take_in(small.assignment, "ada")), "moved")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("PS1.ipynb", "handed in as PS1.ipynb"),
        ("ps1 (1).ipynb", "handed in as"),
        ("Copy of ps1.ipynb", "handed in as"),
        ("deep/er/ps1.ipynb", "handed in as deep/er/ps1.ipynb"),
        ("homework.IPYNB", "handed in as"),
    ],
)
def test_wrong_names(small, name, words):
    small.hand_in("ada", text(small.solved()), name=name)
    told(good(take_in(small.assignment, "ada")), words)


def test_of_several_notebooks_the_one_with_answers(small):
    small.hand_in("ada", text(small.assignment.released_notebook("ps1")))
    small.hand_in("ada", text(small.solved()), name="ps1 (1).ipynb")
    small.hand_in("ada", b"rubbish", name="ps1-Copy1.ipynb")
    told(good(take_in(small.assignment, "ada")), "ps1 (1).ipynb was graded")
    small.hand_in("ben", b"rubbish")
    small.hand_in("ben", text(small.solved()), name="ps1 (1).ipynb")
    told(good(take_in(small.assignment, "ben")), "not usable")


def test_no_notebook(small):
    small.hand_in("ada", b"word", name="ps1.docx")
    assert "only ps1.docx" in take_in(small.assignment, "ada").problem
    (small.root / "submitted" / "ben" / "ps1").mkdir(parents=True)
    assert "empty" in take_in(small.assignment, "ben").problem
    assert "Nothing was handed in" in take_in(small.assignment, "nobody").problem


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX systems")
def test_links_pipes_and_code_are_refused(small):
    path = small.hand_in("ada", text(small.solved()))
    folder = path.parent
    (folder / "secret.txt").symlink_to(small.root / "source" / "ps1" / "ps1.ipynb")
    (folder / "up").symlink_to(small.root)
    os.mkfifo(folder / "pipe")
    for name in ("numpy.py", "x.so", "y.pth", "deep.PYC"):
        (folder / name).write_bytes(b"x")
    (folder / "data.csv").write_text("1,2")
    (folder / "huge.bin").write_bytes(b"x" * 2000)
    intake = good(take_in(small.assignment, "ada", limits=Limits(file=1000)))
    assert set(intake.files) == {"data.csv"}
    for words in (
        "secret.txt is a symbolic link",
        "up is a symbolic link",
        "pipe is not a regular file",
        "numpy.py was left out",
        "x.so was left out",
        "y.pth was left out",
        "deep.PYC was left out",
        "huge.bin was left out",
    ):
        told(intake, words)


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX systems")
def test_hard_links_are_refused(small):
    path = small.hand_in("ada", text(small.solved()))
    secret = small.root / "source" / "ps1" / "ps1.ipynb"
    os.link(secret, path.parent / "mine.txt")
    intake = good(take_in(small.assignment, "ada"))
    told(intake, "mine.txt is a hard link")
    assert intake.files == {}
    path.unlink()
    os.link(secret, path)
    intake = take_in(small.assignment, "ada")
    assert intake.problem is not None and "hard link" in " ".join([intake.problem, *intake.repairs])


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX systems")
@pytest.mark.parametrize("which", ["notebook", "folder", "student"])
def test_links_in_place_of_the_submission(small, which):
    secret = small.root / "source"
    place = small.root / "submitted" / "eve"
    if which == "student":
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(secret)
    else:
        (place / "ps1").mkdir(parents=True)
        if which == "folder":
            (place / "ps1").rmdir()
            (place / "ps1").symlink_to(secret / "ps1")
        else:
            (place / "ps1" / "ps1.ipynb").symlink_to(secret / "ps1" / "ps1.ipynb")
    intake = take_in(small.assignment, "eve")
    assert intake.problem and "return 2 * x" not in text(intake.notebook)
    assert fingerprint(small.assignment, "eve")


def test_given_files_are_the_instructors(small):
    (small.root / "release" / "ps1").mkdir(parents=True)
    (small.root / "release" / "ps1" / "data.csv").write_text("right")
    small.release(small.assignment.released_notebook("ps1"))
    path = small.hand_in("ada", text(small.solved()))
    (path.parent / "data.csv").write_text("forged")
    intake = good(take_in(small.assignment, "ada"))
    assert intake.files["data.csv"].read_text() == "right"


def test_large_numbers_of_cells_take_no_time(small):
    notebook = small.solved()
    notebook.cells += [new_code_cell(f"x = {i}") for i in range(3000)]
    for cell in notebook.cells:
        cell.metadata = {}
    small.hand_in("ada", text(notebook))
    assert take_in(small.assignment, "ada").problem is None


def test_fingerprint_knows_every_change(small):
    path = small.hand_in("ada", text(small.solved()))
    first = fingerprint(small.assignment, "ada")
    assert first == fingerprint(small.assignment, "ada")
    (path.parent / "data.csv").write_text("1")
    second = fingerprint(small.assignment, "ada")
    (path.parent / "data.csv").write_text("2")
    assert len({first, second, fingerprint(small.assignment, "ada")}) == 3


def test_text_of_a_students_cannot_act_and_the_release_stays_as_it_is(small):
    script = "<script>alert(1)</script>"
    source = small.source()
    source.cells[0].source = "Given, with <b onclick='x()'>HTML</b> of the instructor's."
    nbformat.write(source, small.root / "source" / "ps1" / "ps1.ipynb")
    notebook = small.solved(why=script)
    notebook.cells.insert(1, new_markdown_cell(script, metadata={"nbgrader": {"grade_id": script}, "tags": [script]}, id="x"))
    notebook.cells.insert(2, new_raw_cell(script))
    notebook.cells.insert(3, new_markdown_cell("![a](attachment:a.png)", attachments={"a.png": {"text/html": script}}))
    path = small.hand_in("ada", json.dumps(notebook))
    before = path.read_bytes()
    intake = take_in(small.assignment, "ada")
    written = nbformat.writes(intake.notebook)
    assert script not in written and "&lt;script&gt;" in written and "[picture not included in what was handed in: a]" in written
    assert intake.notebook.cells[0].source == source.cells[0].source
    assert [cell.cell_type for cell in intake.notebook.cells].count("raw") == 0
    assert any(note.startswith("why: HTML that could act") for note in intake.repairs)
    assert any(note.startswith("In text of the student's own, HTML that could act") for note in intake.repairs)
    assert path.read_bytes() == before


def test_a_module_of_the_students_own_counts_where_the_course_allows_it(small):
    small.hand_in("ada")
    small.hand_in("ada", b"twice = 2", name="model.py")
    intake = take_in(small.assignment, "ada")
    assert "model.py" not in intake.files and intake.refused == ["model.py"]
    (small.root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.Autograde.exclude_overwriting = {'ps1': ['model.py']}  # as the guide says\n"
    )
    intake = take_in(small.assignment, "ada")
    assert "model.py" in intake.files and intake.refused == [] and intake.repairs == []
