"""Which way of comparing finds which copies: bytes, pixels, two perceptual hashes, features, and the course's own."""

from __future__ import annotations

import functools
import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from helpers.experiments.studies import groceries
from helpers.experiments.study import Study, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORIGINALS, STRANGERS = 60, 300  # photographs that get a copy of each kind, and others that get none
ALARMS = 0.01  # share of the photographs without a copy that may be taken for one
DETECTORS = ("bytes", "pixels", "dHash", "pHash", "embedding", "examiner", "dHash, nearest", "embedding, nearest")


def _jpeg(image, quality):
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(io.BytesIO(data.getvalue())).convert("RGB")


def _cropped(image):
    side = image.width
    edge = round(0.075 * side)
    return image.crop((edge, edge, side - edge, side - edge)).resize(image.size, Image.Resampling.BICUBIC)


CHANGES = {
    "copied": lambda image: image,
    "another_format": lambda image: image,
    "saved_again": lambda image: _jpeg(image, 50),
    "half_size": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.BILINEAR),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "framed": lambda image: ImageOps.expand(image.resize((80, 80), Image.Resampling.BICUBIC), 8, "white"),
    "cropped": _cropped,
    "mirrored": ImageOps.mirror,
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
}


def study() -> Study:
    """Return the study."""
    return Study(
        name="twin-detectors",
        question="Which way of comparing pictures finds which copies?",
        varied="what is compared: bytes, pixels, a difference hash, a DCT hash (both 64 bits), features of MobileNetV2, and "
        "helpers.dataset.twins.near, which also tries mirrored, turned and cropped views; 'nearest': no limit, but whether the "
        "original is the nearest of all photographs that are no copies",
        tuned=f"the limits of the hashes and of the features, so that at most {ALARMS:.0%} of other photographs without a copy "
        "raise an alarm; nothing of the rest",
        fixed=f"groceries with doubles removed, 96 pixels; {ORIGINALS} photographs by seed get a copy of each of "
        f"{len(CHANGES)} kinds; {STRANGERS} others set the limits, and as many again count the alarms",
        settings=("detector",),
        measures=("found", "alarms", "limit", *CHANGES),
        plan=lambda rows: [{"detector": detector, "seed": seed} for detector in DETECTORS for seed in range(10)],
        run=run,
        level="detector",
        measure="found",
        tolerance=0.03,
    )


@functools.lru_cache(maxsize=1)
def _drawn(seed):
    """The photographs of a seed as images: originals, those that set the limits, those that count the alarms, and copies."""
    data = groceries.photographs()
    every = np.concatenate([data.train.images, data.validation.images, data.test.images])
    order = np.random.default_rng(seed).permutation(len(every))[: ORIGINALS + 2 * STRANGERS]
    images = [Image.fromarray(every[row]) for row in order]
    originals = images[:ORIGINALS]
    limits, alarms = images[ORIGINALS : ORIGINALS + STRANGERS], images[ORIGINALS + STRANGERS :]
    return originals, limits, alarms, {name: [change(image) for image in originals] for name, change in CHANGES.items()}


def run(task: Task) -> dict[str, Any]:
    """Look for the copies of each kind among the originals, and for alarms among the others."""
    originals, limits, alarms, copies = _drawn(task["seed"])
    detector = task["detector"]
    if detector in ("bytes", "pixels"):
        known = _sums(originals, detector)
        found = {
            name: float(np.mean([one == two for one, two in zip(known, _sums(some, detector, name), strict=True)]))
            for name, some in copies.items()
        }
        sums = _sums(alarms, detector)
        told, limit = float(np.mean([sums.count(one) > 1 for one in sums])), 0.0
    elif detector == "examiner":
        found, told, limit = _examined(originals, alarms, copies)
    elif detector.endswith(", nearest"):
        describe, distance = DISTANCES[detector.removesuffix(", nearest")]
        found = _first(describe, distance, originals + alarms, copies)
        told, limit = float("nan"), float("nan")
    else:
        describe, distance = DISTANCES[detector]
        known = describe(originals)
        limit = _limit(distance(describe(limits)))
        found = {
            name: float(np.mean([distance(known[row], vector) <= limit for row, vector in enumerate(describe(some))]))
            for name, some in copies.items()
        }
        told = float(np.mean(_others(distance(describe(alarms))) <= limit))
    return {
        "found": float(np.mean(list(found.values()))),
        "alarms": told,
        "limit": limit,
        **found,
        "multiply_adds": 0,
    }


