"""One training as one row of a CSV file that can be killed, gone on with and analysed without training."""

import contextlib
import csv
import dataclasses
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers.experiments.recipes import Recipe

RESULTS = Path(__file__).parents[1] / "results" / "functions.csv"


@dataclasses.dataclass(frozen=True)
class Run:
    """One training, as one row of the table.

    Attributes
    ----------
    regulariser, strength, initialiser, optimiser, rate
        The recipe.
    seed : int
    images, checks, epochs : int
        Images trained on, images checked on, passes over the former.
    loss, accuracy : float
        Cross-entropy (without any penalty) and accuracy on the validation images after the last epoch.
    train_loss, train_accuracy : float
        The same on the training images, as the mean over the last epoch's batches.
    accuracies : tuple of float
        The validation accuracy after each epoch.
    seconds, cpu_seconds : float
        By the clock, and of all cores together. The first run of a recipe's kind includes compilation.
    budget, data, keras, backend : str
        Under which budget, on which data, with which versions.
    cores : int
    """

    regulariser: str
    strength: float
    initialiser: str
    optimiser: str
    rate: float
    seed: int
    images: int
    checks: int
    epochs: int
    loss: float
    accuracy: float
    train_loss: float
    train_accuracy: float
    accuracies: tuple[float, ...]
    seconds: float
    cpu_seconds: float
    budget: str
    data: str
    keras: str
    backend: str
    cores: int

    @property
    def recipe(self) -> Recipe:
        """The choices alone."""
        return Recipe(self.regulariser, self.strength, self.initialiser, self.optimiser, self.rate)

    @property
    def key(self) -> tuple[Recipe, int, int, int, int, str]:
        """What makes two runs the same run: recipe, seed, sizes and data."""
        return self.recipe, self.seed, self.images, self.checks, self.epochs, self.data


_COLUMNS = [field.name for field in dataclasses.fields(Run)]
_TYPES: dict[str, Any] = {field.name: field.type for field in dataclasses.fields(Run)}


def _to_text(name, value):
    if name == "accuracies":
        return " ".join(f"{number:g}" for number in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _from_text(name, text):
    if name == "accuracies":
        return tuple(float(number) for number in text.split())
    return _TYPES[name](text)


def append(path: str | os.PathLike[str], run: Run) -> None:
    """Add one line, whole or not at all: a line that a killed process left unfinished is removed first."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as file:
        file.seek(0)
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)
        if not whole:
            writer.writerow(_COLUMNS)
        writer.writerow([_to_text(name, getattr(run, name)) for name in _COLUMNS])
        file.write(line.getvalue().encode())
        file.flush()
        os.fsync(file.fileno())


def read(path: str | os.PathLike[str] | None = None) -> list[Run]:
    """Read runs from a CSV file.

    Parameters
    ----------
    path : str or pathlib.Path, optional
        Default: the runs that come with the course.

    Returns
    -------
    list of Run
        A last line that was not finished (the process was killed while writing) is left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not one of these tables; the message names the line.

    Examples
    --------
    >>> runs = read()
    >>> len({run.optimiser for run in runs})
    7
    """
    path = RESULTS if path is None else Path(path)
    text = path.read_text(encoding="utf-8")
    lines = text[: text.rfind("\n") + 1].splitlines()
    if not lines:
        return []
    rows = csv.reader(lines)
    if next(rows) != _COLUMNS:
        raise ValueError(f"{path}: the first line does not name the columns of an experiment ({', '.join(_COLUMNS)})")
    runs = []
    for number, row in enumerate(rows, start=2):
        try:
            runs.append(Run(*(_from_text(name, text) for name, text in zip(_COLUMNS, row, strict=True))))
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}. Delete the line, and the run will be done again") from None
    return runs


@contextlib.contextmanager
def only_writer(output: str | os.PathLike[str] | None) -> Iterator[None]:
    """Refuse to write into a file that another process is writing into."""
    if not output:
        yield
        return
    import filelock

    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise RuntimeError(f"another process is writing into {path}: wait for it, or choose another file") from None
    try:
        yield
    finally:
        lock.release()
