"""A dirty data set to practise on: small pictures of the embedded sample, with faults that were planted, and so are known."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageEnhance

CLASSES = ("airplane", "frog")
PER_CLASS = {"train": 60, "test": 24}  # pictures, in series of 4
SERIES = 4
PLANTED = {"corrupt": 6, "misnamed": 6, "copies": 8, "twins": 8, "labels": 9, "series": 4}  # how many of each kind
SIDE = 64  # pixels


class Dirty(NamedTuple):
    """A data set and what is wrong with it.

    Attributes
    ----------
    files : dict of str to bytes
        Path, such as ``"train/frog/k07-2.png"``, to what the file holds. ``k07`` is the series: pictures that were taken
        together.
    planted : dict of str to list of str
        Kind of fault to what has it: paths, or for ``"series"`` their names.
    truth : dict of str to str
        Path of each picture whose label is wrong to the right one.
    """

    files: dict[str, bytes]
    planted: dict[str, list[str]]
    truth: dict[str, str]


def dirty(seed: int = 0) -> Dirty:
    """Make a dirty data set; the same number makes the same one.

    Parameters
    ----------
    seed : int

    Returns
    -------
    Dirty
        ``"corrupt"`` files cannot be read; ``"misnamed"`` ones are JPEG files that are called ``.png``. ``"copies"`` are
        training files with the bytes of a test file, ``"twins"`` are training pictures that are a test picture saved anew,
        made brighter or smaller. ``"labels"`` lie in the folder of a wrong class, and ``"series"`` are on both sides.

    Examples
    --------
    >>> made = dirty(0)
    >>> len(made.planted["copies"]), made.files == dirty(0).files
    (8, True)
    """
    made = _dirty(seed)
    return Dirty(dict(made.files), {kind: list(found) for kind, found in made.planted.items()}, dict(made.truth))


@functools.lru_cache(maxsize=16)  # a notebook asks for the same few again and again; each takes about one megabyte
def _dirty(seed):
    from helpers.data import load

    dice = np.random.default_rng([seed, 9])
    sample = load("cifar10", source="sample")
    pictures, names = np.concatenate([sample.train.images, sample.test.images]), np.array(sample.class_names)
    labels = names[np.concatenate([sample.train.labels, sample.test.labels])]
    files: dict[str, bytes] = {}
    number = 0
    for label in CLASSES:
        rows = iter(dice.permutation(np.flatnonzero(labels == label)))
        for part, count in PER_CLASS.items():
            for start in range(0, count, SERIES):
                number += 1
                for shot in range(min(SERIES, count - start)):
                    files[f"{part}/{label}/k{number:02d}-{shot}.png"] = _png(_picture(pictures[next(rows)]))
    planted: dict[str, list[str]] = {kind: [] for kind in PLANTED}
    truth: dict[str, str] = {}
    untouched = list(dice.permutation(sorted(files)))

    def take(part):
        path = next(path for path in untouched if path.startswith(part))
        untouched.remove(path)
        return str(path)

    for _ in range(PLANTED["labels"]):
        path = take("train")
        right = path.split("/")[1]
        wrong = str(dice.choice([label for label in CLASSES if label != right]))
        moved = _next_name(files, "train", wrong, dice)
        files[moved] = files.pop(path)
        planted["labels"].append(moved)
        truth[moved] = right
    for kind in ("copies", "twins"):
        for turn in range(PLANTED[kind]):
            path = take("test")
            copy = _next_name(files, "train", path.split("/")[1], dice)
            files[copy] = files[path] if kind == "copies" else _changed(files[path], turn)
            planted[kind].append(copy)
    for turn in range(PLANTED["corrupt"]):
        path = take("test" if turn in (0, 4) else "train")  # no two of them are copies across the split
        page = f"<!DOCTYPE html>\n<html>404 Not Found: {path}</html>".encode()
        files[path] = (files[path][: len(files[path]) // 2], page, b"")[turn % 3]
        planted["corrupt"].append(path)
    for turn in range(PLANTED["misnamed"]):
        path = take("train" if turn % 2 else "test")
        files[path] = _jpeg(Image.open(io.BytesIO(files[path])), 92)
        planted["misnamed"].append(path)
    for _ in range(PLANTED["series"]):
        path = take("test")
        here = path.split("/")[2].split("-")[0]
        while here in planted["series"]:
            path = take("test")
            here = path.split("/")[2].split("-")[0]
        moved = path.replace("test/", "train/", 1)
        files[moved] = files.pop(path)
        planted["series"].append(here)
    return Dirty(
        dict(sorted(files.items())), {kind: sorted(found) for kind, found in planted.items()}, dict(sorted(truth.items()))
    )


class Score(NamedTuple):
    """How well faults were found.

    Attributes
    ----------
    precision : float
        Of what was named, the share that is a fault; 1 if nothing was named.
    recall : float
        Of the faults, the share that was named; 1 if there are none.
    """

    precision: float
    recall: float


def score(found: Mapping[str, Iterable[str]], planted: Mapping[str, Iterable[str]]) -> dict[str, Score]:
    """Compare what was found with what was planted.

    Parameters
    ----------
    found, planted : mapping of str to iterable of str
        Kind of fault to what has it. A kind that was not looked for counts as nothing found.

    Returns
    -------
    dict of str to Score
        For each planted kind.

    Raises
    ------
    ValueError
        If a kind was found that does not exist.

    Examples
    --------
    >>> score({"corrupt": ["a", "b"]}, {"corrupt": ["a"], "twins": ["c"]})
    {'corrupt': Score(precision=0.5, recall=1.0), 'twins': Score(precision=1.0, recall=0.0)}
    """
    if unknown := set(found) - set(planted):
        raise ValueError(f"no kind of fault: {', '.join(sorted(unknown))}; there are {', '.join(planted)}")
    scores = {}
    for kind, faults in planted.items():
        named, there = set(found.get(kind, ())), set(faults)
        right = len(named & there)
        scores[kind] = Score(right / len(named) if named else 1.0, right / len(there) if there else 1.0)
    return scores


def _picture(pixels):
    return Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def _png(image):
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def _jpeg(image, quality):
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return data.getvalue()


def _changed(data, turn):
    """A picture saved again with losses, made brighter, or smaller."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    if turn % 3 == 0:
        return _png(Image.open(io.BytesIO(_jpeg(image, 60))))
    if turn % 3 == 1:
        return _png(ImageEnhance.Brightness(image).enhance(1.25))
    return _png(image.resize((SIDE * 3 // 4, SIDE * 3 // 4), Image.Resampling.BILINEAR))


def _next_name(files, part, label, dice):
    """A new name in a series that is there already, so that the name gives nothing away."""
    series = sorted({path.rsplit("-", 1)[0] for path in files if path.startswith(f"{part}/{label}/")})
    stem = str(dice.choice(series))
    shot = 0
    while f"{stem}-{shot}.png" in files:
        shot += 1
    return f"{stem}-{shot}.png"
