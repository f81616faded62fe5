"""Printed text, kept up to a limit."""

from __future__ import annotations

import io


class Capped(io.StringIO):
    """Keeps the first so many characters and lets the rest go.

    Parameters
    ----------
    room : int
        How many.

    Examples
    --------
    >>> text = Capped(3)
    >>> text.write("hello"), text.take(), text.take()
    (5, 'hel', '')
    """

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, text: str) -> int:
        """Keep what there is room for; all of it counts as written."""
        super().write(text[: self._room])
        self._room -= min(self._room, len(text))
        return len(text)

    def take(self) -> str:
        """What was written since this was last asked."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text
