"""Pictures that belong to an answer, pasted or handed in beside the notebook, are seen by the person who grades."""

import base64

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell

from grading.cli import main
from grading.model import MIB
from grading.submissions import files
from grading.submissions.take_in import take_in
from tests.grading.test_sanitise import PNG

BYTES = base64.b64decode(PNG)


def grade(small, answer="Why?", **more):
    """Hand in an answer in words with files beside it, grade it, and write feedback; the cells, and the page."""
    notebook = small.solved("double", "triple", why=answer)
    for cell in more.pop("cells", ()):
        notebook.cells.append(cell)
    for cell in notebook.cells:
        if cell.source == answer and "attachments" in more:
            cell.attachments = more["attachments"]
    small.hand_in("ada", nbformat.writes(notebook))
    command = ["ps1", "--course-dir", str(small.root)]
    assert main(["run", *command, "--trust-students", "--no-reference", "--quiet"]) == 0
    assert main(["feedback", *command]) == 0
    folder = small.root / "autograded" / "ada" / "ps1"
    return nbformat.read(folder / "ps1.ipynb", as_version=4), (small.root / "feedback" / "ada" / "ps1" / "ps1.html").read_text()


def html(notebook):
    """What formgrader makes of the notebook."""
    from nbconvert.exporters import HTMLExporter

    return HTMLExporter(template_name="classic").from_notebook_node(notebook)[0]


def test_a_picture_beside_the_notebook_is_copied_and_shown(small):
    for name in ("plot.png", "my photo (1).png", "sub/deep.png"):
        small.hand_in("ada", BYTES, name=name)
    small.hand_in("ada", b"a,b\n1,2\n", name="data.csv")
    notebook, page = grade(small, "See ![a](plot.png) and ![b](my%20photo%20%281%29.png).")
    folder = small.root / "autograded" / "ada" / "ps1"
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        "ps1.ipynb",
        "plot.png",
        "my photo (1).png",
        "sub/deep.png",
        "data.csv",
    }
    shown = html(notebook)
    assert 'src="plot.png"' in shown and "my%20photo" in shown
    assert notebook.cells[-1].source == "**Handed in beside the notebook:**\n\n![sub/deep.png](sub/deep.png)"
    assert page.count(f"data:image/png;base64,{PNG}") == 3 and "not shown" not in page and "not included" not in page


@pytest.mark.parametrize("address", ["gone.png", "attachment:gone.png", "attachment:my%20plot.png"])
def test_a_picture_that_is_not_there_is_said_to_be_missing(small, address):
    notebook, page = grade(small, f"See ![a plot]({address})!")
    for shown in (html(notebook), page):
        assert "[picture not included in what was handed in: a plot]" in shown


def test_text_that_was_copied_keeps_its_picture(small):
    pasted = new_markdown_cell("first ![x](attachment:a%20b.png)", attachments={"a b.png": {"image/png": PNG}})
    notebook, page = grade(small, "Copied: ![x](attachment:a%20b.png)", cells=[pasted])
    assert html(notebook).count(PNG) == page.count(PNG) == 2


def test_two_pictures_of_one_name_are_not_mixed_up(small):
    other = base64.b64encode(BYTES + b"more").decode()
    cells = [
        new_markdown_cell("![x](attachment:image.png)", attachments={"image.png": {"image/png": data}}) for data in (PNG, other)
    ]
    notebook, page = grade(small, "Copied: ![y](attachment:image.png)", cells=cells)
    assert page.count(f"base64,{PNG}") == page.count(f"base64,{other}") == 1
    assert "[picture not included in what was handed in: y]" in page and "[picture not included" in html(notebook)


def test_what_is_no_picture_or_too_large_stays_where_it_is(small, monkeypatch):
    monkeypatch.setattr(files, "PICTURE_LIMIT", 1 * MIB)
    small.hand_in("ada", b"<svg onload='alert(1)'/>", name="evil.png")
    small.hand_in("ada", b"<script>alert(1)</script>", name="page.html")
    small.hand_in("ada", b"<svg/>", name="drawing.svg")
    small.hand_in("ada", BYTES + bytes(2 * MIB), name="photo.png")
    small.hand_in("ada", BYTES, name="odd <name>?.png")
    small.hand_in("ada", small.solved())
    intake = take_in(small.assignment, "ada")
    assert set(intake.shown) == {"odd _name__.png"}
    told = " ".join(intake.repairs)
    assert "evil.png is only where it was handed in: it is not the picture" in told
    assert "photo.png is only where it was handed in: 2.0 MiB are more" in told and "1 MiB of a picture" in told


def test_given_files_are_the_instructors(small):
    (small.root / "source" / "ps1" / "given.png").write_bytes(BYTES)
    small.hand_in("ada", BYTES + b"changed", name="given.png")
    notebook, page = grade(small, "![x](given.png)")
    assert (small.root / "autograded" / "ada" / "ps1" / "given.png").read_bytes() == BYTES
    assert page.count(PNG) == 1 and "not included" not in html(notebook)
