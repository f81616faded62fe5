"""The examiner of data sets: clean folders raise no alarm, and each planted fault is named, with its files.

The clean folders are pictures of the embedded samples. Each fault is planted alone, so that a test that fails says which.
"""

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from helpers import dataset
from helpers.data import load
from helpers.dataset import labels
from helpers.dataset.dirty import _dirty

SIZES = {"train": 24, "validation": 7, "test": 7}  # pictures of each class


def build(home, name, classes):
    """A folder with parts and classes, and a licence: nothing is wrong with it."""
    data = load(name, source="sample")
    images = np.concatenate([data.train.images, data.test.images])
    given = np.concatenate([data.train.labels, data.test.labels])
    for label in classes:
        rows = iter(np.flatnonzero(given == label))
        for part, count in SIZES.items():
            folder = home / part / data.class_names[label]
            folder.mkdir(parents=True)
            for number in range(count):
                Image.fromarray(images[next(rows)].squeeze()).resize((64, 64), Image.Resampling.BICUBIC).save(
                    folder / f"{number:03d}.png"
                )
    (home / "LICENSE").write_text("CC BY 4.0\n")
    return home


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return build(tmp_path_factory.mktemp("clean") / "things", "cifar10", (1, 6, 8))


@pytest.fixture
def home(clean, tmp_path):
    return shutil.copytree(clean, tmp_path / "my pictures für alle")


