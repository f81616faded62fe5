"""The scoreboard's figure: every method of the study has a line, and rows that come later find their place."""

import numpy as np
import pytest

from helpers import plots
from helpers.experiments import board
from helpers.experiments.studies import scoreboard

ROWS = [
    {"method": "pixels", "accuracy": 0.351, "images": 10_000, "k": 3},
    {"method": "residual network itself", "accuracy": 0.91, "images": 10_000, "k": 0},
    {"method": "LeNet-5", "accuracy": 0.6, "images": 10_000, "k": 10},
]


@pytest.fixture
def shown(monkeypatch):
    figures = []
    monkeypatch.setattr(plots, "show", lambda fig, alt: figures.append((fig, alt)))
    return figures


def test_every_method_of_the_study_has_a_week_and_a_name():
    wanted = {*scoreboard.NEIGHBOURS, *scoreboard.NEAREST, *(f"{name} itself" for name in scoreboard.NETWORKS)}
    assert set(board.METHODS) == wanted
    assert len({name for _, name in board.METHODS.values()}) == len(wanted)


def test_a_week_shows_what_was_taught_so_far_the_best_last():
    assert [line.method for line in board.lines(1, ROWS)] == ["pixels"]
    assert [line.method for line in board.lines(4, ROWS)] == ["pixels", "LeNet-5", "residual network itself"]
    assert str(board.lines(1, ROWS)[0]) == "kNN on pixels, L2, k = 3: 35.1 % (34.2 to 36.0)"


def test_the_interval_is_wilsons():
    line = board.lines(4, ROWS)[-1]
    p, n, z = 0.91, 10_000, 1.959964
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert (line.low, line.high) == pytest.approx((100 * (centre - half), 100 * (centre + half)), abs=1e-4)


def test_the_figure_marks_the_weeks_own_lines(shown):
    board.draw(4, ROWS)
    ((fig, alt),) = shown
    ax = fig.axes[0]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [line.name for line in board.lines(4, ROWS)]
    assert {text.get_text() for text in fig.legends[0].get_texts()} == {"guessing", "week 4", "earlier weeks"}
    assert alt.index("residual network: 91.0 %") < alt.index("35.1 % (34.2 to 36.0)")


def test_a_week_without_rows_of_its_own_shows_the_earlier_ones(shown):
    board.draw(3, ROWS[:1])
    ((fig, _),) = shown
    assert {text.get_text() for text in fig.legends[0].get_texts()} == {"guessing", "earlier weeks"}
