"""The players: what they compute against SciPy, what they show against what they compute, and that they stand alone."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy.signal import correlate2d

from helpers import animate
from helpers.animate.walk import text

IMAGE = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
KERNEL = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]
OUTPUT = [[12, 12, 17], [10, 17, 19], [9, 6, 14]]


@pytest.fixture
def shown(monkeypatch):
    """The players that were displayed."""
    players = []
    monkeypatch.setattr("IPython.display.display", players.append)
    return players


def integers(*shape, seed=0):
    return np.random.default_rng(seed).integers(-3, 4, shape)


def dilated(kernel, dilation):
    """The kernel with zeros between its cells."""
    spread = np.zeros([d * (k - 1) + 1 for d, k in zip(dilation, kernel.shape, strict=True)], kernel.dtype)
    spread[:: dilation[0], :: dilation[1]] = kernel
    return spread


# ---------------------------------------------------------------------------------------------------- what is computed


def test_the_worked_numbers_of_the_syllabus():
    assert animate.steps(IMAGE, KERNEL)[1].tolist() == OUTPUT
    assert animate.pooling_steps([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])[1].tolist() == [[6, 8], [3, 4]]
    assert animate.steps(np.zeros((3, 3)), [[1.0]], padding=2)[1].shape == (7, 7)


@pytest.mark.parametrize("padding", [0, 1, (2, 0), "valid", "same", "full"])
@pytest.mark.parametrize("stride", [1, 2, (3, 1)])
@pytest.mark.parametrize("dilation", [1, 2, (1, 3)])
def test_one_channel_is_what_scipy_correlates(padding, stride, dilation):
    image, kernel = integers(8, 9), integers(3, 2, seed=1)
    strides, dilations = np.broadcast_to(stride, 2).tolist(), np.broadcast_to(dilation, 2).tolist()
    sides = animate.padding_of(image.shape, kernel.shape, padding, strides, dilations)
    expected = correlate2d(np.pad(image, sides), dilated(kernel, dilations), "valid")[:: strides[0], :: strides[1]]
    _, output = animate.steps(image, kernel, padding=padding, stride=stride, dilation=dilation)
    np.testing.assert_array_equal(output, expected)
    if padding == "same":
        assert output.shape == tuple(-(-n // s) for n, s in zip(image.shape, strides, strict=True))


@pytest.mark.parametrize("mode", ["zeros", "symmetric", "reflect", "edge"])
def test_padding_modes_are_those_of_numpy(mode):
    image, kernel = integers(4, 5), integers(3, 3, seed=1)
    walked, output = animate.steps(image, kernel, padding=2, padding_mode=mode)
    padded = np.pad(image, 2, mode="constant" if mode == "zeros" else mode)
    np.testing.assert_array_equal(output, correlate2d(padded, kernel, "valid"))
    corner = walked[0].taps[0]
    assert corner.position == (0, 0)
    assert corner.source == {"zeros": None, "symmetric": (1, 1), "reflect": (2, 2), "edge": (0, 0)}[mode]


def test_a_flipped_kernel_makes_it_a_convolution_as_in_mathematics():
    from scipy.signal import convolve2d

    image, kernel = integers(5, 5), integers(2, 3, seed=1)
    np.testing.assert_array_equal(animate.steps(image, kernel, flip=True, padding="full")[1], convolve2d(image, kernel))
    np.testing.assert_array_equal(animate.steps(image, kernel, flip=True)[1], animate.steps(image, kernel[::-1, ::-1])[1])


def test_channels_are_summed_and_filters_are_stacked():
    image, kernel, bias = integers(5, 6, 3), integers(3, 2, 3, 4, seed=1), np.array([1, -2, 0, 5])
    maps = [sum(correlate2d(image[..., c], kernel[..., c, f], "valid") for c in range(3)) for f in range(4)]
    expected = np.stack(maps, -1) + bias
    np.testing.assert_array_equal(animate.steps(image, kernel, bias=bias)[1], expected)
    np.testing.assert_array_equal(animate.steps(image, kernel[..., 0], bias=1)[1], expected[..., 0])


def test_depthwise_keeps_the_channels_apart():
    image, kernel = integers(5, 6, 3), integers(2, 2, 3, seed=1)
    walked, output = animate.steps(image, kernel, depthwise=True, padding=1)
    expected = np.stack([correlate2d(np.pad(image[..., c], 1), kernel[..., c], "valid") for c in range(3)], -1)
    np.testing.assert_array_equal(output, expected)
    assert all({tap.channel for tap in step.taps} == {step.channel} for step in walked)


@pytest.mark.parametrize(("padding", "stride", "dilation"), [(0, 1, 1), (1, 2, 1), (1, 1, 2), ((1, 0), (2, 3), (1, 2))])
def test_transposed_is_the_transposed_matrix(padding, stride, dilation):
    small, kernel = integers(3, 4), integers(3, 2, seed=1)
    settings = {"padding": padding, "stride": stride, "dilation": dilation}
    walked, output = animate.steps(small, kernel, transposed=True, **settings)
    units = np.eye(output.size, dtype=int).reshape(-1, *output.shape)
    forward = np.stack([animate.steps(unit, kernel, **settings)[1].ravel() for unit in units], 1)
    assert forward.shape == (small.size, output.size)
    np.testing.assert_array_equal(output.ravel(), forward.T @ small.ravel())
    assert len(walked) == small.size


def test_output_padding_adds_rows_and_columns_at_the_end():
    small, kernel = integers(3, 3), integers(3, 3, seed=1)
    plain = animate.steps(small, kernel, transposed=True, stride=2, padding=1)[1]
    more = animate.steps(small, kernel, transposed=True, stride=2, padding=1, output_padding=1)[1]
    assert (plain.shape, more.shape) == ((5, 5), (6, 6))
    np.testing.assert_array_equal(more[:5, :5], plain)


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 2), ((2, 3), (1, 2))])
@pytest.mark.parametrize("kind", ["max", "average"])
def test_pooling_is_a_reduction_over_windows(size, stride, kind):
    image = integers(6, 7, 2)
    high, wide = np.broadcast_to(size, 2)
    windows = np.lib.stride_tricks.sliding_window_view(image, (high, wide), axis=(0, 1))
    down, right = np.broadcast_to(size if stride is None else stride, 2)
    windows = windows[::down, ::right]
    expected = windows.max((-2, -1)) if kind == "max" else windows.mean((-2, -1))
    np.testing.assert_allclose(animate.pooling_steps(image, size, stride, kind)[1], expected)


def test_bytes_do_not_wrap_around():
    output = animate.steps(np.full((2, 2), 200, np.uint8), np.full((2, 2), 2, np.uint8))[1]
    assert output.tolist() == [[1600]] and output.dtype == np.int64
    assert animate.steps([[0.5]], [[3]])[1].dtype == float


# ---------------------------------------------------------------------------------------------- the steps are the sum


def test_every_step_adds_up_to_its_cell():
    walked, output = animate.steps(IMAGE, KERNEL, padding=1, stride=2, bias=3)
    assert [step.output for step in walked] == list(np.ndindex(output.shape))
    for step in walked:
        assert step.total == output[step.output] == step.bias + sum(tap.product for tap in step.taps)
        assert [tap.running for tap in step.taps] == (3 + np.cumsum([tap.product for tap in step.taps])).tolist()
        for tap in step.taps:
            assert tap.product == tap.value * tap.weight
            assert tap.weight == KERNEL[tap.kernel[0]][tap.kernel[1]]
            assert tap.value == (0 if tap.source is None else IMAGE[tap.source[0]][tap.source[1]])
            assert tap.position == (step.window[0] + tap.kernel[0], step.window[1] + tap.kernel[1])


def test_the_sentence_is_true():
    for step in animate.steps(IMAGE, -np.array(KERNEL))[0]:
        left, right = step.sentence.split(": ")[1].split(" = ")
        sum_ = left.replace("×", "*").replace("−", "-")
        assert re.fullmatch(r"[-+*() 0-9]+", sum_) and eval(sum_) == int(right.replace("−", "-")) == step.total


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (7, "7"),
        (-0.0, "0"),
        (0.5, "0.5"),
        (-1 / 16, "−0.0625"),
        (2 / 9, "2/9"),
        (1234567, "1.23e+06"),
        (0.456789, "0.46"),
    ],
)
def test_numbers_are_short(value, short):
    assert text(value) == short


# ----------------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("image", "kernel", "settings", "message"),
    [
        (
            np.ones((5, 5)),
            np.ones((4, 4)),
            {"dilation": 2},
            r"over 7 pixels \(2 × \(4 − 1\) \+ 1\) does not fit .* 5 pixels high",
        ),
        (np.ones((5, 2)), np.ones((3, 5)), {"padding": 1}, r"over 5 pixels does not fit .* 4 pixels \(2 \+ 2 of padding\) wide"),
        (np.ones((5, 5, 3)), np.ones((3, 3)), {}, r"needs a kernel \(rows, columns, channels\) or"),
        (np.ones((5, 5, 3)), np.ones((3, 3, 2)), {}, "kernel has 2 channels and the image has 3"),
        (np.ones((5, 5)), np.ones((3, 3, 1)), {}, "image.* has no channels"),
        (np.ones(5), np.ones((3, 3)), {}, "an image has the shape"),
        (np.ones((5, 5)), np.ones((0, 3)), {}, "kernel is empty"),
        (np.ones((5, 5)), np.ones((3, 3)), {"stride": 0}, "stride=0: a whole number of at least 1"),
        (np.ones((5, 5)), np.ones((3, 3)), {"padding": 1.5}, "padding=1.5: a whole number"),
        (np.ones((5, 5)), np.ones((3, 3)), {"padding": "some"}, "padding='some' is not known"),
        (np.ones((5, 5)), np.ones((3, 3)), {"padding_mode": "mirror"}, "padding_mode='mirror' is not known"),
        (np.ones((5, 5)), np.ones((3, 3)), {"output_padding": 1}, "belongs to transposed=True"),
        (
            np.ones((2, 2)),
            np.ones((2, 2)),
            {"transposed": True, "padding": 2},
            "crops 2 × 2 = 4 rows, but the stamps only cover 3",
        ),
        (np.ones((2, 2)), np.ones((2, 2)), {"transposed": True, "output_padding": 1}, "is not below 1"),
        (np.ones((2, 2)), np.ones((2, 2)), {"transposed": True, "padding": "same"}, "give the number of rows"),
        (np.ones((5, 5)), np.ones((3, 3)), {"bias": [1, 2]}, r"1 output map needs \(1,\)"),
        ([[np.nan]], [[1]], {}, "not finite"),
        ([["a"]], [[1]], {}, "must be an array of numbers"),
    ],
)
def test_what_is_impossible_says_why(image, kernel, settings, message):
    with pytest.raises(ValueError, match=message):
        animate.steps(image, kernel, **settings)


def test_impossible_pooling_says_why():
    with pytest.raises(ValueError, match="a window that reaches over 3 pixels does not fit into an image that is 2 pixels high"):
        animate.pooling_steps([[1, 2, 3], [4, 5, 6]], 3)
    with pytest.raises(ValueError, match="kind='min' is not known"):
        animate.pooling_steps([[1]], 1, kind="min")


def test_too_much_to_watch_is_refused(shown):
    with pytest.raises(ValueError, match="too much to watch: 6084 products"):
        animate.convolution(np.ones((28, 28)), np.ones((3, 3)))
    assert not shown
    assert animate.steps(np.ones((28, 28)), np.ones((3, 3)))[1].shape == (26, 26)


# -------------------------------------------------------------------------------------------------------- what is shown


CASES = {
    "worked": lambda: animate.convolution(IMAGE, KERNEL),
    "padded": lambda: animate.convolution(IMAGE, KERNEL, padding="same", stride=2, padding_mode="symmetric"),
    "uneven": lambda: animate.convolution(integers(6, 6), integers(3, 3), padding="same", stride=2, dilation=(1, 2)),
    "channels": lambda: animate.convolution(integers(4, 4, 3), integers(2, 2, 3), bias=1),
    "filters": lambda: animate.convolution(integers(4, 5, 2), integers(2, 2, 2, 3)),
    "depthwise": lambda: animate.convolution(integers(4, 4, 2), integers(2, 2, 2), depthwise=True),
    "transposed": lambda: animate.convolution(
        integers(2, 3), KERNEL, transposed=True, stride=2, padding=(1, 0), output_padding=1
    ),
    "max": lambda: animate.pooling(integers(4, 6, 2)),
    "average": lambda: animate.pooling(integers(5, 5), 3, 2, "average"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_last_frame_is_the_output(name, shown):
    output = CASES[name]()
    (scene,) = [player.scene for player in shown]
    grid = scene["output"]
    values = np.full((grid["maps"], grid["rows"] * grid["columns"]), "0", dtype=object)
    for step in scene["steps"]:
        if name == "transposed":
            for target, now in zip(step["g"], step["r"], strict=True):
                values[0, target] = now
        else:
            values[step["a"], step["o"]] = step["x"]
    inner = grid["inner"]
    values = values.reshape(-1, grid["rows"], grid["columns"])
    values = values[:, inner["top"] : inner["top"] + inner["rows"], inner["left"] : inner["left"] + inner["columns"]]
    expected = np.moveaxis(np.atleast_3d(output), -1, 0)
    assert values.tolist() == [[[text(v) for v in row] for row in plane] for plane in expected]


@pytest.mark.parametrize("name", CASES)
def test_every_tap_points_at_the_number_that_it_names(name, shown):
    CASES[name]()
    (scene,) = [player.scene for player in shown]
    area = scene["kernel"]["rows"] * scene["kernel"]["columns"]
    for step in scene["steps"]:
        for t, (position, product) in enumerate(zip(step["p"], step["m"], strict=True)):
            channel = step["c"] if scene["separate"] else t // area
            value = scene["input"]["cells"][channel][position]
            weight = "1" if scene["kind"] == "pooling" else scene["kernel"]["cells"][step["f"]][channel][t % area]
            assert int(value.replace("−", "-")) * int(weight.replace("−", "-")) == int(product.replace("−", "-"))


class Fragment(HTMLParser):
    """Tags, ids and whether every tag is closed."""

    def __init__(self, code):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(code)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", CASES)
def test_a_player_stands_alone(name, shown):
    CASES[name]()
    CASES[name]()
    codes = [player._repr_html_() for player in shown]
    assert "://" not in codes[0] and "import(" not in codes[0] and "require(" not in codes[0], "nothing is fetched"
    assert len(codes[0].encode()) < 40_000
    pages = [Fragment(code) for code in codes]
    assert not pages[0].open
    first, second = ([attrs["id"] for _, attrs in page.tags if "id" in attrs] for page in pages)
    assert len(first) == 1 and first != second, "two players on a page have different ids"
    assert pages[0].tags[0][1]["data-lm-suppress-shortcuts"] == "true", "in JupyterLab the arrow keys belong to the player"


def test_readers_without_scripts_get_tables_and_words(shown):
    animate.convolution(IMAGE, KERNEL, title="Bread & butter", alt="Three  by\nthree.")
    code = shown[0]._repr_html_()
    static = re.sub(r"(?s)<script>.*?</script>", "", code)
    assert "<strong>Bread &amp; butter</strong>. Three by three." in static
    assert static.count("<table ") == 3 and "<td>12</td><td>12</td><td>17</td>" in static
    assert repr(shown[0]) == "Three by three."


def test_the_description_is_made_from_the_data(shown):
    animate.convolution(IMAGE, KERNEL, stride=2)
    assert repr(shown[0]).startswith(
        "Convolution, step by step. Image 5 × 5, kernel 3 × 3, no padding, stride 2; output 2 × 2, 4 steps."
    )
    assert "row by row: 12, 17; 9, 14." in repr(shown[0])


def test_it_can_be_worked_by_keyboard_and_heard(shown):
    animate.convolution(IMAGE, KERNEL)
    code = shown[0]._repr_html_()
    for part in (
        'aria-live="polite"',
        'tabindex="0"',
        "ArrowLeft",
        "ArrowRight",
        "Home",
        "aria-pressed",
        'aria-label="Step back"',
        "prefers-reduced-motion",
    ):
        assert part in code


def test_a_title_cannot_end_the_script(shown):
    animate.convolution(IMAGE, KERNEL, title="</script><b>'\"")
    code = shown[0]._repr_html_()
    assert code.count("</script>") == 1


def test_the_same_call_writes_the_same_player_but_for_its_number(shown):
    CASES["worked"]()
    CASES["worked"]()
    codes = [player._repr_html_() for player in shown]
    assert codes[0].replace(shown[0].id, "") == codes[1].replace(shown[1].id, "")
    assert shown[0].id.rpartition("-")[0] == shown[1].id.rpartition("-")[0]
    json.dumps(shown[0].scene)


def test_importing_loads_nothing_slow():
    code = "import sys, helpers.animate, helpers.explorer; print(' '.join(sys.modules))"
    loaded = set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())
    assert not loaded & {"keras", "tensorflow", "matplotlib", "IPython", "scipy", "sklearn"}
