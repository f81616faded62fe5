"""Doing the runs of a study that are not there yet: one after the other, in several processes, or on a cluster."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import budget
from helpers.experiments import provenance
from helpers.experiments.store import Row
from helpers.experiments.study import MEASURED, Study, Task

if TYPE_CHECKING:
    from helpers.experiments.store import Store

WAIT = 5.0  # seconds between two looks at the file, while other processes do what is left


def perform(study: Study, task: Task, command: str) -> Row:
    """Do one run and return its row.

    Parameters
    ----------
    study : Study
    task : dict
        Its settings and its seed.
    command : str
        What was typed; it goes into the row.

    Returns
    -------
    dict
    """
    provenance.commit()  # now: somebody may commit something else while it runs
    started, cpu_started = time.perf_counter(), time.process_time()
    measured = dict(study.run(task))
    measured["seconds"] = round(time.perf_counter() - started, 2)
    measured["cpu_seconds"] = round(time.process_time() - cpu_started, 2)
    wrong = set(measured) ^ {*study.measures, *MEASURED}
    if wrong:
        raise ValueError(f"a run of {study.name} measures {', '.join((*study.measures, 'multiply_adds'))}; not: {sorted(wrong)}")
    return {**{name: task[name] for name in study.key}, **measured, **provenance.provenance(command)}


def _perform_by_name(name: str, task: Task, command: str, budget_name: str, threads: int | None) -> Row:
    """The same in another process, which finds the study by its name."""
    os.environ[budget.VARIABLE] = budget_name
    if threads:
        provenance.limit_threads(threads)
    from helpers.experiments import catalogue

    return perform(catalogue.find(name), task, command)


def run(
    study: Study,
    *,
    output: str | os.PathLike[str] | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    threads: int | None = None,
    command: str = "",
    limit: int | None = None,
    progress: bool = True,
) -> list[Row]:
    """Do what is missing in a study's file; each row is written as soon as its run ends.

    A process that is killed loses the runs that it was doing and no other. Called again, it goes on from there. Several
    processes, on one machine, may work at the same file: each takes on runs that no other one is doing.

    Parameters
    ----------
    study : Study
    output : path, optional
        Default: the file that comes with the course.
    workers : int, optional
        How many runs at a time. With more than one, each is done in a process of its own, and the study is found by its name.
    scheduler : str, optional
        The address of a `dask.distributed` scheduler, whose workers have the course installed.
    threads : int, optional
        So many threads for each process that is started.
    command : str, optional
        What was typed; it goes into each row.
    limit : int, optional
        Stop after so many runs.
    progress : bool, optional
        Show a bar with the time left.

    Returns
    -------
    list of dict
        All rows of the file.
    """
    store = study.store(output)
    done = 0
    with _submitter(study, workers, scheduler, threads, command) as submit, _bar(progress) as bar:
        waiting: dict[Any, tuple[Task, Any]] = {}
        try:
            while True:
                rows = store.read()
                missing = study.missing(rows)
                bar.total, bar.n = len(rows) + len(missing), len(rows)
                bar.refresh()
                ours = [store.identity(task) for task, _ in waiting.values()]
                full = limit is not None and done + len(waiting) >= limit
                for task in missing:
                    if full or len(waiting) >= workers:
                        break
                    if store.identity(task) in ours:
                        continue
                    claim = contextlib.ExitStack()
                    if not claim.enter_context(store.claim(task)) or _there(store, task):
                        claim.close()
                        continue
                    waiting[submit(task)] = task, claim
                    full = limit is not None and done + len(waiting) >= limit
                if not waiting:
                    if full or not missing:
                        return store.read()
                    time.sleep(WAIT)  # others are doing what is left
                    continue
                for future in concurrent.futures.wait(waiting, return_when="FIRST_COMPLETED").done:
                    _, claim = waiting.pop(future)
                    with claim:
                        store.append(future.result())
                    done += 1
        finally:
            for future, (_, claim) in waiting.items():
                future.cancel()
                claim.close()


def _there(store: Store, task: Task) -> bool:
    """Whether another process has finished a run since the file was read."""
    return store.identity(task) in {store.identity(row) for row in store.read()}


@contextlib.contextmanager
def _submitter(
    study: Study, workers: int, scheduler: str | None, threads: int | None, command: str
) -> Iterator[Callable[[Task], Any]]:
    """A function that starts a run and returns its future."""
    words = command, budget.name(), threads
    if scheduler:
        try:
            from distributed import Client
        except ImportError as error:
            raise RuntimeError('a scheduler needs dask.distributed: pip install "cnn-course[cluster]"') from error
        with Client(scheduler) as client:
            pool = client.get_executor(pure=False)
            yield lambda task: pool.submit(_perform_by_name, study.name, task, *words)
    elif workers > 1:
        fresh = multiprocessing.get_context("spawn")  # a fork would inherit Keras's threads
        with concurrent.futures.ProcessPoolExecutor(workers, mp_context=fresh) as pool:
            yield lambda task: pool.submit(_perform_by_name, study.name, task, *words)
    else:

        def at_once(task: Task) -> concurrent.futures.Future[Row]:
            future: concurrent.futures.Future[Row] = concurrent.futures.Future()
            future.set_result(perform(study, task, command))
            return future

        yield at_once


@contextlib.contextmanager
def _bar(progress):
    """A bar that counts the runs of the file and estimates the time left."""
    import sys

    from tqdm import tqdm

    with tqdm(
        total=0,
        disable=not progress,
        mininterval=0.5 if sys.stderr.isatty() else 30,
        bar_format="{percentage:3.0f}% |{bar}| {n} of {total} runs, {elapsed} gone, {remaining} left",
    ) as bar:
        yield bar


def check(study: Study, *, output: str | os.PathLike[str] | None = None, number: int = 2, seed: int = 0) -> list[str]:
    """Do a few of the stored runs again and compare.

    Parameters
    ----------
    study : Study
    output : path, optional
    number : int, optional
        How many; taken at random from the quicker half of the rows.
    seed : int, optional
        Which ones.

    Returns
    -------
    list of str
        A sentence for each measure that differs by more than the study's tolerance; empty if all agree.

    Raises
    ------
    ValueError
        If there is no row yet.
    """
    import numpy as np

    rows = study.store(output).read()
    if not rows:
        raise ValueError(f"there is no row of {study.name} yet: run it first")
    quicker = sorted(rows, key=lambda row: float(row["cpu_seconds"]))[: max(number, len(rows) // 2)]
    chosen = np.random.default_rng(seed).permutation(len(quicker))[:number]
    found = []
    for row in (quicker[which] for which in chosen):
        again = perform(study, {name: row[name] for name in study.key}, "")
        name = ", ".join(f"{key}={row[key]}" for key in study.key)
        for measure in study.measures:
            if isinstance(row[measure], str):
                continue
            stored, new = float(row[measure]), float(again[measure])
            same = abs(stored - new) <= study.tolerance or (np.isnan(stored) and np.isnan(new))
            print(f"{name}: {measure} {stored:g} stored, {new:g} now{'' if same else '  DIFFERS'}", flush=True)
            if not same:
                found.append(f"{name}: {measure} was {stored:g} ({row['versions']}), is {new:g} ({again['versions']})")
    return found


def default_output(study: Study) -> Path:
    """Return the file that comes with the course."""
    return study.store().path