def bytes_of(folder):
    """Every file and what is in it."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


FAULTS = {}


def fault(kind, *files, note=False):
    """Note a function that plants a fault, and what the examiner must say: the kind, and files that it must name."""

    def register(plant):
        FAULTS[plant.__name__] = (plant, kind, files, note)
        return plant

    return register


def picture(home, name="train/ship/000.png"):
    return Image.open(home / name).convert("RGB")


# The files.
@fault("unreadable", "train/ship/000.png")
def cut_off_in_the_middle(home):
    path = home / "train/ship/000.png"
    path.write_bytes(path.read_bytes()[:-900])


@fault("unreadable", "train/ship/broken.jpg")
def a_jpeg_cut_off(home):
    data = io.BytesIO()
    picture(home).resize((300, 300)).save(data, "JPEG")
    (home / "train/ship/broken.jpg").write_bytes(data.getvalue()[:2000])


@fault("empty-file", "test/frog/000.png")
def no_bytes(home):
    (home / "test/frog/000.png").write_bytes(b"")


@fault("not-an-image", "train/frog/a.jpg")
def an_error_page(home):
    (home / "train/frog/a.jpg").write_text("<!DOCTYPE html><title>404</title>")


@fault("not-an-image", "train/frog/a.jpg")
def the_answer_of_a_server(home):
    (home / "train/frog/a.jpg").write_text(json.dumps({"error": "quota"}))


@fault("not-an-image", "train/frog/a.png")
def random_bytes(home):
    (home / "train/frog/a.png").write_bytes(np.random.default_rng(0).bytes(4000))


@fault("wrong-extension", "train/frog/001.jpg")
def a_png_called_jpg(home):
    (home / "train/frog/001.png").rename(home / "train/frog/001.jpg")


@fault("wrong-extension", "train/frog/001.dat")
def a_png_without_its_ending(home):
    (home / "train/frog/001.png").rename(home / "train/frog/001.dat")


@fault("unsupported", "train/frog/x.heic", note=True)
def a_photograph_of_an_iphone(home):
    (home / "train/frog/x.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(200))


@fault("unsupported", "train/frog/x.svg", note=True)
def a_drawing(home):
    (home / "train/frog/x.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')


@fault("unsupported", "train/frog/x.tiff", note=True)
def a_tiff(home):
    picture(home, "train/frog/001.png").rotate(9).save(home / "train/frog/x.tiff")


@fault("animated", "train/frog/x.gif")
def an_animation(home):
    frames = [picture(home, f"train/frog/00{number}.png").filter(ImageFilter.EMBOSS) for number in range(3)]
    frames[0].save(home / "train/frog/x.gif", save_all=True, append_images=frames[1:])


@fault("cmyk", "train/frog/x.jpg")
def printing_colours(home):
    picture(home, "train/frog/001.png").filter(ImageFilter.EMBOSS).convert("CMYK").save(home / "train/frog/x.jpg")


@fault("sixteen-bit", "train/frog/x.png")
def sixteen_bits(home):
    values = np.asarray(picture(home, "train/frog/001.png").filter(ImageFilter.EMBOSS).convert("L")).astype(np.uint16) * 257
    Image.fromarray(values).save(home / "train/frog/x.png")


@fault("transparent", "train/frog/001.png", note=True)
def see_through(home):
    image = picture(home, "train/frog/001.png").convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(home / "train/frog/001.png")


@fault("rotated", "train/frog/x.jpg")
def lying_on_its_side(home):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(home, "train/frog/001.png").filter(ImageFilter.EMBOSS).save(home / "train/frog/x.jpg", exif=exif)


@fault("blank", "train/frog/001.png")
def one_colour(home):
    Image.new("RGB", (64, 64), "black").save(home / "train/frog/001.png")


@fault("tiny", "train/frog/001.png")
def too_small(home):
    picture(home, "train/frog/001.png").resize((12, 9)).save(home / "train/frog/001.png")


@fault("outside-link", "train/frog/x.png")
def a_link_that_leaves(home):
    (home.parent / "elsewhere.png").write_bytes((home / "train/frog/001.png").read_bytes())
    (home / "train/frog/x.png").symlink_to(home.parent / "elsewhere.png")


@fault("outside-link", "train/frog/x.png")
def a_link_to_nothing(home):
    (home / "train/frog/x.png").symlink_to("gone.png")


@fault("outside-link", "train/more")
def a_folder_elsewhere(home):
    (home.parent / "more").mkdir()
    (home / "train/more").symlink_to(home.parent / "more")


@fault("outside-link", "train/x.png")
def a_link_in_a_circle(home):
    (home / "train/x.png").symlink_to("x.png")


@fault("link", "train/frog/x.png")
def a_link_to_a_neighbour(home):
    (home / "train/frog/x.png").symlink_to("001.png")


@fault("junk", "train/frog/Thumbs.db", note=True)
def left_behind(home):
    (home / "train/frog/Thumbs.db").write_bytes(b"x")


@fault("junk", "__MACOSX", note=True)
def left_behind_by_zip(home):
    shutil.copytree(home / "train", home / "__MACOSX" / "train")


@fault("name-clash", "train/frog/X.png", "train/frog/x.png")
def capitals(home):
    picture(home, "train/frog/001.png").filter(ImageFilter.EMBOSS).save(home / "train/frog/x.png")
    picture(home, "train/frog/002.png").filter(ImageFilter.EMBOSS).save(home / "train/frog/X.png")


@fault("name-clash")
def two_spellings_of_an_accent(home):
    for number, form in enumerate(("NFC", "NFD")):
        name = unicodedata.normalize(form, "größe.png")
        picture(home, f"train/frog/00{number}.png").filter(ImageFilter.EMBOSS).save(home / "train/frog" / name)


# Classes and parts.
@fault("one-class")
def a_single_class(home):
    for part in SIZES:
        shutil.rmtree(home / part / "frog")
        shutil.rmtree(home / part / "ship")


@fault("no-labels", "000.png")
def no_class_folders(home):
    for path in (home / "train/frog").iterdir():
        path.rename(home / path.name)
    for part in SIZES:
        shutil.rmtree(home / part)


@fault("twin-classes", "Frogs", "frog")
def the_same_class_twice(home):
    (home / "train/Frogs").mkdir()
    for number in range(12):
        (home / f"train/frog/{number:03d}.png").rename(home / f"train/Frogs/{number:03d}.png")


@fault("empty-class", "train/horse")
def an_empty_folder(home):
    (home / "train/horse").mkdir()


@fault("missing-class")
def a_class_without_a_test(home):
    shutil.rmtree(home / "test/frog")


@fault("imbalance")
def one_class_much_larger(home):
    for part in SIZES:
        for path in sorted((home / part / "frog").iterdir())[2:]:
            path.unlink()


# Doubles and leaks.
@fault("duplicates", "train/ship/000.png", "train/ship/copy.png")
def the_same_bytes(home):
    shutil.copy(home / "train/ship/000.png", home / "train/ship/copy.png")


@fault("duplicates", "train/ship/000.png", "train/ship/copy.bmp")
def the_same_pixels(home):
    picture(home).save(home / "train/ship/copy.bmp")


@fault("leak", "train/ship/000.png", "test/ship/copy.png")
def a_copy_in_the_test(home):
    shutil.copy(home / "train/ship/000.png", home / "test/ship/copy.png")


@fault("leak", "train/ship/000.png", "validation/ship/copy.bmp")
def the_same_pixels_in_validation(home):
    picture(home).save(home / "validation/ship/copy.bmp")


@fault("same-part")
def validation_is_the_test(home):
    shutil.rmtree(home / "validation")
    shutil.copytree(home / "test", home / "validation")


@fault("conflicting-labels", "train/ship/000.png", "train/frog/copy.png")
def one_picture_two_labels(home):
    shutil.copy(home / "train/ship/000.png", home / "train/frog/copy.png")


def _changed(home, change, to="test/ship/copy.png"):
    change(picture(home)).save(home / to)


@fault("near-leak", "train/ship/000.png", "test/ship/copy.jpg")
def saved_anew(home):
    picture(home).save(home / "test/ship/copy.jpg", quality=40)


@fault("near-leak", "train/ship/000.png", "test/ship/copy.png")
def scaled(home):
    _changed(home, lambda image: image.resize((40, 40)))


@fault("near-leak", "train/ship/000.png", "test/ship/copy.png")
def brighter(home):
    _changed(home, lambda image: ImageEnhance.Brightness(image).enhance(1.3))


@fault("near-leak", "train/ship/000.png", "test/ship/copy.png")
def without_colour(home):
    _changed(home, lambda image: image.convert("L"))


@fault("near-leak", "train/ship/000.png", "test/ship/copy.png")
def mirrored(home):
    _changed(home, lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


@fault("near-leak", "train/ship/000.png", "test/ship/copy.png")
def turned(home):
    _changed(home, lambda image: image.rotate(90))


@fault("near-leak", "train/ship/000.png", "test/ship/copy.png")
def cut_smaller(home):
    _changed(home, lambda image: image.crop((4, 3, 62, 61)).resize((64, 64)))


@fault("near-leak", "train/ship/000.png", "test/ship/copy.png")
def in_a_frame(home):
    def framed(image):
        ImageDraw.Draw(image).rectangle((0, 0, 63, 63), outline="white", width=7)
        return image

    _changed(home, framed)


@fault("near-leak", "train/ship/000.png", "test/ship/copy.png")
def with_noise(home):
    noise = np.random.default_rng(0).normal(0, 8, (64, 64, 3))
    _changed(home, lambda image: Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8)))


@fault("near-twins", "train/ship/000.png", "train/ship/copy.png")
def nearly_the_same_in_one_part(home):
    _changed(home, lambda image: image.filter(ImageFilter.GaussianBlur(0.8)), "train/ship/copy.png")


@fault("conflicting-labels", "train/ship/000.png", "train/frog/copy.png")
def nearly_the_same_under_two_labels(home):
    _changed(home, lambda image: image.resize((40, 40)), "train/frog/copy.png")


# Shortcuts.
@fault("shortcut-file")
def one_class_is_larger(home):
    for path in home.glob("*/frog/*.png"):
        picture(home, path).resize((96, 64)).save(path)


@fault("shortcut-file")
def one_class_in_another_format(home):
    for path in home.glob("*/frog/*.png"):
        picture(home, path).save(path.with_suffix(".bmp"))
        path.unlink()


@fault("shortcut-file")
def one_class_from_another_camera(home):
    exif = Image.Exif()
    exif[0x0110] = "Camera 2"
    for path in home.glob("*/*/*.png"):
        picture(home, path).save(path.with_suffix(".jpg"), quality=90, **({"exif": exif} if path.parent.name == "frog" else {}))
        path.unlink()


@fault("shortcut-border", "train/frog/000.png")
def a_mark_in_the_corner(home):
    for path in home.glob("*/frog/*.png"):
        image = picture(home, path)
        ImageDraw.Draw(image).rectangle((50, 50, 63, 63), fill="yellow", outline="black")
        image.save(path)


@fault("shortcut-border", "train/frog/000.png")
def a_mark_in_every_second_picture(home):
    for path in sorted(home.glob("*/frog/*.png"))[1::2]:
        image = picture(home, path)
        ImageDraw.Draw(image).rectangle((0, 0, 12, 9), fill="red")
        image.save(path)


@fault("shortcut-border", "train/ship/000.png")
def a_frame(home):
    for path in home.glob("*/ship/*.png"):
        image = picture(home, path)
        ImageDraw.Draw(image).rectangle((0, 0, 63, 63), outline="white", width=9)
        image.save(path)


@fault("shortcut-colour")
def each_class_in_its_own_light(home):
    for label, tint in {"frog": (0.35, 1, 0.5), "ship": (0.3, 0.5, 1), "automobile": (1, 0.45, 0.3)}.items():
        for path in home.glob(f"*/{label}/*.png"):
            Image.fromarray((np.asarray(picture(home, path)) * tint).astype(np.uint8)).save(path)


# Rights and records.
def _manifest(home, change=lambda rows: rows, **more):
    """Write a manifest of all pictures, changed by `change`."""
    rows = []
    for path in sorted(home.glob("*/*/*.png")):
        name = path.relative_to(home).as_posix()
        rows.append({"path": name, "label": name.split("/")[1], "part": name.split("/")[0], "licence": "CC BY 4.0"})
        rows[-1]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        rows[-1] |= {column: value(name) for column, value in more.items()}
    rows = change(rows)
    with open(home / "manifest.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


@fault("no-licence")
def no_word_on_rights(home):
    (home / "LICENSE").unlink()


@fault("licence-missing", "train/ship/003.png")
def some_without_a_licence(home):
    (home / "LICENSE").unlink()
    _manifest(
        home,
        lambda rows: [{**row, "licence": "unknown" if row["path"] == "train/ship/003.png" else row["licence"]} for row in rows],
    )


@fault("unlisted", "train/ship/003.png")
def a_picture_that_is_not_listed(home):
    _manifest(home, lambda rows: [row for row in rows if row["path"] != "train/ship/003.png"])


@fault("missing-file", "train/ship/003.png")
def a_listed_picture_that_is_gone(home):
    _manifest(home)
    (home / "train/ship/003.png").unlink()


@fault("changed-file", "train/ship/003.png")
def other_bytes_than_listed(home):
    _manifest(home)
    picture(home, "train/ship/003.png").filter(ImageFilter.EMBOSS).save(home / "train/ship/003.png")


@fault("listed-twice", "train/ship/003.png")
def a_line_too_many(home):
    _manifest(home, lambda rows: [*rows, next(row for row in rows if row["path"] == "train/ship/003.png")])


@fault("group-leak", "train/ship/001.png", "test/ship/001.png")
def the_same_ship_in_two_parts(home):
    _manifest(home, group=lambda name: "Titanic" if name in ("train/ship/001.png", "test/ship/001.png") else name)


def test_there_are_at_least_forty_faults_and_every_kind_has_one(clean):
    assert len(FAULTS) >= 40
    elsewhere = {"too-large", "no-pictures", "few", "doubtful-labels"}  # tests of their own, below
    assert {kind for _, kind, _, _ in FAULTS.values()} | elsewhere == set(dataset.KINDS)


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named_with_its_files(home, name):
    plant, kind, files, note = FAULTS[name]
    plant(home)
    before = bytes_of(home)
    report = dataset.examine(home, kind="hog")
    found = [one for one in report.findings if one.kind == kind]
    assert len(found) == 1, f"{kind} not among {[one.kind for one in report.findings]}"
    assert found[0].note == note
    named = {path for together in found[0].files for path in together}
    assert set(files) <= named, named
    assert bytes_of(home) == before, "the examiner must not change anything"


@pytest.mark.parametrize(
    ("name", "classes"), [("cifar10", (1, 6, 8)), ("cifar10", (3, 5)), ("mnist", range(5)), ("fashion_mnist", (0, 1, 5, 7, 8))]
)
def test_a_clean_folder_raises_no_alarm(tmp_path, name, classes):
    report = dataset.examine(build(tmp_path / "clean", name, classes), kind="hog")
    assert [found.kind for found in report.faults] == []
    assert "No faults found." in str(report)


def test_wrong_labels_are_counted_and_found(tmp_path):
    home = build(tmp_path / "digits", "mnist", range(5))
    rng = np.random.default_rng(3)
    pictures = sorted(home.glob("*/*/*.png"))
    wrong = set()
    for path in rng.choice(pictures, 19, replace=False):  # one in ten
        other = rng.choice([name for name in "01234" if name != path.parent.name])
        moved = path.parents[1] / other / f"moved-{path.parent.name}-{path.name}"
        path.rename(moved)
        wrong.add(moved.relative_to(home).as_posix())
    (found,) = [one for one in dataset.examine(home, kind="hog").findings if one.kind == "doubtful-labels"]
    named = [path for (path,) in found.files]
    assert len(set(named) & wrong) >= 0.9 * len(wrong) and len(named) <= 1.4 * len(wrong)
    audit = labels.audit(*_numbers(home))
    low, high = audit.interval
    assert low <= 0.1 <= high


def _numbers(home):
    from helpers.dataset import features

    found = dataset.scan(home)
    return features.describe(found, "hog")[0], found.labels


def test_a_part_within_another_is_told_with_both_numbers(home):
    """As in a set of cats and dogs that is passed around: what is called validation lies within training."""
    shutil.rmtree(home / "validation")
    for label in ("automobile", "frog", "ship"):
        (home / "validation" / label).mkdir(parents=True)
        for path in sorted((home / "train" / label).iterdir())[:6]:
            shutil.copy(path, home / "validation" / label)
    (found,) = [one for one in dataset.examine(home, kind="hog").faults if one.kind == "same-part"]
    assert found.text == "18 of the 18 pictures of validation are also in train, which has 72."


def test_copies_do_not_judge_each_other(tmp_path):
    """A model that was trained on a picture's twin knows its label by heart: both lie in the same fold."""
    rng = np.random.default_rng(5)
    for number in range(60):
        folder = tmp_path / "ab"[number % 2]
        folder.mkdir(exist_ok=True)
        noise = Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).resize((64, 64), Image.Resampling.BICUBIC)
        noise.save(folder / f"{number}.png")
        ImageEnhance.Brightness(noise).enhance(0.8).save(folder / f"{number} darker.png")
    report = dataset.examine(tmp_path, kind="hog")
    (twins,) = [found for found in report.faults if found.kind == "near-twins"]
    assert len(twins.files) == 60
    assert any(why.startswith("doubtful labels: a model") for why in report.left_out), report


