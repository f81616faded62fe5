"""A real browser and a web server for the tests that open pages as a reader does."""

import functools
import http.server
import threading

import pytest

from tests import needs


@pytest.fixture(scope="session")
def chromium():
    """The path of the Chromium that is installed on the system."""
    needs.require("browser")
    return needs.chromium()


@pytest.fixture(scope="module")  # playwright allows one at a time in a process, and `pipeline.pdf` starts its own
def browser(chromium):
    """A started browser; every test opens pages of its own in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def serve():
    """``serve(folder)``: the address at which a folder is served as a web site."""
    servers = []

    def start(folder):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
