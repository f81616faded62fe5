"""A student's process as a notebook is graded in it: it comes back after a hard kill with what earlier cells had made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from grading.model import CellResult

if TYPE_CHECKING:
    from grading.model import Limits
    from grading.sandbox.session import Session


class StudentRun:
    """A student's session that comes back after a hard kill with what earlier cells had made."""

    def __init__(self, session: Session, limits: Limits, deadline: float) -> None:
        self._session, self._limits, self._deadline = session, limits, deadline
        self.done: list[tuple[int, str]] = []  # cells that ran to an end, to be run again in a fresh process
        self._seen = session.restarted
        self.fresh = False  # whether the process is a new one in which nothing has run yet
        self.lost = 0  # how many processes had to be replaced

    def remaining(self) -> float:
        """Seconds left of the notebook's time."""
        return self._deadline - time.monotonic()

    def _notice(self) -> bool:
        """Whether the process was replaced since the last look."""
        replaced = self._session.restarted != self._seen
        if replaced:
            self._seen = self._session.restarted
            self.lost += 1
            self.fresh = True
        return replaced

    def recover(self) -> None:
        """Bring a fresh process to where the old one was; cells that kill it are left out from then on."""
        while self.fresh:
            self.fresh = False
            for cell in list(self.done):
                if self.remaining() <= 0:
                    return
                result = self._session.run_cell(cell[1], min(self._limits.cell_timeout, self.remaining()))
                if result.status in ("timeout", "killed"):
                    self.done.remove(cell)
                if self._notice():
                    break

    def run(self, index: int, source: str) -> CellResult:
        """Run a cell; a cell for which no time is left is skipped."""
        self.recover()
        if self.remaining() <= 0:
            return CellResult(index, "skipped")
        result = self._session.run_cell(source, min(self._limits.cell_timeout, self.remaining()))
        result.index = index
        replaced = self._notice()
        if not replaced and result.status in ("ok", "error"):
            self.done.append((index, source))
        return result

    def renew(self) -> None:
        """Begin the notebook's time anew."""
        self._deadline, self._session.spent = time.monotonic() + self._limits.total_timeout, 0.0

    def restart(self) -> list[tuple[int, str]]:
        """Begin anew in a fresh process in which nothing has run; what had run to an end in the one before."""
        self._session.restart()
        self._seen, self.fresh = self._session.restarted, False
        self.renew()
        before, self.done = self.done, []
        return before

    def ask(self, request: dict[str, Any]) -> bytes | dict[str, Any]:
        """Pass a question of the checker's on; raises where there is no answer, which ends the test cell."""
        if request["op"] == "submitted":  # its process is not asked what was handed in
            return {"ok": [source for _, source in self.done]}
        if self.fresh:  # it died of an earlier question of the same test
            raise RuntimeError("the process was ended by an earlier call")
        try:
            asked = {key: value for key, value in request.items() if key != "timeout"}
            return self._session.ask(asked, min(request.get("timeout", self._limits.cell_timeout), max(self.remaining(), 0.1)))
        finally:
            self._notice()