def test_what_is_known_only_to_a_stronger_model_is_not_claimed(tmp_path):
    """Histograms of gradients get cats and dogs right hardly more often than not, so nobody is contradicted."""
    report = dataset.examine(build(tmp_path / "animals", "cifar10", (3, 5)), kind="hog")
    assert any("they say too little about these classes" in why for why in report.left_out)


def test_a_folder_without_a_picture(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    assert [found.kind for found in dataset.examine(tmp_path).faults] == ["no-pictures"]


def test_a_thousand_classes(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(1000):
        (tmp_path / f"class {number}").mkdir()
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8)).save(tmp_path / f"class {number}" / "1.png")
    report = dataset.examine(tmp_path)
    (few,) = [found for found in report.findings if found.kind == "few"]
    assert few.text.startswith("1,000 of 1,000 classes")
    assert any(why.startswith("doubtful labels: fewer than two classes") for why in report.left_out)


def test_a_picture_that_would_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    (tmp_path / "a").mkdir()
    Image.new("RGB", (50, 50)).save(tmp_path / "a" / "1.png")
    assert "too-large" in [found.kind for found in dataset.examine(tmp_path).faults]


def test_a_picture_with_sixteen_bits_keeps_its_brightness(tmp_path):
    Image.fromarray(np.linspace(0, 65535, 1600).astype(np.uint16).reshape(40, 40)).save(tmp_path / "ramp.png")
    thumbnail = dataset.scan(tmp_path).thumbnails[0]
    brightness = thumbnail.mean(axis=(1, 2))
    assert brightness[0] < 10 and brightness[-1] > 245 and (np.diff(brightness) >= 0).all()


