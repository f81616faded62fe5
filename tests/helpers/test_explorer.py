"""The explorer's arithmetic, run by node, against plain Python over many settings; and that its page stands alone."""

import itertools
import json
import re
import shutil
import subprocess
from importlib import resources

import pytest

from helpers import animate, explorer

NODE = shutil.which("node")
needs_node = pytest.mark.needs("node")
ANSWER = "(s) => ({why: A.problems(s), size: A.outputSize(s), uses: A.problems(s).length ? null : A.uses(s)})"
LAYER = {
    "kind": "convolution",
    "size": 5,
    "kernel": 3,
    "padding": 0,
    "stride": 1,
    "dilation": 1,
    "outputPadding": 0,
    "channels": 1,
    "filters": 1,
    "bias": True,
}


def javascript(expression, data):
    """The value of a JavaScript expression of ``A`` (the arithmetic) and ``data``."""
    path = resources.files("helpers.explorer").joinpath("arithmetic.js")
    code = (
        f"const A = require({json.dumps(str(path))}); const data = JSON.parse(require('fs').readFileSync(0));"
        f"console.log(JSON.stringify({expression}))"
    )
    done = subprocess.run([NODE, "-e", code], input=json.dumps(data), capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def starts(s):
    """Rows of the padded input at which a window starts, found by trying."""
    room, reach = s["size"] + 2 * s["padding"], s["dilation"] * (s["kernel"] - 1) + 1
    return [row for row in range(room) if row % s["stride"] == 0 and row + reach <= room]


def grid(kind):
    for size, kernel, padding, stride, dilation in itertools.product((1, 2, 5, 8), (1, 2, 3, 5), (0, 1, 2), (1, 2, 3), (1, 2, 3)):
        extras = range(max(stride, dilation) + 1) if kind == "transposed" else (0,)
        for extra in extras:
            yield {
                **LAYER,
                "kind": kind,
                "size": size,
                "kernel": kernel,
                "padding": padding,
                "stride": stride,
                "dilation": dilation,
                "outputPadding": extra,
                "channels": 2,
                "filters": 3,
            }


@needs_node
def test_sizes_windows_and_impossibility_of_a_convolution():
    settings = list(grid("convolution"))
    rows = javascript(f"data.map({ANSWER})", settings)
    for s, row in zip(settings, rows, strict=True):
        tops = starts(s)
        assert bool(row["why"]) == (not tops), s
        if tops:
            assert row["size"] == len(tops), s
            pixels = [top + k * s["dilation"] - s["padding"] for top in tops for k in range(s["kernel"])]
            seen = [pixels.count(i) for i in range(s["size"])]
            assert row["uses"]["input"] == seen, s


@needs_node
def test_sizes_and_products_of_a_transposed_convolution():
    settings = list(grid("transposed"))
    rows = javascript(f"data.map({ANSWER})", settings)
    for s, row in zip(settings, rows, strict=True):
        reach = s["dilation"] * (s["kernel"] - 1) + 1
        size = (s["size"] - 1) * s["stride"] + reach - 2 * s["padding"] + s["outputPadding"]
        allowed = s["outputPadding"] < max(s["stride"], s["dilation"]) and size > 0
        assert bool(row["why"]) == (not allowed), s
        if allowed:
            targets = [i * s["stride"] + k * s["dilation"] - s["padding"] for i in range(s["size"]) for k in range(s["kernel"])]
            assert row["size"] == size and row["uses"]["output"] == [targets.count(o) for o in range(size)], s


@needs_node
@pytest.mark.parametrize("kind", ["convolution", "depthwise", "transposed"])
def test_parameters_and_multiply_adds_are_those_that_are_walked(kind):
    import numpy as np

    s = {
        **LAYER,
        "kind": kind,
        "size": 6,
        "kernel": 3,
        "padding": 1,
        "stride": 2,
        "channels": 1 if kind == "transposed" else 2,
        "filters": 1 if kind == "transposed" else 3,
    }
    got = javascript("[A.outputSize(data), A.outputMaps(data), A.parameters(data), A.multiplyAdds(data)]", s)
    image = np.ones((6, 6)) if kind == "transposed" else np.ones((6, 6, 2))
    kernel = {"convolution": np.ones((3, 3, 2, 3)), "depthwise": np.ones((3, 3, 2)), "transposed": np.ones((3, 3))}[kind]
    walked, output = animate.steps(
        image, kernel, padding=1, stride=2, transposed=kind == "transposed", depthwise=kind == "depthwise"
    )
    maps = output.shape[2] if output.ndim == 3 else 1
    assert got == [output.shape[0], maps, kernel.size + maps, sum(len(step.taps) for step in walked)]


@needs_node
def test_the_worked_parameters_of_the_syllabus():
    layers = [
        {"size": 32, "kernel": 5, "channels": 3, "filters": 2},
        {"size": 32, "kernel": 5, "filters": 6},
        {"size": 14, "kernel": 5, "channels": 6, "filters": 16},
        {"size": 5, "kernel": 5, "channels": 16, "filters": 120},
    ]
    assert javascript("data.map(A.parameters)", [{**LAYER, **s} for s in layers]) == [152, 156, 2416, 48120]


@needs_node
def test_receptive_fields_of_stacks_are_what_units_really_depend_on():
    layers = [
        {**LAYER, "kernel": k, "stride": s, "dilation": d, "padding": p, "filters": 4}
        for k, s, d, p in [(3, 1, 1, 1), (3, 2, 1, 0), (2, 2, 1, 0), (3, 1, 2, 1), (5, 1, 1, 2)]
    ]
    stacks = list(itertools.permutations(layers, 3))
    answers = javascript(
        """data.map((layers) => {
            const rows = A.stack({size: 61, channels: 3}, layers);
            return {rows, cone: A.cone(rows, Math.floor(rows[2].size / 2)).map((level) => [...level])};
        })""",
        stacks,
    )
    for chosen, answer in zip(stacks, answers, strict=True):
        rows = answer["rows"]
        needed = {rows[-1]["size"] // 2}
        for s in reversed(chosen):
            needed = {o * s["stride"] - s["padding"] + k * s["dilation"] for o in needed for k in range(s["kernel"])}
        assert rows[-1]["field"] == max(needed) - min(needed) + 1
        centre = rows[-1]["first"] + rows[-1]["size"] // 2 * rows[-1]["jump"]
        assert min(needed) + max(needed) == 2 * centre
        assert [row["settings"]["channels"] for row in rows] == [3, 4, 4]
        assert set(answer["cone"][0]) == needed


@needs_node
def test_a_transposed_layer_looks_at_few_cells_and_halves_the_jump():
    layers = [{**LAYER, "stride": 2, "padding": 1}, {**LAYER, "kind": "transposed", "kernel": 2, "stride": 2}]
    rows = javascript("A.stack({size: 8, channels: 1}, data)", layers)
    assert [(row["size"], row["field"], row["jump"]) for row in rows] == [(4, 3, 2), (8, 3, 1)]
    layer = {**LAYER, "kind": "transposed", "stride": 2}
    assert javascript("[4, 3, 1].map((kernel) => A.span({...data, kernel}))", layer) == [2, 2, 1]


@needs_node
@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"size": 5, "kernel": 7}, "kernel", r"A kernel reaching 7 pixels does not fit into 5 \+ 2·0 = 5 pixels"),
        ({"size": 5, "kernel": 7}, "kernel", "It needs a padding of at least 1, or an input that is 2 pixels larger"),
        ({"kernel": 3, "dilation": 4}, "kernel", r"reaching 9 pixels \(dilation 4 × \(3 − 1\) \+ 1\)"),
        ({"kernel": 0}, "kernel", "Kernel size must be a whole number from 1 to 31"),
        ({"stride": 1.5}, "stride", "Stride must be a whole number"),
        ({"padding": None}, "padding", "Padding must be a whole number"),
        ({"kind": "transposed", "padding": 4}, "padding", r"crops 2·4 = 8 rows from an output of 7.*can be 3 at most"),
        ({"kind": "transposed", "stride": 2, "outputPadding": 2}, "outputPadding", "An output padding of 2 is not below 2"),
        ({"kind": "max", "kernel": 2, "padding": 2}, "padding", "half the window at most, 1"),
    ],
)
def test_impossible_settings_are_explained(change, field, why):
    (problem,) = javascript("A.problems(data)", {**LAYER, **change})
    assert problem["field"] == field and re.search(why, problem["why"])


