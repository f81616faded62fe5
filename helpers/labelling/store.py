"""Labels on disk: a file that only grows, one line for each decision, so that no click can be lost."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

COLUMNS = ("time", "path", "label")


class Labels:
    """The decisions of one person, in a CSV file.

    A decision is appended and has reached the disk before :meth:`give` returns. Nothing is ever replaced: a picture's label is
    that of its last line, and an empty one takes it back. So a crash costs nothing but an unfinished line, which is ignored.

    Parameters
    ----------
    path : path
        Made with the first decision.
    classes : sequence of str
        What a picture may be.

    Raises
    ------
    ValueError
        If fewer than two classes are given, one is given twice or has no name, or the file is not one of these.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     labels = Labels(Path(home, "anna.csv"), ("cup", "plate"))
    ...     labels.give("1.jpg", "cup")
    ...     labels.give("1.jpg", "plate")
    ...     labels.give("2.jpg", "cup")
    ...     labels.give("2.jpg", None)
    ...     print(labels.read())
    {'1.jpg': 'plate'}
    """

    def __init__(self, path: str | os.PathLike[str], classes: Sequence[str]) -> None:
        self.path, self.classes = Path(path), tuple(classes)
        if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes) or not all(map(str.strip, self.classes)):
            raise ValueError(f"at least two classes with different names are needed, not {self.classes!r}")
        self.read()

    def give(self, path: str, label: str | None) -> None:
        """Write a decision down.

        Parameters
        ----------
        path : str
            The picture.
        label : str or None
            Its class; None takes the last decision back.

        Raises
        ------
        ValueError
            If that is no class.
        OSError
            If it cannot be saved.
        """
        if label is not None and label not in self.classes:
            raise ValueError(f"no class {label!r}: choose from {', '.join(self.classes)}")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a+b") as file:
            lines = io.StringIO(newline="")
            table = csv.writer(lines, lineterminator="\n")
            end = file.seek(0, os.SEEK_END)
            if end == 0:
                table.writerow(COLUMNS)
            else:
                file.seek(end - 1)
                if file.read(1) != b"\n":  # the last line was never finished
                    lines.write("\n")
            table.writerow((datetime.now(UTC).isoformat(timespec="milliseconds"), path, label or ""))
            file.write(lines.getvalue().encode())
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> dict[str, str]:
        """Return the label of each picture that has one, in the order in which they were last decided.

        Returns
        -------
        dict of str to str

        Raises
        ------
        ValueError
            If the file is not one of labels.
        """
        labels: dict[str, str] = {}
        for path, label in self._lines():
            labels.pop(path, None)
            if label:
                labels[path] = label
        return labels

    def _lines(self):
        """The path and label of every finished line."""
        if not self.path.exists():
            return
        text = self.path.read_bytes().decode("utf-8", errors="replace")
        finished = text[: text.rfind("\n") + 1]
        table = csv.reader(io.StringIO(finished, newline=""))
        header = next(table, list(COLUMNS))
        if tuple(header) != COLUMNS:
            raise ValueError(f"{self.path} is no file of labels: it does not begin with {','.join(COLUMNS)}")
        for line in table:
            if len(line) == len(COLUMNS):
                yield line[1], line[2]