def test_the_orientation_of_a_photograph_is_obeyed(tmp_path):
    image = Image.fromarray(np.repeat(np.arange(0, 250, 5, np.uint8)[:, None], 80, axis=1))  # 80 wide, dark at the top
    exif = Image.Exif()
    exif[0x0112] = 3  # stored upside down
    image.rotate(180).save(tmp_path / "photo.jpg", exif=exif)
    thumbnail = dataset.scan(tmp_path).thumbnails[0]
    assert thumbnail[2].mean() < 30 < 200 < thumbnail[-3].mean()


def test_labels_and_parts_from_the_manifest_have_the_last_word(home):
    _manifest(home, lambda rows: [{**row, "label": "boat" if row["label"] == "ship" else row["label"]} for row in rows])
    assert set(dataset.scan(home).labels) == {"automobile", "boat", "frog"}


def test_a_manifest_written_by_a_spreadsheet(home):
    _manifest(home)
    text = (home / "manifest.csv").read_text(encoding="utf-8").replace(",", ";").replace("path;label;part", "File;Class;Split")
    (home / "manifest.csv").write_text("\ufeff" + text, encoding="utf-8")
    report = dataset.examine(home, kind="hog")
    assert [found.kind for found in report.faults] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"a,b\n1,2\n", "has no column path"),
        ("path,label\nä.png,x\n".encode("latin-1"), "is not UTF-8"),
        (b"path,label\n,x\n", "line 2: the path is missing"),
        (b"", "has no column path"),
    ],
)
def test_a_manifest_that_cannot_be_read(tmp_path, text, says):
    (tmp_path / "manifest.csv").write_bytes(text)
    with pytest.raises(dataset.ManifestError, match=says):
        dataset.examine(tmp_path)