def _sums(images, what, name="copied"):
    """Sums of what lies on the disk (JPEG, or PNG for another format), or of the pixels that come out of it."""
    sums = []
    for image in images:
        data = io.BytesIO()
        image.save(data, "PNG" if name == "another_format" else "TIFF")  # both keep the pixels as they are
        sums.append(hashlib.sha256(data.getvalue() if what == "bytes" else image.tobytes()).hexdigest())
    return sums


def dhash(images: list[Image.Image]) -> NDArray[np.bool_]:
    """Return 64 bits for each picture: is a cell of a 9 x 8 picture darker than its right neighbour?"""
    grey = np.array([np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), int) for image in images])
    return (grey[:, :, 1:] > grey[:, :, :-1]).reshape(len(images), -1)


def phash(images: list[Image.Image]) -> NDArray[np.bool_]:
    """Return 64 bits for each picture: which of the 64 slowest waves of its cosine transform are above their median?"""
    from scipy.fft import dctn

    grey = np.array([np.asarray(image.convert("L").resize((32, 32), Image.Resampling.BOX), float) for image in images])
    waves = dctn(grey, axes=(1, 2))[:, :8, :8].reshape(len(images), -1)
    return waves > np.median(waves, axis=1, keepdims=True)


def _embedded(images):
    pixels = np.array([np.asarray(image.resize((96, 96), Image.Resampling.BILINEAR)) for image in images])
    vectors = groceries.embed(pixels)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _bits(one, other=None):
    """How many bits differ: of two hashes, or of all pairs."""
    return (one[:, None] != one[None]).sum(axis=2) if other is None else float(np.sum(one != other))


def _angle(one, other=None):
    """One minus the cosine: of two vectors, or of all pairs."""
    return 1 - one @ one.T if other is None else float(1 - one @ other)


DISTANCES = {"dHash": (dhash, _bits), "pHash": (phash, _bits), "embedding": (_embedded, _angle)}


def _first(describe, distance, known, copies):
    """How often the original is the nearest of the known photographs."""
    vectors, found = describe(known), {}
    for name, some in copies.items():
        far = distance(np.concatenate([vectors, describe(some)]))[len(known) :, : len(known)]
        found[name] = float(np.mean(far.argmin(axis=1) == np.arange(len(some))))
    return found


def _others(distances):
    """How far the nearest other one is."""
    far = np.array(distances, float)
    np.fill_diagonal(far, np.inf)
    return far.min(axis=1)


def _limit(distances):
    """The largest distance that occurs within which at most the allowed share has a neighbour; just below 0 if there is none."""
    nearest = np.sort(_others(distances))
    allowed = int(ALARMS * len(nearest))
    below = nearest[nearest < nearest[allowed]]
    return float(below[-1]) if len(below) else float(nearest[0]) / 2


def _examined(originals, alarms, copies):
    """What the course's own way finds, one kind of copy at a time, among photographs of which most have none."""
    from helpers.dataset import twins
    from helpers.dataset.files import THUMBNAIL

    def near(images):
        some = [np.asarray(image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)) for image in images]
        return {pair[:2] for pair in twins.near(_Thumbnails(np.array(some))).pairs}  # type: ignore[arg-type]

    found, start = {}, ORIGINALS + len(alarms)
    for name, some in copies.items():
        pairs = near([*originals, *alarms, *some])
        found[name] = float(np.mean([(row, start + row) in pairs for row in range(ORIGINALS)]))
    told = {row for pair in near(alarms) for row in pair}
    return found, len(told) / len(alarms), 0.0


class _Thumbnails:
    """As much of a collection as `twins.near` looks at."""

    def __init__(self, thumbnails):
        self.thumbnails = thumbnails
