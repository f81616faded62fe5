"""Lecture 1 of week 4: parameters, multiply-adds, depth and receptive field, computed again from the papers' tables alone."""

import ast
import re

import pytest

from pipeline import ROOT

LECTURE = "week04_visualization/01_architectures"

MODULES = {  # GoogLeNet, table 1: side, then #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj
    "3a": (28, 64, 96, 128, 16, 32, 32),
    "3b": (28, 128, 128, 192, 32, 96, 64),
    "4a": (14, 192, 96, 208, 16, 48, 64),
    "4b": (14, 160, 112, 224, 24, 64, 64),
    "4c": (14, 128, 128, 256, 24, 64, 64),
    "4d": (14, 112, 144, 288, 32, 64, 64),
    "4e": (14, 256, 160, 320, 32, 128, 128),
    "5a": (7, 256, 160, 320, 32, 128, 128),
    "5b": (7, 384, 192, 384, 48, 128, 128),
}


@pytest.fixture(scope="module")
def said(executed):
    cells = executed(LECTURE).cells
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", []))


@pytest.fixture(scope="module")
def source():
    return (ROOT / "lectures" / f"{LECTURE}.py").read_text(encoding="utf-8")


def conv(window, maps_in, maps_out, side, groups=1):
    """Weights, biases and multiply-adds of a convolution whose output is side x side."""
    weights = window * window * (maps_in // groups) * maps_out
    return weights, maps_out, weights * side * side


def dense(inputs, outputs):
    return inputs * outputs, outputs, inputs * outputs


def total(rows):
    """Weights with biases, and multiply-adds."""
    weights, biases, cost = (sum(column) for column in zip(*rows, strict=True))
    return weights + biases, cost


def alexnet(groups):
    return {
        "conv1": conv(11, 3, 96, 55),
        "conv2": conv(5, 96, 256, 27, groups),
        "conv3": conv(3, 256, 384, 13),
        "conv4": conv(3, 384, 384, 13, groups),
        "conv5": conv(3, 384, 256, 13, groups),
        "fc6": dense(6 * 6 * 256, 4096),
        "fc7": dense(4096, 4096),
        "fc8": dense(4096, 1000),
    }


def vgg(counts):
    rows, maps = [], 3
    for count, wide, side in zip(counts, (64, 128, 256, 512, 512), (224, 112, 56, 28, 14), strict=True):
        for _ in range(count):
            rows.append(conv(3, maps, wide, side))
            maps = wide
    return [*rows, dense(7 * 7 * 512, 4096), dense(4096, 4096), dense(4096, 1000)]


def googlenet():
    rows = {"conv1": [conv(7, 3, 64, 112)], "conv2": [conv(1, 64, 64, 56), conv(3, 64, 192, 56)]}
    maps = 192
    for name, (side, ones, reduce3, threes, reduce5, fives, pooled) in MODULES.items():
        rows[name] = [
            conv(1, maps, ones, side),
            conv(1, maps, reduce3, side),
            conv(3, reduce3, threes, side),
            conv(1, maps, reduce5, side),
            conv(5, reduce5, fives, side),
            conv(1, maps, pooled, side),
        ]
        maps = ones + threes + fives + pooled
    return rows | {"linear": [dense(maps, 1000)]}


def resnet(blocks):
    """Trainable parameters, output maps of all convolutions, multiply-adds; the stride is in the first 1 x 1."""
    rows, maps = [conv(7, 3, 64, 112)], 64
    for stage, count in enumerate(blocks):
        inner, side = 64 * 2**stage, 56 // 2**stage
        for number in range(count):
            rows += [conv(1, maps, inner, side), conv(3, inner, inner, side), conv(1, inner, 4 * inner, side)]
            if number == 0:
                rows.append(conv(1, maps, 4 * inner, side))
            maps = 4 * inner
    weights, outputs, cost = (sum(column) for column in zip(*rows, strict=True))
    return weights + 2 * outputs + sum(dense(maps, 1000)[:2]), outputs, cost + maps * 1000


def row(said, name):
    """Parameters and multiply-adds of a line in a parameter sheet; all lines of that name."""
    lines = re.findall(rf"^{name} +(?:[\d x]+? +)?([\d,]+) +([\d,]+)$", said, flags=re.M)
    return [tuple(int(number.replace(",", "")) for number in line) for line in lines]


def test_lenet_is_recalled(said):
    rows = [conv(5, 1, 6, 28), conv(5, 6, 16, 10), dense(400, 120), dense(120, 84), dense(84, 10)]
    assert total(rows) == (61_706, 416_520)
    assert total(rows) in row(said, "total")


def test_alexnet_has_the_parameters_of_two_cards(said):
    for name, (weights, biases, cost) in alexnet(groups=2).items():
        assert (weights + biases, cost) in row(said, name)
    assert total(alexnet(2).values())[0] == 60_965_224 and total(alexnet(1).values())[0] == 62_378_344
    assert total(alexnet(2).values()) in row(said, "total")
    assert "60,965,224 + 1,413,120 = 62,378,344" in said
    neurons = 55**2 * 96 + 27**2 * 256 + 13**2 * (384 + 384 + 256) + 4096 + 4096 + 1000
    assert f"layers with weights: {neurons:,}" in said


def test_the_first_window_of_alexnet_fits_227_pixels(said):
    assert "(224 - 11) / 4 + 1 = 54.25: does not fit" in said and "(227 - 11) / 4 + 1 = 55.0: fits" in said


def test_vgg(said):
    assert total(vgg((2, 2, 3, 3, 3)))[0] == 138_357_544 and total(vgg((2, 2, 4, 4, 4)))[0] == 143_667_240
    assert total(vgg((2, 2, 3, 3, 3))) in row(said, "total")
    assert (25_088 * 4096 + 4096, 25_088 * 4096) in row(said, "fc6")


def test_stacks_of_small_windows(said):
    for size, count in ((5, 1), (3, 2), (7, 1), (3, 3)):
        weights = count * size * size * 256 * 256
        line = re.search(rf"^{count} x \({size} x {size}\): field (\d+), +([\d,]+) parameters, +([\d.]+) G", said, flags=re.M)
        assert int(line[1]) == count * (size - 1) + 1 and line[2] == f"{weights:,}"
        assert float(line[3]) == pytest.approx(weights * 56 * 56 / 1e9, abs=0.005)


def test_a_bottleneck_makes_the_branch_cheap(said):
    assert re.search(rf"^directly +{192 * 25 * 32:,} weights +{192 * 25 * 32 * 784:,} multiply-adds$", said, flags=re.M)
    assert f" {192 * 16 + 16 * 25 * 32:,} weights " in said and "9.7 times cheaper" in said
    assert f"two 3 x 3 {2 * 9 * 256 * 256:,} weights, bottleneck {2 * 256 * 64 + 9 * 64 * 64:,}" in said


def test_googlenet_row_by_row(said):
    rows = googlenet()
    for name, parts in rows.items():
        weights = sum(part[0] for part in parts)
        line = re.search(rf"^{name} +([\d,]+) +([\d.]+) +[\d.]+(?: +([+-]\d+)%)?$", said, flags=re.M)
        assert line[1] == f"{weights:,}" and float(line[2]) == pytest.approx(weights / 1024, abs=0.051)
        assert bool(line[3]) == (name in ("conv1", "4c", "5a"))  # the paper's rows that do not fit
    everything = [part for parts in rows.values() for part in parts]
    assert total(everything)[0] == 6_998_552
    assert "main network, with biases: 6,998,552" in said
    assert f"convolutions only, no biases: {sum(part[0] for part in everything) - 1_024_000:,}" in said


def test_auxiliary_heads_are_counted_apart(said):
    heads = [total([conv(1, maps, 128, 4), dense(4 * 4 * 128, 1024), dense(1024, 1000)])[0] for maps in (512, 528)]
    assert sum(heads) == 6_379_728
    assert f"{heads[0]:,} + {heads[1]:,} = 6,379,728; together 13,378,280" in said


def test_pooling_instead_of_flattening(said):
    ends = {
        "VGG-16": total([dense(25_088, 4096), dense(4096, 4096), dense(4096, 1000)])[0],
        "GoogLeNet": total([dense(1024, 1000)])[0],
        "GoogLeNet, flattened": total([dense(49 * 1024, 1000)])[0],
    }
    for name, count in ends.items():
        assert re.search(rf"^{name} +{count:,} parameters at the end$", said, flags=re.M)


def test_resnet_counted_by_the_literature_and_by_keras(said):
    count, maps, cost = resnet((3, 4, 6, 3))
    assert (count, maps) == (25_557_032, 26_560)
    assert (count, cost) in row(said, "total")
    assert count + maps + 2 * maps == 25_636_712
    for number in (count, maps, count + maps, 2 * maps, 25_636_712):
        assert f"{number:,}" in said
    assert resnet((3, 4, 23, 3))[0] == 44_549_160 and resnet((3, 8, 36, 3))[0] == 60_192_808


def test_depth_and_receptive_field(said):
    """Chains by the rule of week 2; for the branches the longest way."""

    def field(steps):
        reached, jump = 1, 1
        for window, stride in steps:
            reached, jump = reached + (window - 1) * jump, jump * stride
        return reached

    bottleneck = [(1, 1), (3, 1), (1, 1)]
    module = [(1, 1), (5, 1)]
    fields = {
        "LeNet-5": (5, field([(5, 1), (2, 2), (5, 1), (2, 2)])),
        "AlexNet": (8, field([(11, 4), (3, 2), (5, 1), (3, 2), (3, 1), (3, 1), (3, 1), (3, 2)])),
        "VGG-16": (16, field(sum(([(3, 1)] * count + [(2, 2)] for count in (2, 2, 3, 3, 3)), []))),
        "GoogLeNet": (22, field([(7, 2), (3, 2), (1, 1), (3, 1), (3, 2), *module * 2, (3, 2), *module * 5, (3, 2), *module * 2])),
        "ResNet-50": (
            50,
            field(
                [(7, 2), (3, 2), *bottleneck * 3] + sum(([(1, 2), (3, 1), (1, 1), *bottleneck * more] for more in (3, 5, 2)), [])
            ),
        ),
    }
    assert fields["AlexNet"][1] == 195 and fields["VGG-16"][1] == 212 and fields["ResNet-50"][1] == 483
    for name, numbers in fields.items():
        told = re.search(rf"^{name} +(\d+) +(\d+) +\d+ +[\d.]+ M +[\d.]+ MB", said, flags=re.M)
        assert tuple(map(int, told.groups())) == numbers


def test_a_block_with_nothing_to_add_is_the_identity(said):
    assert "residual block: output differs from input by up to 0.00" in said
    assert float(re.search(r"plain block: output differs from input by up to ([\d.]+)", said)[1]) > 1


def test_gradients_are_level_only_with_skip_connections(said):
    lines = re.findall(
        r"^(plain, Glorot|plain, He|plain, batch norm|skip, batch norm) +second +(\S+) +last +(\S+) ", said, flags=re.M
    )
    ratio = {kind: float(second) / float(last) for kind, second, last in lines}
    size = {kind: float(last) for kind, _, last in lines}
    assert len(ratio) == 4
    assert size["plain, Glorot"] < 1e-3 * size["plain, He"]  # vanished
    assert ratio["plain, batch norm"] > 2 * ratio["skip, batch norm"]  # grows towards the image


def test_trainings_are_compared_over_seeds_and_without_test_images(said, source):
    rows = re.findall(r"^(plain|residual), (\d+) layers +rate [\d.]+ +training loss ([\d.]+) ± ([\d.]+)", said, flags=re.M)
    assert len(rows) == 4 and all(float(spread) > 0 for *_, spread in rows)
    assert len(re.findall(r"\d: (?:(?:plain|residual), \d+ layers fits better|within the spread)", said)) == 3
    assert re.search(r"^SEEDS = \(0, 1, 2\)$", source, flags=re.M)
    assert ".test" not in source  # nothing here looks at the test split


def points(said):
    line = r"^([\w-]+) +([\d.]+)% +([CK]) +(\d+) +([\d.]+) M +([\d.]+) G$"
    return {
        name: (float(top1), mark, int(side), float(size), float(cost))
        for name, top1, mark, side, size, cost in re.findall(line, said, flags=re.M)
    }


def test_the_plot_stands_on_a_table_with_sources(said):
    table = points(said)
    assert len(table) == 12
    assert {name for name, row in table.items() if row[1] == "C"} == {"AlexNet", "GoogLeNet"}
    counted = {
        "AlexNet": total(alexnet(2).values()),
        "VGG-19": total(vgg((2, 2, 4, 4, 4))),
        "ResNet-101": resnet((3, 4, 23, 3))[::2],
        "ResNet-152": resnet((3, 8, 36, 3))[::2],
    }
    for name, (count, cost) in counted.items():
        assert table[name][3] == pytest.approx(count / 1e6, abs=0.051) and table[name][4] == pytest.approx(cost / 1e9, abs=0.0051)
    assert table["MobileNetV2"][3] == 3.5 and table["EfficientNetB0"][3] == 5.3


def test_who_is_beaten(said):
    table = points(said)
    for name, (top1, _, _, _, cost) in table.items():
        better = [other for other, row in table.items() if row[0] > top1 and row[4] < cost]
        told = re.search(rf"^{name} +(beaten by .+|NOT BEATEN)$", said, flags=re.M)[1]
        assert told == (f"beaten by {', '.join(better)}" if better else "NOT BEATEN")


def test_every_builder_names_its_paper_and_its_count(source):
    code = "\n".join(line for line in source.splitlines() if not line.startswith("#"))
    documented = {node.name: ast.get_docstring(node) or "" for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)}
    expected = {
        "lenet5": ("1998", "61,706"),
        "alexnet": ("2012", "60,965,224", "62,378,344"),
        "vgg": ("2015", "138,357,544"),
        "googlenet": ("2015", "table 1", "6,998,552", "6,379,728"),
        "resnet": ("2016", "table 1", "25,557,032"),
    }
    for name, parts in expected.items():
        assert all(part in documented[name] for part in parts), name


def test_blueprints_need_no_memory(executed):
    peak = executed(LECTURE).metadata.course.peak_memory_mb
    assert peak is None or peak < 2000  # the weights of the networks alone would be three gigabytes