def test_a_written_manifest_is_read_back_and_never_written_over(home, tmp_path):
    found = dataset.scan(home)
    target = tmp_path / "manifest.csv"
    dataset.write_manifest(found.pictures, target)
    report = dataset.examine(home, target, kind="hog")
    assert not {"unlisted", "missing-file", "changed-file"} & {one.kind for one in report.findings}
    with pytest.raises(FileExistsError, match="choose another name"):
        dataset.write_manifest(found.pictures, target)


def test_groups_come_out_of_the_names(home):
    (home / "train/ship/001.png").rename(home / "train/ship/boat7_a.png")
    (home / "test/ship/001.png").rename(home / "test/ship/boat7_b.png")
    report = dataset.examine(home, kind="hog", group=r"boat(\d+)_")
    assert "group-leak" in [found.kind for found in report.faults]
    with pytest.raises(ValueError, match="one pair of brackets"):
        dataset.examine(home, group="boat")
    with pytest.raises(ValueError, match="not a regular expression"):
        dataset.examine(home, group="(")


def test_the_command(home):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "helpers.dataset", *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "100"},
        )

    fine = run("examine", str(home), "--features", "hog")
    assert fine.returncode == 0 and "No faults found." in fine.stdout
    one_colour(home)
    wrong = run("examine", str(home), "--features", "hog")
    assert wrong.returncode == 1 and "train/frog/001.png" in wrong.stdout and "What to do:" in wrong.stdout
    nowhere = run("examine", str(home / "nothing"))
    assert nowhere.returncode == 2 and "there is no folder" in nowhere.stderr and "Traceback" not in nowhere.stderr
    made = run("manifest", str(home), "--output", str(home.parent / "m.csv"))
    assert made.returncode == 0
    assert len(Path(home.parent / "m.csv").read_text().splitlines()) == 1 + 3 * sum(SIZES.values())


