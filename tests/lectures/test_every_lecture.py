"""What every lecture of every week must keep, whatever it teaches."""

import re

import pytest

from pipeline import ROOT

SOURCES = sorted(ROOT.glob("lectures/week*/*.py"))
NAMES = [f"{source.parent.name}/{source.stem}" for source in SOURCES]


def outputs(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield cell, output


@pytest.mark.parametrize("name", NAMES)
def test_it_ran_to_the_end_without_an_error_or_a_warning(executed, name):
    notebook = executed(name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    for cell, output in outputs(notebook):
        assert output.output_type != "error", f"{cell.source}\n{output}"
        if output.get("name") == "stderr":
            assert "EMBEDDED SAMPLE" in output.text, f"a reader would see this on a red ground:\n{output.text}"


@pytest.mark.parametrize("name", NAMES)
def test_its_source_has_not_changed_since(executed, name):
    from pipeline.notebooks import lecture_notebook

    source = lecture_notebook(ROOT / "lectures" / f"{name}.py")
    assert [cell.source for cell in executed(name).cells] == [cell.source for cell in source.cells], f"run `doit execute:{name}`"


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_described_for_those_who_do_not_see_it(executed, name):
    figures = [output for _, output in outputs(executed(name)) if "image/png" in output.get("data", {})]
    assert figures, "a lecture of this course shows something"
    alts = [figure.metadata.get("image/png", {}).get("alt", "") for figure in figures]
    for alt in alts:
        assert len(alt.split()) >= 5 and len(alt) > 40, f"alt text {alt!r}: show figures with helpers.plots"
        assert alts.count(alt) == 1, f"two figures are described alike: {alt!r}"


@pytest.mark.parametrize("name", NAMES)
def test_it_records_values_and_a_test_file_of_its_own_reads_them(values, name):
    assert values(name), "end the lecture with a cell that records its numbers (see helpers.record)"
    week, title = name.split("/")
    tests = ROOT / "tests" / "lectures" / week.split("_")[0] / f"test_{title}.py"
    assert f'"{name}"' in tests.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_no_object_stands_in_the_page(executed, name):
    for cell, output in outputs(executed(name)):
        text = output.get("data", {}).get("text/plain", "")
        assert not re.search(r"<[\w.]+ (object )?at 0x[0-9a-f]+", text), (
            f"the last line of this cell shows an object:\n{cell.source}"
        )


@pytest.mark.parametrize("name", NAMES)
def test_one_figure_a_cell(executed, name):
    for cell in executed(name).cells:
        figures = [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
        assert len(figures) <= 1, cell.source


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_into_the_memory_of_a_small_laptop(executed, name):
    peak = executed(name).metadata.course.peak_memory_mb
    assert peak is None or peak <= 4096


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_it_has_the_parts_that_readers_rely_on(source):
    text = source.read_text(encoding="utf-8")
    opening = text[: text.index("# %%\n")]
    for part in ("you can", "You need", "Time", "Cost"):
        assert part in opening, f"the opening does not say: {part}"
    assert "**Predict, then run.**" in text
    assert text.count("<details>") == text.count("</details>") >= 3, "a self-test has 3 to 5 questions with folded answers"
    for heading in ("## Take-aways", "## References"):
        assert heading in text
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)
    assert "keras.datasets" not in text, "data come from helpers.data, which also works offline"


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_its_cells_are_short(source):
    from pipeline.notebooks import read_source

    for cell in read_source(source).cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 30, f"one idea a cell; this one has more than 30 lines:\n{cell.source}"
