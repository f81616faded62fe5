"""Why a download failed, in one line, and what to do about it.

The same failures are told by `requests`, in exceptions, and by npm, pip and apt-get, in words of their own. One set of variables
mends them for all: HTTPS_PROXY names a network's proxy, REQUESTS_CA_BUNDLE the file of its certificate authority.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from helpers.data.errors import DataError, SourceError

CONNECT_TIMEOUT = 5.0  # seconds: a firewall that swallows packets must not hold up a notebook for minutes
READ_TIMEOUT = 30.0  # seconds without a single byte

WHERE = "(before Jupyter is started, or in a cell above, as %env NAME=value)"
AUTHORITY = (
    "where a network reads secure connections with a certificate authority of its own, set the variable REQUESTS_CA_BUNDLE to "
    f"the file of that authority (.pem), which whoever runs the network can give you {WHERE}"
)

# How npm, pip and apt-get say that they got no connection ...
NO_CONNECTION = (
    "getaddrinfo",
    "enotfound",
    "eai_again",
    "econnrefused",
    "econnreset",
    "etimedout",
    "name resolution",
    "failed to establish a new connection",
    "could not resolve",
    "temporary failure resolving",
    "could not connect",
)
# ... that a proxy is in the way ...
PROXY = ("cannot connect to proxy", "unable to connect to proxy", "proxyerror", "tunneling socket", "tunnel connection failed")
WANTS_PASSWORD = re.compile(r"proxy authentication required|\b407\b[^\n]*proxy|proxy[^\n]*\b407\b|tunnel[^\n]*\b407\b")
# ... and that they do not trust a certificate: OpenSSL's words, node's, and GnuTLS's, which apt-get uses.
NOT_TRUSTED = re.compile(
    r"certificate.verify.failed|self.signed.cert|unable.to.get.(local.)?issuer|unable.to.verify.the.first|unable.to.verify.leaf"
    r"|certificate verification failed|certificate is not trusted"
)
EXPIRED = re.compile(r"cert(ificate)?.(has|is).expired|certificate is not yet valid|cert.not.yet.valid")


def _proxy(url: str) -> tuple[str, str] | None:
    """The variable that names a proxy for this address, and the proxy as HOST:PORT, without a password."""
    from requests.utils import get_environ_proxies, select_proxy

    address = select_proxy(url, get_environ_proxies(url, no_proxy=None))
    if not address:
        return None
    parts = urlsplit(address if "://" in address else f"http://{address}")
    scheme = urlsplit(url).scheme
    names = [name for name in (f"{scheme}_proxy", "all_proxy") for name in (name.upper(), name) if os.environ.get(name)]
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # not a number
        port = ""
    return (names or [f"{scheme}_proxy".upper()])[0], f"{parts.hostname or address}{port}"


def _of_proxy(text: str, url: str) -> tuple[str, str]:
    """A reason and a step, where a proxy did not let a connection through; `text` is the complaint, in small letters."""
    variable, proxy = _proxy(url) or ("HTTPS_PROXY", "HOST:PORT")
    called = "the proxy" if proxy == "HOST:PORT" else f"the proxy {proxy}"
    if WANTS_PASSWORD.search(text):
        step = f"put them into the proxy's address, {variable}=http://NAME:PASSWORD@{proxy} {WHERE}"
        return f"{called} wants a user name and a password", step
    step = f"give the variable {variable} the address of your network's proxy, or unset it if there is none {WHERE}"
    code = re.search(r"tunnel connection failed: (\d+ [\w -]+)", text)
    if code:
        return f"{called} refused: {code[1].strip()}", step
    return f"{called} does not answer", step


def _of_certificate(text: str) -> tuple[str, str] | None:
    """A reason and a step, where a certificate was not trusted; `text` is the complaint, in small letters."""
    if EXPIRED.search(text):
        return "its certificate has expired", "look whether this computer's clock shows today's date"
    if NOT_TRUSTED.search(text):
        kind = "self-signed" if re.search("self.signed", text) else "signed by an authority that this computer does not know"
        return f"its certificate is not trusted: it is {kind}", AUTHORITY
    return None


def of_request(error: Exception, url: str) -> tuple[str, str]:
    """Say why a request failed.

    Parameters
    ----------
    error : Exception
        From `requests`, or from urllib3 below it.
    url : str
        What was asked for.

    Returns
    -------
    reason : str
        One line.
    step : str
        What to do; empty where only the connection can be looked at.

    Examples
    --------
    >>> import requests
    >>> of_request(requests.exceptions.ConnectionError("Connection refused"), "https://example.org/x")
    ('no connection', '')
    """
    import requests

    kinds, text = requests.exceptions, str(error)
    small = text.lower()
    if isinstance(error, kinds.HTTPError) and error.response is not None:
        code = error.response.status_code
        if code == 407:
            return _of_proxy("407 proxy", url)
        step = "log in to the network with a browser" if code == 511 else ""
        return f"answered {code} {error.response.reason}", step
    if isinstance(error, kinds.InvalidProxyURL):
        return _of_proxy(small, url)[0].replace("does not answer", "has no proper address"), _of_proxy(small, url)[1]
    if "socks" in small and isinstance(error, kinds.InvalidSchema):
        return "a SOCKS proxy is set, which needs one more package", 'run `python -m pip install "requests[socks]"`'
    if isinstance(error, kinds.ProxyError):
        return _of_proxy(small, url)
    if "ca certificate bundle" in small or "no_certificate_or_crl_found" in small or "x509: no certificate" in small:
        file = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or ""
        what = "the file of certificate authorities that REQUESTS_CA_BUNDLE names cannot be read"
        return f"{what}: {file}", f"correct the variable, or unset it {WHERE}"
    if "hostname mismatch" in small or "doesn't match" in small or "is not valid for" in small:
        return "its certificate belongs to another host (the login page of a network?)", "log in to the network with a browser"
    if isinstance(error, kinds.SSLError) or "ssl" in type(error).__name__.lower():
        return _of_certificate(small) or ("the secure connection failed", "")
    if "nameresolutionerror" in small or "getaddrinfo" in small or "name or service" in small:
        return "its name cannot be resolved (offline, or a closed network)", ""
    if isinstance(error, kinds.ConnectTimeout):
        if proxy := _proxy(url):
            return f"the proxy {proxy[1]} did not answer within {CONNECT_TIMEOUT:.0f} s", _of_proxy(small, url)[1]
        return f"no answer within {CONNECT_TIMEOUT:.0f} s (a firewall?)", ""
    if timed_out(error):
        return f"stopped sending for {READ_TIMEOUT:.0f} s", ""
    if isinstance(error, kinds.ConnectionError):  # before any answer
        return "no connection", ""
    if isinstance(error, kinds.ChunkedEncodingError) or "incompleteread" in small or "broken" in small or "aborted" in small:
        return "the connection broke off in the middle of the file", ""
    return (text.splitlines()[0] if text else type(error).__name__), ""


def timed_out(error: Exception) -> bool:
    """Whether a home sent nothing for too long, rather than cutting the connection."""
    import requests
    import urllib3

    return isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)) or "Read timed out" in str(error)


def of_client(complaint: str) -> tuple[str, str]:
    """Say what the complaint of npm, pip or apt-get comes down to.

    Parameters
    ----------
    complaint : str
        What the client wrote before it gave up.

    Returns
    -------
    reason : str
        A few words of ours, or the client's own most telling line.
    step : str
        What to do; empty where nothing special is known.

    Examples
    --------
    >>> of_client("npm error code ENOTFOUND")[0]
    'the registry cannot be reached (offline, or a closed network)'
    >>> of_client("npm error code SELF_SIGNED_CERT_IN_CHAIN")[0]
    "the registry's certificate is not trusted: it is self-signed"
    """
    small, some = complaint.lower(), "https://registry"  # clients speak HTTPS to their registries
    found = _of_certificate(small)
    if found:
        return found[0].replace("its certificate", "the registry's certificate"), found[1]
    proxy = _proxy(some)
    unreachable = any(words in small for words in NO_CONNECTION)
    if WANTS_PASSWORD.search(small) or any(words in small for words in PROXY):
        return _of_proxy(small, some)
    if unreachable and proxy:
        return f"the registry cannot be reached through the proxy {proxy[1]}", _of_proxy(small, some)[1]
    if unreachable:
        return "the registry cannot be reached (offline, or a closed network)", ""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("ERROR:", "E:", "npm error", "npm ERR!"))] or lines
    telling = [line for line in telling if "complete log" not in line]
    words = ("could not", "unable", "no matching", "not found")
    useful = [line for line in telling if any(word in line.lower() for word in words)]
    line = (useful or telling or ["it gave no reason"])[0]
    return (line if len(line) <= 200 else line[:197] + "..."), ""


def next_step(errors: Iterable[DataError]) -> str:
    """Say what to do about several failures, as the middle of a sentence.

    Parameters
    ----------
    errors : iterable of DataError

    Returns
    -------
    str

    Examples
    --------
    >>> next_step([SourceError("npm is not installed: install Node.js", tried=False)])
    'do what is said above'
    >>> next_step([SourceError("no connection")])
    'check the internet connection (behind a proxy, the variable HTTPS_PROXY must name it)'
    """
    sources = [error for error in errors if isinstance(error, SourceError)]
    steps = list(dict.fromkeys(error.step for error in sources if error.step))
    if steps:
        return "; ".join(steps)
    if any(error.tried for error in sources):
        return "check the internet connection (behind a proxy, the variable HTTPS_PROXY must name it)"
    return "do what is said above"