# --- a dirty data set to practise on ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_what_is_planted_is_all_that_is_wrong(seed):
    made = dataset.dirty(seed)
    _dirty.cache_clear()
    assert made == dataset.dirty(seed) and made.files != dataset.dirty(seed + 1).files
    sides = {part: {path: data for path, data in made.files.items() if path.startswith(part)} for part in ("train", "test")}
    held = set(sides["test"].values())
    assert made.planted["copies"] == sorted(path for path, data in sides["train"].items() if data in held)
    series = [{path.split("/")[2].split("-")[0] for path in some} for some in sides.values()]
    assert made.planted["series"] == sorted(set.intersection(*series))
    corrupt, misnamed = [], []
    for path, data in made.files.items():
        try:
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                if image.format != "PNG":
                    misnamed.append(path)
        except OSError:
            corrupt.append(path)
    assert made.planted["corrupt"] == corrupt and made.planted["misnamed"] == misnamed
    assert all(made.truth[path] != path.split("/")[1] for path in made.planted["labels"]) and len(made.truth) == 9


def test_who_changes_a_dirty_folder_changes_no_other():
    made, other = dataset.dirty(0), dataset.dirty(0)
    made.files.clear()
    made.planted["copies"].clear()
    made.truth.clear()
    assert len(other.planted["copies"]) == 8 and dataset.dirty(0) == other and other.files and other.truth


def test_a_score_counts_what_was_named_and_what_is_there():
    planted = {"a": ["1", "2", "3", "4"], "b": [], "c": ["5"]}
    scores = dataset.score({"a": ["1", "2", "9", "9"], "b": ["7"]}, planted)
    assert scores["a"] == (pytest.approx(2 / 3), 0.5)
    assert scores["b"] == (0.0, 1.0) and scores["c"] == (1.0, 0.0)
    with pytest.raises(ValueError, match="no kind of fault: d; there are a, b, c"):
        dataset.score({"d": []}, planted)
