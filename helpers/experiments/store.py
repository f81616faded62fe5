"""A study's results: a CSV file with one row a run, which several processes may add to and none can spoil."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

Value: TypeAlias = "str | int | float"
Row: TypeAlias = "dict[str, Value]"


class Store:
    """The rows of one study.

    Parameters
    ----------
    path : path
        The CSV file; it need not be there yet.
    columns : sequence of str
        What a row holds, in this order.
    key : sequence of str
        The columns that tell two runs apart.
    text : sequence of str, optional
        The columns that are text even where it looks like a number, as a commit may.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = Store(f"{folder}/rows.csv", ["rate", "seed", "accuracy"], ["rate", "seed"])
    ...     store.append({"rate": 0.1, "seed": 0, "accuracy": 0.5})
    ...     store.append({"rate": 0.1, "seed": 0, "accuracy": 0.6})
    ...     store.read()
    True
    False
    [{'rate': 0.1, 'seed': 0, 'accuracy': 0.5}]
    """

    def __init__(
        self, path: str | os.PathLike[str], columns: Sequence[str], key: Sequence[str], text: Sequence[str] = ()
    ) -> None:
        self.path, self.columns, self.key, self.text = Path(path), list(columns), list(key), set(text)

    def read(self) -> list[Row]:
        """Return the rows.

        Returns
        -------
        list of dict
            A last line that was not finished, because its process was killed while writing, is left out.

        Raises
        ------
        ValueError
            If the file is not this study's; the message names the line.
        """
        if not self.path.exists():
            return []
        return self._parsed(self.path.read_bytes())

    def append(self, row: Row) -> bool:
        """Add a row, whole or not at all, whoever else is adding rows.

        Parameters
        ----------
        row : dict

        Returns
        -------
        bool
            False if there was a row with the same key, which then stays as it is.
        """
        missing = [name for name in self.columns if name not in row] + [name for name in row if name not in self.columns]
        if missing:
            raise ValueError(
                f"{self.path.name}: a row has the columns {', '.join(self.columns)}; not matched: {', '.join(missing)}"
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock("writing").acquire(), open(self.path, "a+b") as file:
            file.seek(0)
            content = file.read()
            if self.identity(row) in {self.identity(each) for each in self._parsed(content)}:
                return False
            whole = content.rfind(b"\n") + 1
            if whole < len(content):  # what a killed process has left
                file.truncate(whole)
            line = io.StringIO()
            writer = csv.writer(line, lineterminator="\n")
            if not whole:
                writer.writerow(self.columns)
            writer.writerow([_to_text(row[name]) for name in self.columns])
            file.write(line.getvalue().encode())
            file.flush()
            os.fsync(file.fileno())
        return True

    def identity(self, row: Row) -> tuple[str, ...]:
        """Return the part of a row that says which run it is, as it stands in the file."""
        return tuple(_to_text(row[name]) for name in self.key)

    @contextlib.contextmanager
    def claim(self, row: Row) -> Iterator[bool]:
        """Take a run on, so that no other process on this machine does it as well.

        The claim ends with the block, and also with the process, however that ends.

        Parameters
        ----------
        row : dict
            With at least the columns of the key.

        Yields
        ------
        bool
            Whether it is ours; False while another process has it.
        """
        import filelock

        lock = self._lock(repr(self.identity(row)))
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _lock(self, purpose: str) -> Any:
        """A lock that all processes on this machine share; its file lies in the folder for temporary files."""
        import filelock

        name = hashlib.sha256(f"{self.path.resolve()}\0{purpose}".encode()).hexdigest()[:32]
        folder = Path(tempfile.gettempdir(), "cnn-course-studies")
        folder.mkdir(exist_ok=True)
        with contextlib.suppress(PermissionError):
            folder.chmod(0o1777)
        return filelock.FileLock(folder / f"{name}.lock", mode=0o666)

    def _parsed(self, content: bytes) -> list[Row]:
        lines = content[: content.rfind(b"\n") + 1].decode().splitlines()
        if not lines:
            return []
        rows = csv.reader(lines)
        header = next(rows)
        if header != self.columns:
            raise ValueError(
                f"{self.path}: its first line names other columns than this study has. Expected: {', '.join(self.columns)}"
            )
        found: dict[tuple[str, ...], Row] = {}
        for number, cells in enumerate(rows, start=2):
            if len(cells) != len(header):
                raise ValueError(
                    f"{self.path}, line {number}: {len(cells)} values for {len(header)} columns. Delete the line, and the run "
                    "will be done again"
                )
            row = {name: cell if name in self.text else _from_text(cell) for name, cell in zip(header, cells, strict=True)}
            found.setdefault(self.identity(row), row)
        return list(found.values())


def _to_text(value: Value) -> str:
    """A value as it stands in the file: floats with seven digits, which is what float32 has."""
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _from_text(text: str) -> Value:
    """The value of a cell: a whole number, a number, or else text."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text
