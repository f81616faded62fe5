"""The worked numbers of lectures 1 and 2 of week 2: computed again another way, and found in what they printed."""

import re

import pytest

FILTERS, SIZES = "week02_convolution/01_filters", "week02_convolution/02_sizes"
IMAGE = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
KERNEL = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]


def slide(image, kernel):
    """Valid cross-correlation of nested lists: no NumPy, so nothing is shared with the lecture."""
    rows, columns = len(kernel), len(kernel[0])
    return [
        [
            sum(image[i + u][j + v] * kernel[u][v] for u in range(rows) for v in range(columns))
            for j in range(len(image[0]) - columns + 1)
        ]
        for i in range(len(image) - rows + 1)
    ]


def seen(W, K, P, S):
    """Outputs along one side, and the real pixels that some window covers."""
    windows = [range(start, start + K) for start in range(-P, W + P) if (start + P) % S == 0 and start + K <= W + P]
    return len(windows), {x for window in windows for x in window if 0 <= x < W}


@pytest.fixture(scope="module")
def filters_text(executed, printed):
    return printed(executed(FILTERS))


@pytest.fixture(scope="module")
def sizes_text(executed, printed):
    return printed(executed(SIZES))


def test_the_worked_convolution(filters_text):
    result = slide(IMAGE, KERNEL)
    assert result == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]
    digits = re.sub(r"[\[\]\s]+", " ", filters_text)
    assert " ".join(str(value) for row in result for value in row) in digits


def test_every_step_of_it_is_animated(executed):
    described = [
        output["data"]["text/plain"]
        for cell in executed(FILTERS).cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    assert any("9 steps" in text and "12, 12, 17; 10, 17, 19; 9, 6, 14" in text for text in described)


def test_keras_does_not_flip(filters_text):
    assert "like correlate2d, unlike convolve2d" in filters_text
    assert re.search(r"output of correlate2d: \[1\.0, 2\.0, .* 9\.0\]", filters_text)
    assert re.search(r"output of convolve2d: \[9\.0, 8\.0, .* 1\.0\]", filters_text)


def test_sobel_on_a_ramp_and_the_sums_of_the_kernels(filters_text):
    ramp = [list(range(6))] * 3
    assert slide(ramp, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) == [[8, 8, 8, 8]]
    assert "sobel_x [8, 8, 8, 8]" in filters_text
    assert len(re.findall(r"sum 1\.00   a wall of 0\.4 becomes 0\.40", filters_text)) == 4


def test_only_the_blur_is_linear_and_equivariant(filters_text):
    assert "linear and equivariant: ['Gaussian blur']" in filters_text


def test_every_way_to_convolve_is_timed_after_all_agreed(filters_text):
    assert filters_text.index("all 6 agree on") < filters_text.index("times as fast as four loops")
    for way in (
        "four loops",
        "two loops over places",
        "two loops over weights",
        "one matrix product",
        "SciPy correlate2d",
        "Keras ops.conv",
    ):
        assert re.search(rf"{way} +[\d.]+ ms", filters_text), way


def test_padding_of_two_makes_36_of_32(sizes_text):
    assert "padded: (36, 36)  after the 5 × 5 kernel: (32, 32)" in sizes_text
    assert seen(32, 5, 2, 1)[0] == 32


def test_the_settings_that_are_drawn(sizes_text):
    for line in re.findall(r"W=\d+ K=\d+ P=\d+ S=\d+: \d+ places", sizes_text):
        W, K, P, S, places = map(int, re.findall(r"\d+", line))
        assert seen(W, K, P, S)[0] == places
    assert "32 -> 28 -> 24 -> 20 -> 16 -> 12 -> 8 -> 4 " in sizes_text
    for W, P in ((224, 0), (227, 0), (224, 2)):
        assert re.search(rf"W={W}, P={P}: .* O = {seen(W, 11, P, 4)[0]}, ", sizes_text)


def test_two_filters_on_three_maps_have_152_parameters(sizes_text):
    assert "by the formula: 150 + 2 = 152" in sizes_text
    assert re.search(r"Keras counts: +152\b", sizes_text)
    assert "32 × 32: output (28, 28, 2), 152 parameters" in sizes_text


def test_the_table_of_the_stack(sizes_text):
    depth, size, total = 3, 32, 0
    stack = ((32, 3, 1, 1), (32, 3, 2, 1), (64, 3, 1, 1), (64, 3, 2, 1), (128, 3, 1, 1), (10, 8, 1, 0))
    for filters, width, stride, padding in stack:
        size, weights = seen(size, width, padding, stride)[0], filters * width**2 * depth
        row = (
            rf"{filters} × {width} × {width}, stride {stride} +{size} × {size} × {filters}"
            rf" +{weights + filters:,} +{weights * size**2:,} "
        )
        assert re.search(row, sizes_text), row
        depth, total = filters, total + weights + filters
    assert f"6 layers agree; {total:,} parameters in all" in sizes_text


def test_the_riddles_have_the_answers_given():
    everything = set(range(10))
    assert max(S for S in range(1, 7) for P in range(9) if seen(10, 3, P, S)[1] == everything) == 3
    assert seen(10, 3, 1, 3) == (4, everything) and seen(10, 3, 0, 3)[1] == set(range(9))
    assert [K for K in range(1, 12) if seen(32, K, 0, 2)[0] == 15] == [3, 4]
    assert seen(32, 4, 0, 2)[1] == set(range(32)) and seen(32, 3, 0, 2)[1] == set(range(31)) and seen(32, 3, 1, 2)[0] == 16
    assert 5 * 5 * 3 * 2 + 2 == 152 and 3 * 3 * 3 * 2 + 2 == 56 and seen(32, 5, 2, 1)[0] == 32


@pytest.mark.parametrize("name", [FILTERS, SIZES])
def test_every_figure_has_alt_text_of_its_own(executed, name):
    alts = [
        output["metadata"].get("image/png", {}).get("alt", "")
        for cell in executed(name).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(alts) >= 6 and all(len(alt) > 40 for alt in alts) and len(set(alts)) == len(alts)
