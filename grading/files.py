"""Writing files so that a reader, or a run after a power cut, sees the old content or the new one, never half of it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import StrPath

PACKAGE_ROOT = str(Path(__file__).resolve().parents[1])  # where the grader is imported from, which students' code cannot read


def write_atomic(path: StrPath, content: str | bytes, mode: int = 0o644) -> None:
    """Write a file, all or nothing, creating its folder if needed.

    Parameters
    ----------
    path : str or pathlib.Path
    content : str or bytes
        Text is written as UTF-8; what UTF-8 cannot hold (half of a surrogate pair) becomes a question mark.
    mode : int
        Permissions of the new file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, mode)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def safe_name(text: str) -> str:
    """Turn any text into a file name of its own: letters, digits and ``. _ - + @`` stay, the rest is percent-encoded.

    Examples
    --------
    >>> safe_name("ada"), safe_name("../x y")
    ('ada', '%2E.%2Fx%20y')
    """
    data = os.fsencode(text) if isinstance(text, str) else text
    keep = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+@")
    name = "".join(chr(byte) if byte in keep else f"%{byte:02X}" for byte in data)
    name = "%2E" + name[1:] if name.startswith(".") else name
    return name if len(name) <= 150 else f"{name[:100]}~{hashlib.sha256(data).hexdigest()[:16]}"
