"""Keep TensorFlow's greetings out of the notebooks: which processor it has found, and that there is no GPU.

They come from its C++ libraries, partly before any setting is read. In a notebook they are a red block below the first
``import keras``, and look like a fault.
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from types import ModuleType

# What is left out of the messages of an import: notes and warnings of the C++ libraries, and the lines that belong to them.
GREETING = re.compile(rb"[IW]\d{4} |WARNING: All log messages before absl::InitializeLog|To enable the following instructions:")


def tensorflow() -> None:
    """Let the first import of TensorFlow, whoever asks for it, be silent where all is well.

    Without effect if TensorFlow is loaded already. What is not a greeting is shown, and so is everything if the import fails.
    """
    # Read when TensorFlow starts. 3 hides errors as well, such as the one that a machine without a GPU gets for looking for one.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if shutil.which("nvidia-smi") else "3")
    if "tensorflow" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds TensorFlow as everybody does, and has it loaded in silence."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "tensorflow":
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)):
                if spec.loader is not None:
                    _silence(spec.loader)
                return spec
        return None


def _silence(loader):
    """Replace a loader's step that runs the module."""
    run = loader.exec_module

    def exec_module(module):
        with _without_greetings():
            run(module)

    loader.exec_module = exec_module


@contextlib.contextmanager
def _without_greetings() -> Iterator[None]:
    """Hold back what is written to the process's standard error; hand on what is no greeting, or everything after a failure."""
    try:
        terminal = os.dup(2)
    except OSError:  # there is none
        yield
        return
    shown = re.compile(rb"(?!)")  # nothing
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
            shown = GREETING
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            for line in held:
                if not shown.match(line):
                    os.write(2, line)
