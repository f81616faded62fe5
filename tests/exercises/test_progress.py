"""A student's view of a whole exercise: the reference solution has passed everything, the untouched release nothing."""

import hashlib
import types

import numpy as np
import pytest

from helpers import exercise


@pytest.fixture
def notebook(monkeypatch, tmp_path):
    """A function that runs the given and the answer cells of an exercise; the names that they leave."""
    monkeypatch.setenv("COURSE_BUDGET", "ci")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)  # a check of week 5 leaves a file

    def run(cells):
        space = {"__name__": "__main__"}
        monkeypatch.setattr(exercise, "_namespace", lambda: space)
        for cell in cells:
            if cell.role in ("locked", "solution"):
                exec(compile(cell.source, f"<{cell.name}>", "exec"), space)
        return space

    return run


def fingerprints(value, seen=()):
    """What a check could have changed in place: arrays, containers, and what objects hold, a few steps deep."""
    if isinstance(value, np.ndarray):
        return hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest(), value.shape, str(value.dtype)
    if len(seen) > 4 or id(value) in seen or isinstance(value, types.ModuleType | type | types.FunctionType):
        return None
    inner = (*seen, id(value))
    if isinstance(value, list | tuple):
        return [fingerprints(item, inner) for item in value]
    if isinstance(value, dict):
        return {repr(key): fingerprints(item, inner) for key, item in value.items()}
    if hasattr(value, "__dict__"):
        return {key: fingerprints(item, inner) for key, item in vars(value).items() if not key.startswith("_")}
    return repr(value)


def test_the_reference_has_passed_everything_and_keeps_its_variables(source, instructor, notebook):
    space = notebook(instructor(source))
    names, before = dict(space), {name: fingerprints(value) for name, value in space.items() if not name.startswith("__")}
    progress = space["exercise"].progress()
    assert progress.passed == progress.points <= progress.by_checks, repr(progress)
    assert progress.by_checks == sum(cell.points for cell in instructor(source))
    assert {name: value for name, value in space.items() if value is not names.get(name)} == {}
    for name, found in before.items():
        assert fingerprints(space[name]) == found, name


def test_the_untouched_release_is_told_what_to_write(source, released, notebook):
    progress = notebook(released(source))["exercise"].progress()
    assert progress.passed == 0
    assert all(row.missing.startswith("Not written yet: ") and row.hint for row in progress.rows), repr(progress)
