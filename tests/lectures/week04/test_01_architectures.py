"""Week 4, lecture 1: parameters, multiply-adds, depth and receptive field, computed again from the papers' tables alone."""

import itertools

import pytest

from helpers.experiments import verdict
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
def recorded(values):
    return values(LECTURE)


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


def block(recorded, network, name):
    """Parameters and multiply-adds of a block of a network."""
    _, parameters, cost = recorded["sheets"][network][name]
    return parameters, cost


def counts(recorded, network):
    """Parameters and multiply-adds of a whole network."""
    return tuple(recorded["totals"][network])


def test_lenet_is_recalled(recorded):
    rows = [conv(5, 1, 6, 28), conv(5, 6, 16, 10), dense(400, 120), dense(120, 84), dense(84, 10)]
    assert total(rows) == (61_706, 416_520)
    assert counts(recorded, "LeNet-5") == total(rows)


def test_alexnet_has_the_parameters_of_two_cards(recorded):
    for name, (weights, biases, cost) in alexnet(groups=2).items():
        assert block(recorded, "AlexNet", name) == (weights + biases, cost)
    assert total(alexnet(2).values())[0] == 60_965_224 and total(alexnet(1).values())[0] == 62_378_344
    assert counts(recorded, "AlexNet") == total(alexnet(2).values())
    assert recorded["alexnet_in_one_tower"] == total(alexnet(1).values())[0]
    neurons = 55**2 * 96 + 27**2 * 256 + 13**2 * (384 + 384 + 256) + 4096 + 4096 + 1000
    assert recorded["alexnet_neurons"] == neurons


