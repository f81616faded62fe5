"""Values that lectures record reach the tests through the executed notebook, and nobody else sees them."""

import json

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from helpers.record import KEY, record, recorded


@pytest.fixture
def published(monkeypatch):
    """What `record` publishes while the build runs a lecture, as outputs of a notebook."""
    outputs = []
    monkeypatch.setenv("COURSE_RECORD", "1")
    monkeypatch.setattr(
        "IPython.display.publish_display_data",
        lambda data, metadata: outputs.append(nbformat.v4.new_output("display_data", data, metadata=metadata)),
    )
    return outputs


def test_values_come_back_as_plain_data_through_a_file(published):
    record(k=np.int64(7), accuracy=np.float32(0.5), shape=(2, 3), table=np.eye(2), rows=[{"name": "none", "mean": 1.5}], on=True)
    text = nbformat.writes(new_notebook(cells=[new_code_cell("", outputs=published)]))
    assert recorded(nbformat.reads(text, as_version=4)) == {
        "k": 7,
        "accuracy": 0.5,
        "shape": [2, 3],
        "table": [[1.0, 0.0], [0.0, 1.0]],
        "rows": [{"name": "none", "mean": 1.5}],
        "on": True,
    }


def test_a_readers_kernel_shows_and_publishes_nothing(published, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_RECORD")
    assert record(k=1) is None
    assert published == [] and capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (float("nan"), ValueError, "wrong: nan cannot be recorded"),
        ([1.0, float("inf")], ValueError, "wrong: inf"),
        (object(), TypeError, "wrong: a object cannot be recorded"),
        ({1: 2}, TypeError, "wrong: the key 1 is not a string"),
        ({"a": {"b": {3}}}, TypeError, r"wrong\['a'\]\['b'\]: a set"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_name_even_where_nothing_is_published(value, error, message):
    with pytest.raises(error, match=message):
        record(wrong=value)


def test_a_name_is_recorded_once(published):
    record(k=1)
    record(k=2)
    with pytest.raises(ValueError, match="k is recorded twice"):
        recorded(new_notebook(cells=[new_code_cell("", outputs=published)]))


def test_the_build_records_and_the_book_shows_nothing_of_it(tmp_path):
    from pipeline.book import clean
    from pipeline.execute import execute

    notebook = new_notebook(cells=[new_code_cell("from helpers.record import record\nrecord(k=7)\n1 + 1")])
    execute(notebook, tmp_path)
    assert recorded(notebook) == {"k": 7}
    assert clean(notebook, "01_x.ipynb") == []
    assert KEY not in json.dumps(notebook)
    assert [output.output_type for output in notebook.cells[0].outputs] == ["execute_result"]