@needs_node
def test_a_stack_ends_at_its_impossible_layer():
    rows = javascript("A.stack({size: 6, channels: 1}, data)", [{**LAYER, "kernel": 5}, {**LAYER, "kernel": 3}, LAYER])
    assert rows[0]["size"] == 2 and rows[1]["why"] and rows[2]["skipped"]


def test_the_fragment_stands_alone():
    one, two = explorer.fragment(), explorer.fragment(size=9, tab="stack")
    assert "://" not in one, "nothing is fetched"
    assert len(one.encode()) < 70_000
    ids = [re.match(r'<div id="([^"]+)" data-lm-suppress-shortcuts="true">', code)[1] for code in (one, two)]
    assert ids[0] != ids[1]
    assert one.count("<script>") == one.count("</script>") == 1
    static = re.sub(r"(?s)<script>.*?</script>", "", one)
    assert "floor((W + 2P" in static, "readers without scripts get the arithmetic"


def test_it_can_be_worked_by_keyboard_and_heard():
    code = explorer.fragment()
    for part in (
        'role="tablist"',
        'cellRole: "gridcell"',
        'role="radiogroup"',
        'role="alert"',
        'aria-live="polite"',
        "aria-invalid",
        "ArrowUp",
        "prefers-reduced-motion",
    ):
        assert part in code


def test_show_displays_it_and_checks_its_settings(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    explorer.show(size=7, stride=2, output_padding=0)
    assert '"size":7' in shown[0]._repr_html_() and "open it in a notebook" in repr(shown[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 3}, "no setting 'width'"),
        ({"size": 2.5}, "size=2.5: a whole number"),
        ({"kind": "max"}, "kind='max'"),
        ({"tab": "all"}, "tab='all'"),
        ({"stack": "AlexNet"}, "stack='AlexNet'"),
    ],
)
def test_settings_it_does_not_have_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        explorer.fragment(**settings)
