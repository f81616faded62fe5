"""Labels on disk, agreement of two people, and the labelling tool's side in the kernel; its face is tested in JupyterLab."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import cohen_kappa_score

from helpers import labelling
from helpers.labelling import Labels, agreement, labeller
from tests import needs

CLASSES = ("cup", "plate")


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "my photos"
    (folder / "sub").mkdir(parents=True)
    for number in range(4):
        Image.new("RGB", (60 + number, 40), (60 * number, 10, 99)).save(folder / f"{number}.png")
    Image.new("L", (900, 700), 50).save(folder / "sub" / "ü 5.jpg")
    return folder


def send(tool, **message):
    tool._received(tool, message, [])


def test_every_decision_is_on_the_disk_and_the_last_one_counts(tmp_path):
    labels = Labels(tmp_path / "new folder" / "anna.csv", CLASSES)
    for path, label in [("1.jpg", "cup"), ('2,"x".jpg', "cup"), ("1.jpg", "plate"), ("3.jpg", "cup"), ("3.jpg", None)]:
        labels.give(path, label)
    again = Labels(labels.path, CLASSES)
    assert again.read() == {'2,"x".jpg': "cup", "1.jpg": "plate"}
    assert len(labels.path.read_text().splitlines()) == 6  # nothing is replaced


def test_a_line_that_was_never_finished_costs_nothing_else(tmp_path):
    labels = Labels(tmp_path / "anna.csv", CLASSES)
    labels.give("1.jpg", "cup")
    whole, line = labels.path.read_bytes(), b"2030-01-01T00:00:00.000+00:00,2.jpg,plate"
    for length in range(len(line) + 1):  # all but its end
        labels.path.write_bytes(whole + line[:length])
        assert labels.read() == {"1.jpg": "cup"}
        labels.give("3.jpg", "plate")
        assert labels.read()["1.jpg"] == "cup" and labels.read()["3.jpg"] == "plate"


def test_a_killed_writer_loses_at_most_the_line_it_was_writing(tmp_path):
    code = (
        "import sys, itertools; from helpers.labelling import Labels\n"
        "labels = Labels(sys.argv[1], ('cup', 'plate'))\n"
        "for number in itertools.count():\n    labels.give(str(number), 'cup'); print(number, flush=True)"
    )
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a.csv")], stdout=subprocess.PIPE, text=True)
        said = [int(writer.stdout.readline()) for _ in range(20)]
        writer.kill()
        writer.wait()
        found = Labels(tmp_path / "a.csv", CLASSES).read()
        assert {str(number) for number in said} <= set(found)


@pytest.mark.parametrize("classes", [(), ("cup",), ("cup", "cup"), ("cup", " ")])
def test_classes_that_make_no_sense(tmp_path, classes):
    with pytest.raises(ValueError, match="at least two classes"):
        Labels(tmp_path / "a.csv", classes)


def test_a_strangers_file_is_left_alone(tmp_path):
    (tmp_path / "a.csv").write_text("name,points\nada,3\n")
    with pytest.raises(ValueError, match="is no file of labels"):
        Labels(tmp_path / "a.csv", CLASSES)
    with pytest.raises(ValueError, match="no class 'bowl'"):
        Labels(tmp_path / "b.csv", CLASSES).give("1.jpg", "bowl")


def test_kappa_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    for _ in range(5):
        one = rng.choice(list("abc"), 60)
        two = np.where(rng.random(60) < 0.6, one, rng.choice(list("abc"), 60))
        found = agreement(dict(enumerate(one)), dict(enumerate(two)))
        assert found.kappa == pytest.approx(cohen_kappa_score(one, two))
        assert len(found.differ) == np.sum(one != two)


def test_the_interval_of_kappa_is_that_of_its_derivatives():
    """By the delta method, on a table that is not symmetric: the gradient of kappa and the variance of the counts."""
    counts = np.array([[60, 25, 3], [4, 30, 1], [9, 2, 16]])
    n = counts.sum()

    def kappa(shares):
        chance = shares.sum(1) @ shares.sum(0)
        return (np.trace(shares) - chance) / (1 - chance)

    shares, step, gradient = counts / n, 1e-6, np.zeros((3, 3))
    for place in np.ndindex(3, 3):
        moved = np.zeros((3, 3))
        moved[place] = step
        gradient[place] = (kappa(shares + moved) - kappa(shares - moved)) / (2 * step)
    spread = (np.sum(shares * gradient**2) - np.sum(shares * gradient) ** 2) / n
    pairs = [(str(i), str(j)) for i, j in np.ndindex(3, 3) for _ in range(counts[i, j])]
    low, high = agreement(dict(enumerate(one for one, _ in pairs)), dict(enumerate(two for _, two in pairs))).interval
    assert (high - low) / 2 == pytest.approx(1.959964 * np.sqrt(spread), rel=1e-4)


def test_the_interval_of_kappa_holds_in_nineteen_cases_of_twenty():
    """Two people name 200 pictures, many times over: how often the interval holds the kappa of their habits."""
    rng = np.random.default_rng(1)
    habits = np.array([[0.42, 0.06, 0.02], [0.05, 0.25, 0.02], [0.01, 0.03, 0.14]])
    chance = habits.sum(1) @ habits.sum(0)
    truth = (np.trace(habits) - chance) / (1 - chance)
    inside, turns = 0, 600
    for _ in range(turns):
        pairs = rng.choice(9, 200, p=habits.ravel())
        found = agreement(dict(enumerate(map(str, pairs // 3))), dict(enumerate(map(str, pairs % 3))))
        low, high = found.interval
        inside += low <= truth <= high
    assert 0.92 <= inside / turns <= 0.98


def test_who_always_agrees_and_who_gives_one_label_only():
    always = agreement({"1": "a", "2": "b"}, {"1": "a", "2": "b"})
    assert always.kappa == 1 and always.interval == (1, 1)
    alone = agreement({"1": "a", "2": "a"}, {"1": "a", "2": "a"})
    assert np.isnan(alone.kappa) and all(map(np.isnan, alone.interval))
    with pytest.raises(ValueError, match="no picture that both have labelled"):
        agreement({"1": "a"}, {"2": "a"})


def test_two_files_are_compared(tmp_path):
    for name, second in (("anna", "cup"), ("ben", "plate")):
        labels = Labels(tmp_path / f"{name}.csv", CLASSES)
        labels.give("1.jpg", "cup")
        labels.give("2.jpg", second)
        labels.give("3.jpg", "plate")
    found = agreement(tmp_path / "anna.csv", tmp_path / "ben.csv")
    assert found.differ == (("2.jpg", "cup", "plate"),)
    assert str(found).startswith("3 pictures, 67% with the same label; kappa 0.40 (95 % interval ")
    with pytest.raises(FileNotFoundError, match="no file of labels"):
        agreement(tmp_path / "anna.csv", tmp_path / "carl.csv")


def test_the_tool_goes_through_the_pictures_and_comes_back_where_it_was(photos, tmp_path):
    output = tmp_path / "anna.csv"
    tool = labeller(photos, CLASSES, by="anna", output=output)
    assert tool.shown["path"] == "0.png" and tool.shown["total"] == 5
    send(tool, do="label", path="0.png", label="cup")
    assert Labels(output, CLASSES).read() == {"0.png": "cup"}
    assert tool.shown["path"] == "1.png" and tool.shown["done"] == 1
    send(tool, do="forth")
    send(tool, do="label", path="2.png", label="plate")
    again = labeller(photos, CLASSES, by="anna", output=output)
    assert again.shown["path"] == "1.png" and again.labels == {"0.png": "cup", "2.png": "plate"}


def test_a_second_key_that_comes_too_soon_does_not_hit_the_next_picture(photos, tmp_path):
    tool = labeller(photos, CLASSES, by="anna", output=tmp_path / "a.csv")
    send(tool, do="label", path="0.png", label="cup")
    send(tool, do="label", path="0.png", label="plate")  # sent before the browser showed 1.png
    assert tool.labels == {"0.png": "cup"} and tool.shown["path"] == "1.png"


def test_a_change_of_mind_is_saved_and_can_be_undone(photos, tmp_path):
    tool = labeller(photos, CLASSES, by="anna", output=tmp_path / "a.csv")
    send(tool, do="label", path="0.png", label="cup")
    send(tool, do="back")
    send(tool, do="label", path="0.png", label="plate")
    assert tool.labels == {"0.png": "plate"}
    send(tool, do="undo")
    assert tool.labels == {"0.png": "cup"} and tool.shown["path"] == "0.png" and tool.shown["message"] == "taken back"
    send(tool, do="undo")
    assert tool.labels == {}
    send(tool, do="undo")  # nothing left to undo


def test_all_are_labelled(photos, tmp_path):
    tool = labeller(photos, CLASSES, by="anna", output=tmp_path / "a.csv")
    for _ in range(5):
        send(tool, do="label", path=tool.shown["path"], label="cup")
    assert tool.shown["done"] == 5 == len(tool.labels)


def test_what_cannot_be_saved_is_said_and_the_picture_stays(photos, tmp_path, monkeypatch):
    tool = labeller(photos, CLASSES, by="anna", output=tmp_path / "a.csv")

    def full(self, path, label):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Labels, "give", full)
    send(tool, do="label", path="0.png", label="cup")
    assert tool.shown["path"] == "0.png" and tool.shown["done"] == 0 and tool.shown["message"].startswith("NOT SAVED")


def test_a_damaged_picture_is_named_and_can_be_skipped(photos, tmp_path):
    (photos / "0.png").write_bytes(b"\x89PNG damaged")
    tool = labeller(photos, CLASSES, by="anna", output=tmp_path / "a.csv")
    assert tool.shown["picture"] == "" and "cannot be read" in tool.shown["message"]
    send(tool, do="forth")
    assert tool.shown["path"] == "1.png" and tool.shown["picture"].startswith("data:image/jpeg")


def test_a_large_photograph_comes_quickly(photos, tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (2000, 3000, 3), np.uint8)).save(photos / "0.png")
    tool = labeller(photos, CLASSES, by="anna", output=tmp_path / "a.csv")
    assert len(tool.shown["picture"]) < 600_000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"folder": "nowhere"}, "there is no folder"),
        ({"classes": [str(number) for number in range(40)]}, "keys for 33"),
        ({"by": "../anna"}, "cannot be part of a file name"),
    ],
)
def test_what_makes_no_sense_is_said(photos, tmp_path, change, says):
    wanted = {"folder": photos, "classes": CLASSES, "by": "anna", "output": tmp_path / "a.csv", **change}
    with pytest.raises((ValueError, NotADirectoryError), match=says):
        labeller(**wanted)


def test_a_folder_without_pictures(tmp_path):
    with pytest.raises(ValueError, match="there is no picture"):
        labeller(tmp_path, CLASSES, by="anna")


# --- on a page without a kernel ---------------------------------------------------------------------------


def test_the_page_plays_with_the_tool_itself():
    shown = labelling.play({"a/</script>.png": np.zeros((8, 8, 3), np.uint8)}, ("cup", "plate")).data
    assert shown.count("</script>") == 1 and shown.endswith("</script>")  # a name cannot end the script
    assert '[["1", "cup"], ["2", "plate"]]' in shown and "data:image/jpeg;base64," in shown
    assert "Label pictures by keyboard" in shown


def test_a_decision_on_a_page_is_kept_undone_and_never_hits_the_next_picture(tmp_path):
    needs.require("node")
    script = tmp_path / "play.mjs"
    source = (Path(labelling.__file__).with_name("playing.js")).read_text(encoding="utf-8")
    script.write_text(
        source + 'const model = playing([["1", "x"], ["2", "y"], ["3", "z"]], [["1", "cup"]]);\n'
        "const told = [];\n"
        'const tell = () => { const s = model.get("shown"); told.push([s.path, s.label, s.done]); };\n'
        'model.on("change:shown", tell);\n'
        'model.send({do: "label", path: "1", label: "cup"});\n'
        'model.send({do: "label", path: "1", label: "cup"});\n'  # a second key, meant for the picture before
        'model.send({do: "forth"});\n'
        'model.send({do: "undo"});\n'
        'model.send({do: "undo"});\n'
        "console.log(JSON.stringify(told));\n"
    )
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [["2", "", 1], ["2", "", 1], ["3", "", 1], ["1", "", 0], ["1", "", 0]]
