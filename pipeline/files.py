"""Writing files so that a reader sees the old content or the new one, never half of it."""

import os
import tempfile
from pathlib import Path


def write_text(path, text):
    """Write text to a file, all or nothing, creating its folder if needed.

    Parameters
    ----------
    path : str or pathlib.Path
    text : str
        Written as UTF-8 with the line ends of Linux on every system, so that a generated file is the same everywhere.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(draft, 0o644)  # mkstemp's own choice would hide the file from everybody else
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
