"""Lectures 3 and 4 of week 3: worked numbers computed again, and a training that is really killed and resumed."""

import csv
import re
import subprocess
import sys

import numpy as np
import pytest

LENET, REGULARISATION = "week03_lenet/03_lenet5", "week03_lenet/04_regularisation"


def said(notebook):
    """All that the cells printed. A busy machine may cut one line into two pieces of a stream: they belong together."""
    return "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))


@pytest.fixture(scope="module")
def lenet(executed):
    return said(executed(LENET))


@pytest.fixture(scope="module")
def regularisation(executed):
    return said(executed(REGULARISATION))


def conv(window, maps_in, maps_out):
    return window * window * maps_in * maps_out + maps_out


def test_network_of_1998_has_the_parameters_of_the_paper(lenet):
    sheet = {
        "C1": conv(5, 1, 6),
        "S2": 2 * 6,
        "C3": 25 * (6 * 3 + 9 * 4 + 6) + 16,
        "S4": 2 * 16,
        "C5": conv(5, 16, 120),
        "F6": 120 * 84 + 84,
    }
    assert list(sheet.values()) == [156, 12, 1516, 32, 48_120, 10_164]
    for name, expected in sheet.items():
        told = re.search(rf"^{name} .* ([\d,]+) trainable$", lenet, flags=re.MULTILINE)[1]
        assert int(told.replace(",", "")) == expected
    assert re.search(r"^total +60,000$", lenet, flags=re.MULTILINE)
    connections = 156 * 28**2 + 5 * 6 * 14**2 + 1516 * 10**2 + 5 * 16 * 5**2 + 48_120 + 10_164 + 840
    assert connections == 340_908 and f"= {connections:,} connections" in lenet


def test_lenet_of_the_textbooks(lenet):
    sheet = [conv(5, 1, 6), conv(5, 6, 16), conv(5, 16, 120), 120 * 84 + 84, 84 * 10 + 10]
    assert sheet == [156, 2416, 48_120, 10_164, 850] and sum(sheet) == 61_706
    assert " + ".join(f"{n:,}" for n in sheet) + " = 61,706" in lenet
    assert f"in the three dense layers: {sum(sheet[2:]) / 61_706:.1%}" in lenet


def test_colour_images_and_the_network_without_convolutions(lenet):
    assert f"LeNet-5 on RGB: first layer {conv(5, 3, 6)}, total {61_706 + 300:,}" in lenet
    assert conv(5, 3, 6) == 456 and lenet.count("first layer 456") >= 3  # and both networks on CIFAR-10
    for inputs, expected in {1024: 86_950, 3072: 258_982}.items():
        assert inputs * 84 + 84 + 84 * 10 + 10 == expected
        assert f"MLP {inputs}-84-10: {expected:,} parameters" in lenet


def test_the_mistake_is_found(lenet):
    assert f"on the slide {16 * (3 * 3 * 6) + 16}: " in lenet and f"5 x 5: {16 * (5 * 5 * 6) + 16:,}" in lenet


def test_every_step_is_measured_with_a_spread(lenet):
    rows = re.findall(r"^(LeNet-5, 1998|\+ [\w, -]+?) +([\d.]+)% ± +([\d.]+)% +([\d.]+) s +[\d,]+$", lenet, flags=re.MULTILINE)
    assert len(rows) == 8
    assert all(float(spread) > 0 and float(seconds) > 0 for _, _, spread, seconds in rows)
    assert min(float(accuracy) for _, accuracy, _, _ in rows[1:]) > 50  # every step learns digits
    chosen = re.search(r"chosen on validation: (.+)", lenet)[1]
    assert float(dict((name, accuracy) for name, accuracy, _, _ in rows)[chosen]) == max(float(row[1]) for row in rows)
    verdicts = re.findall(r"points, spreads together +[\d.]+: (within the spread|better|worse)", lenet)
    assert len(verdicts) == 7