def test_the_first_window_of_alexnet_fits_227_pixels(recorded):
    assert (224 - 11) % 4 and not (227 - 11) % 4
    shape, _, _ = recorded["sheets"]["AlexNet"]["conv1"]
    assert shape == [(227 - 11) // 4 + 1] * 2 + [96]


def test_vgg(recorded):
    assert total(vgg((2, 2, 3, 3, 3)))[0] == 138_357_544 and total(vgg((2, 2, 4, 4, 4)))[0] == 143_667_240
    assert counts(recorded, "VGG-16") == total(vgg((2, 2, 3, 3, 3)))
    assert block(recorded, "VGG-16", "fc6") == (25_088 * 4096 + 4096, 25_088 * 4096)


def test_stacks_of_small_windows(recorded):
    assert [row[:2] for row in recorded["stacks"]] == [[5, 1], [3, 2], [7, 1], [3, 3]]
    for size, count, field, parameters, cost in recorded["stacks"]:
        weights = count * size * size * 256 * 256
        assert (field, parameters, cost) == (count * (size - 1) + 1, weights, weights * 56 * 56)


def test_a_bottleneck_makes_the_branch_cheap(recorded):
    direct, reduced = (recorded["five_by_five"][name] for name in ("directly", "through 16 maps"))
    assert direct == [192 * 25 * 32, 192 * 25 * 32 * 784]
    assert reduced[0] == 192 * 16 + 16 * 25 * 32 and direct[0] / reduced[0] > 9
    assert recorded["on_256_maps"] == {"two 3 x 3": 2 * 9 * 256 * 256, "bottleneck": 2 * 256 * 64 + 9 * 64 * 64}


def test_googlenet_row_by_row(recorded):
    rows = googlenet()
    for name, parts in rows.items():
        weights = sum(part[0] for part in parts)
        assert recorded["googlenet_weights"][name] == weights
        fits = abs(weights / 1024 / recorded["googlenet_paper"][name] - 1) < 0.02
        assert fits == (name not in ("conv1", "4c", "5a"))  # the paper's rows that do not fit
    assert sum(recorded["googlenet_weights"].values()) == sum(part[0] for parts in rows.values() for part in parts)
    everything = total([part for parts in rows.values() for part in parts])
    assert everything[0] == 6_998_552
    assert counts(recorded, "GoogLeNet") == everything


def test_auxiliary_heads_are_counted_apart(recorded):
    heads = [total([conv(1, maps, 128, 4), dense(4 * 4 * 128, 1024), dense(1024, 1000)])[0] for maps in (512, 528)]
    assert sum(heads) == 6_379_728
    assert recorded["auxiliary_heads"] == heads
    assert recorded["googlenet_with_heads"] == 6_998_552 + sum(heads) == 13_378_280


def test_pooling_instead_of_flattening(recorded):
    assert recorded["ends"] == {
        "VGG-16": total([dense(25_088, 4096), dense(4096, 4096), dense(4096, 1000)])[0],
        "GoogLeNet": total([dense(1024, 1000)])[0],
        "GoogLeNet, flattened": total([dense(49 * 1024, 1000)])[0],
    }


def test_resnet_counted_by_the_literature_and_by_keras(recorded):
    count, maps, cost = resnet((3, 4, 6, 3))
    assert (count, maps) == (25_557_032, 26_560)
    assert counts(recorded, "ResNet-50") == (count, cost)
    assert count + maps + 2 * maps == 25_636_712
    assert recorded["resnet_biases"] == maps and recorded["resnet_statistics"] == 2 * maps
    assert recorded["resnet_with_biases"] == count + maps and recorded["resnet_of_keras"] == 25_636_712
    assert resnet((3, 4, 23, 3))[0] == 44_549_160 and resnet((3, 8, 36, 3))[0] == 60_192_808


def test_depth_and_receptive_field(recorded):
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
    assert {name: tuple(numbers) for name, numbers in recorded["depth_and_field"].items()} == fields


def test_a_block_with_nothing_to_add_is_the_identity(recorded):
    # That the residual block changes nothing at all, exactly, the lecture asserts itself.
    assert recorded["change_by_a_silenced_plain_block"] > 1


def test_gradients_are_level_only_with_skip_connections(recorded):
    norms = recorded["gradient_norms"]
    assert set(norms) == {"plain, Glorot", "plain, He", "plain, batch norm", "skip, batch norm"}
    ratio = {kind: second / last for kind, (_, second, *_, last) in norms.items()}
    assert norms["plain, Glorot"][-1] < 1e-3 * norms["plain, He"][-1]  # vanished
    assert ratio["plain, batch norm"] > 2 * ratio["skip, batch norm"]  # grows towards the image


def test_trainings_are_compared_over_seeds(recorded, executed, printed):
    losses, (few, many) = recorded["training_losses"], recorded["depths"]
    assert set(losses) == {f"{kind}, {depth} layers" for kind in ("plain", "residual") for depth in (few, many)}
    assert recorded["seeds"] == [0, 1, 2] and {len(runs) for runs in losses.values()} == {3}
    pairs = [("plain", few, "plain", many), ("residual", many, "plain", many), ("residual", few, "residual", many)]
    for kind, depth, *other in pairs:
        one, other = f"{kind}, {depth} layers", "{}, {} layers".format(*other)
        told = verdict(losses[one], losses[other], comparisons=3)
        assert f"loss of {one} minus {other}: {told}\n" in printed(executed(LECTURE))


def test_nothing_here_looks_at_the_test_split():
    assert ".test" not in (ROOT / "lectures" / f"{LECTURE}.py").read_text(encoding="utf-8")


def test_the_chart_stands_on_a_table_with_sources(recorded):
    chart = {row["name"]: row for row in recorded["chart"]}
    assert len(chart) == len(recorded["chart"]) == 12 and {row["source"] for row in chart.values()} == {"C", "K"}
    assert {name for name, row in chart.items() if row["source"] == "C"} == {"AlexNet", "GoogLeNet"}
    counted = {
        "AlexNet": total(alexnet(2).values()),
        "VGG-19": total(vgg((2, 2, 4, 4, 4))),
        "ResNet-101": resnet((3, 4, 23, 3))[::2],
        "ResNet-152": resnet((3, 8, 36, 3))[::2],
    }
    for name, (count, cost) in counted.items():
        assert (chart[name]["millions"], chart[name]["billions"]) == pytest.approx((count / 1e6, cost / 1e9))
    for name, millions in {"MobileNetV2": 3.5, "EfficientNetB0": 5.3}.items():  # as their papers say
        assert chart[name]["millions"] == pytest.approx(millions, abs=0.05)


def test_who_is_beaten(recorded, executed, printed):
    beaten_by = {row["name"]: [] for row in recorded["chart"]}
    for worse, better in itertools.permutations(recorded["chart"], 2):
        if better["top1"] > worse["top1"] and better["billions"] < worse["billions"]:
            beaten_by[worse["name"]].append(better["name"])
    assert any(beaten_by.values()) and not all(beaten_by.values())
    for name, better in beaten_by.items():
        verdict = f"beaten by {', '.join(better)}" if better else "NOT BEATEN"
        assert f"{name:15s} {verdict}\n" in printed(executed(LECTURE))


def test_every_builder_names_its_paper_and_its_count(recorded):
    expected = {
        "lenet5": ("1998", "61,706"),
        "alexnet": ("2012", "60,965,224", "62,378,344"),
        "vgg": ("2015", "138,357,544"),
        "googlenet": ("2015", "table 1", "6,998,552", "6,379,728"),
        "resnet": ("2016", "table 1", "25,557,032"),
    }
    for name, parts in expected.items():
        assert all(part in recorded["documentation"][name] for part in parts), name


def test_blueprints_need_no_memory(executed):
    peak = executed(LECTURE).metadata.course.peak_memory_mb
    assert peak is None or peak < 2000  # the weights of the networks alone would be three gigabytes
