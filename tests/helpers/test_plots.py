import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers import plots


@pytest.fixture
def shown(monkeypatch):
    """The figures that were shown, as (figure, alt text)."""
    figures = []

    def display(fig, metadata):
        fig.canvas.draw()
        figures.append((fig, metadata["image/png"]["alt"]))

    plt.close("all")  # what other tests of this process left open
    monkeypatch.setattr("IPython.display.display", display)
    yield figures
    assert not plt.get_fignums(), "a figure was left open: the notebook would draw it twice"


IMAGES = np.arange(4 * 6 * 6 * 3, dtype=np.uint8).reshape(4, 6, 6, 3)


def test_a_figure_needs_alt_text(shown):
    fig, _ = plt.subplots()
    with pytest.raises(ValueError, match="do not see it"):
        plots.show(fig, alt="  ")
    assert not shown


def test_image_grid_draws_each_image_and_says_what_is_there(shown):
    plots.image_grid(IMAGES, ["cat", "dog", "cat", "cat"], columns=3, title="Pets", colours=["right", "wrong", None, "right"])
    ((fig, alt),) = shown
    drawn = [ax for ax in fig.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == ["cat", "dog", "cat", "cat"]
    np.testing.assert_array_equal(drawn[1].images[0].get_array(), IMAGES[1])
    assert alt == "Pets: 4 images, titled cat (3 times), dog; framed as wrong: number 2"
    right, wrong = (drawn[i].spines["left"] for i in (0, 1))
    assert right.get_edgecolor() != wrong.get_edgecolor() and right.get_linestyle() != wrong.get_linestyle()


def test_image_grid_does_not_stretch_the_contrast(shown):
    plots.image_grid(np.full((2, 4, 4, 1), 100, np.uint8))
    ((fig, _),) = shown
    assert fig.axes[0].images[0].get_clim() == (0, 255)


@pytest.mark.parametrize(
    ("images", "titles", "message"),
    [
        (np.zeros((0, 4, 4)), None, "no images"),
        (np.zeros((2, 3, 8, 8), np.uint8), None, "Channels come last"),
        (np.full((1, 4, 4), 255.0), None, "from 255 to 255"),
        (np.full((1, 4, 4), np.nan), None, "floats from 0 to 1"),
        (IMAGES, ["one"], "4 images and 1 titles"),
    ],
)
def test_image_grid_refuses_what_it_cannot_show(shown, images, titles, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(images, titles)
    assert not shown


def test_curves_tell_their_ends_and_extremes(shown):
    plots.curves([1, 3, 5], {"validation": ([0.2, 0.5, 0.4], [0.1, 0.1, 0.1])}, xlabel="k", ylabel="accuracy", mark=3)
    ((fig, alt),) = shown
    ax = fig.axes[0]
    assert ax.get_xlabel() == "k" and ax.get_ylabel() == "accuracy"
    assert "0.2 at 1 to 0.4 at 5, highest 0.5 at 3" in alt
    assert ax.collections, "the spread is drawn as a band"


def test_curves_refuse_a_curve_of_another_length(shown):
    with pytest.raises(ValueError, match="'loss' has 2 values for 3"):
        plots.curves([1, 2, 3], {"loss": [1, 2]}, xlabel="epoch", ylabel="loss")


def test_bars_write_their_values(shown):
    plots.bars({"pixels": (0.31, 0.01), "HOG": 0.45}, xlabel="accuracy")
    ((fig, alt),) = shown
    assert [text.get_text() for text in fig.axes[0].texts] == ["0.310 ± 0.010", "0.45"]
    assert "pixels 0.310 ± 0.010; HOG 0.45" in alt


def test_confusion_matrix_names_the_worst_confusion(shown):
    plots.confusion_matrix([[8, 2], [5, 9]], ["cat", "dog"])
    ((fig, alt),) = shown
    assert "dog taken for cat, 5 times" in alt and "17 of 24" in alt
    assert [text.get_text() for text in fig.axes[0].texts] == ["8", "2", "5", "9"]


def test_confusion_matrix_refuses_another_number_of_classes(shown):
    with pytest.raises(ValueError, match=r"\(3, 3\), got \(2, 2\)"):
        plots.confusion_matrix(np.eye(2), ["a", "b", "c"])


def test_scatter_tells_classes_apart_by_more_than_colour(shown):
    plots.scatter(np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2, ["cat", "dog"], xlabel="x", ylabel="y")
    ((fig, alt),) = shown
    first, second = fig.axes[0].collections
    assert first.get_paths()[0].vertices.shape != second.get_paths()[0].vertices.shape
    assert "cat, dog" in alt


def test_the_colours_are_distinct():
    assert len(set(plots.COLOURS)) == len(plots.COLOURS) == len(plots.MARKERS)


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_text_can_be_read_whatever_style_is_chosen_afterwards(style):
    with plt.style.context(style if style != "default" else {}):
        fig, ax = plt.subplots(figsize=(2, 2))
        title = ax.set_title("Readable")
        file = io.BytesIO()
        fig.savefig(file)
        plt.close(fig)
    ground = plt.imread(io.BytesIO(file.getvalue()))[1, 1]
    assert ground[3] == 1, "opaque"
    assert abs(np.mean(mpl.colors.to_rgb(title.get_color())) - ground[:3].mean()) > 0.6