def test_overfitting_is_seen(regularisation):
    low, end = re.search(r"validation: lowest ([\d.]+) after epoch \d+, ([\d.]+) after", regularisation).groups()
    assert float(end) > float(low)
    assert 784 * 120 + 120 + 120 * 84 + 84 + 84 * 10 + 10 == 105_214
    assert "105,214 parameters for " in regularisation


def test_remedies_are_told_apart_by_the_weights(regularisation):
    row = r"^(nothing|L1|L2|elastic net|max norm|dropout) +([\d.]+)% +([\d.]+) +([\d.]+)$"
    rows = re.findall(row, regularisation, flags=re.MULTILINE)
    zero, _, length = ({name: float(row[i]) for name, *row in rows} for i in range(3))
    assert len(rows) == 6
    assert min(zero["L1"], zero["elastic net"]) > zero["nothing"] + 20
    assert length["max norm"] <= 0.7505 < length["nothing"] and length["L2"] < length["nothing"]


def test_the_best_weights_are_restored_and_saved(regularisation):
    best, now, disk = re.search(r"best epoch ([\d.]+), now ([\d.]+), from disk ([\d.]+)", regularisation).groups()
    assert float(now) == pytest.approx(float(best), rel=2e-3) and disk == now


def test_the_lecture_killed_a_training_and_finished_it(regularisation):
    code, epochs = re.search(r"exit code (-?\d+): killed. Epochs in the log: \[([\d, ]+)\]", regularisation).groups()
    assert int(code) != 0 and 3 <= len(epochs.split(", ")) < 6
    assert f"exit code 0: finished. Epochs in the log: {list(range(6))}" in regularisation


@pytest.fixture(scope="module")
def script(executed, tmp_path_factory):
    """The lecture's own function as a script, in a folder with images to train on."""
    cells = [cell.source for cell in executed(REGULARISATION).cells if cell.source.startswith("def resumable(")]
    assert len(cells) == 1
    function = cells[0].split("\n\n\nSCRIPT")[0]
    path = tmp_path_factory.mktemp("script") / "train.py"
    path.write_text(f"import sys\n\n\n{function}\n\n\nresumable(sys.argv[1], int(sys.argv[2]))\n", encoding="utf-8")
    return path


def run(script, folder, epochs, kill_after=None):
    """Exit code of the script; it is killed as soon as `kill_after` epochs are finished."""
    with (
        open(folder / "messages.txt", "a", encoding="utf-8") as messages,
        subprocess.Popen(
            [sys.executable, str(script), str(folder), str(epochs)], stdout=subprocess.PIPE, stderr=messages, text=True
        ) as process,
    ):
        for line in process.stdout:
            if kill_after is not None and int(line) + 1 >= kill_after:
                process.kill()
                break
    return process.returncode


def log_of(folder):
    with open(folder / "log.csv", newline="", encoding="utf-8") as file:
        return [(int(row["epoch"]), float(row["loss"])) for row in csv.DictReader(file)]


def test_a_killed_training_resumes_where_it_was(script, tmp_path):
    generator = np.random.default_rng(0)
    labels = np.arange(600) % 10
    images = (generator.normal(size=(10, 28, 28, 1))[labels] + generator.normal(size=(600, 28, 28, 1))).astype("float32")
    killed, calm = tmp_path / "killed", tmp_path / "calm"
    for folder in (killed, calm):
        folder.mkdir()
        np.savez(folder / "digits.npz", x=images, y=labels)

    assert run(script, killed, 5, kill_after=2) != 0
    before = log_of(killed)
    assert 2 <= len(before) < 5 and (killed / "backup" / "training_metadata.json").exists()
    assert run(script, killed, 5) == 0, (killed / "messages.txt").read_text(encoding="utf-8")
    after = log_of(killed)
    assert after[: len(before)] == before  # the log goes on, it does not begin again
    assert len(after) - len(before) <= 5 - len(before) + 1  # it did not train from the start
    assert list(dict(after)) == [0, 1, 2, 3, 4]
    assert not (killed / "backup").exists()

    assert run(script, calm, 5) == 0
    np.testing.assert_allclose(list(dict(after).values()), list(dict(log_of(calm)).values()), rtol=0.02)
