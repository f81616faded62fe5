"""What a build tells while it runs: what goes on, how long it took, and how much is left.

A line comes at the start of each step, one at its end, and one at the latest after ten seconds of silence. The time that is left
is estimated from the last time that each step ran here, or else from ``pipeline/seconds.json``, which holds a first build of an
idle machine with two cores.
"""

import json
import sys
import threading
import time
from typing import BinaryIO

from doit.reporter import ConsoleReporter

from pipeline import BUILD, ROOT
from pipeline.environment import locked

SHIPPED = ROOT / "pipeline" / "seconds.json"
OWN = BUILD / "seconds.json"
SILENCE = 10  # seconds without a line, at most
UNKNOWN = 20  # seconds that a step takes of which nothing is known


def seconds():
    """How long the steps took: here, or where this was shipped from.

    Returns
    -------
    dict of str to float
        By the name of the step.
    """
    known: dict[str, float] = {}
    for path in (SHIPPED, OWN):
        if path.exists():
            known |= json.loads(path.read_text(encoding="utf-8"))
    return known


def longest_first(items, name):
    """Order steps so that a long one does not come last, when nothing is left to run beside it.

    Parameters
    ----------
    items : iterable
    name : callable
        The name of an item's step.

    Returns
    -------
    list
    """
    known = seconds()
    return sorted(items, key=lambda item: -known.get(name(item), UNKNOWN))


class Progress(ConsoleReporter):
    """Tells what a build does, for doit."""

    desc = "what goes on, and how much is left"

    def __init__(self, outstream, options):
        super().__init__(outstream, options)
        self._lock = threading.RLock()
        self._known, self._took, self._running, self._left = seconds(), {}, {}, {}
        self._said = time.monotonic()
        self._workers, self._over = 1, threading.Event()
        self._only_one: BinaryIO | None = None

    def initialize(self, tasks, selected_tasks):
        """Learn which steps there are, and refuse to build beside another build.

        Both would write the same files, and whichever ends last would forget in ``.doit.db`` what the other has done.
        """
        OWN.parent.mkdir(parents=True, exist_ok=True)
        self._only_one = OWN.with_name("doit.lock").open("ab")
        if not locked(self._only_one):
            self._only_one.close()
            sys.exit("Another make or doit is at work in this folder. Wait until it has ended, then run this again.")
        wanted, waiting = set(), list(selected_tasks)
        while waiting:
            name = waiting.pop()
            if name not in wanted and name in tasks:
                wanted.add(name)
                waiting += [*tasks[name].task_dep, *tasks[name].setup_tasks]
        self._left = {name: self._known.get(name, UNKNOWN) for name in wanted if tasks[name].actions}
        threading.Thread(target=self.watch, daemon=True).start()

    def execute_task(self, task):
        """Say that a step begins."""
        if not task.actions:
            return
        with self._lock:
            self._left.pop(task.name, None)
            self._running[task.name] = time.monotonic()
            self._workers = max(self._workers, len(self._running))
            self._say(f"> {task.title()}{self._outlook()}")

    def add_success(self, task):
        """Note how long a step took, and say so where it was long."""
        with self._lock:
            self._end(task)

    def add_failure(self, task, fail):
        """Say that a step failed, and why."""
        with self._lock:
            self._running.pop(task.name, None)
            self._said = time.monotonic()
            super().add_failure(task, fail)

    def skip_uptodate(self, task):
        """Pass over a step that has nothing to do: a list of those tells nobody anything."""
        with self._lock:
            self._left.pop(task.name, None)

    def complete_run(self):
        """Keep how long the steps took, for the next build."""
        self._over.set()
        super().complete_run()
        if self._took:
            kept = json.loads(OWN.read_text(encoding="utf-8")) if OWN.exists() else {}
            OWN.write_text(json.dumps(kept | self._took, indent=0, sort_keys=True), encoding="utf-8")
        if self._only_one:
            self._only_one.close()

    def watch(self):
        """Look every second whether it has been silent for too long."""
        while not self._over.wait(1):
            self.break_silence()

    def break_silence(self):
        """Say what runs, if nothing has been said for a while."""
        with self._lock:
            now = time.monotonic()
            if self._running and now - self._said >= SILENCE:
                running = ", ".join(f"{name} ({now - began:.0f} s)" for name, began in self._running.items())
                self._say(f"  still at {running}{self._outlook()}")

    def _end(self, task):
        began = self._running.pop(task.name, None)
        if began is not None:
            took = time.monotonic() - began
            self._took[task.name] = round(took, 1)
            if took >= 1:
                self._say(f"  {task.title()}: done in {took:.0f} s")

    def _outlook(self):
        """How much is left, in words: at most, since steps that have nothing to do are found out as they come."""
        now = time.monotonic()
        rest = [max(self._known.get(name, UNKNOWN) - (now - began), 1) for name, began in self._running.items()]
        total = max(sum([*self._left.values(), *rest]) / self._workers, *rest, 0)
        if total < 20:
            return ""
        return f"   [about {total / 60:.0f} min left]" if total >= 90 else f"   [about {10 * round(total / 10)} s left]"

    def _say(self, text):
        self._said = time.monotonic()
        self.outstream.write(text + "\n")
        self.outstream.flush()
