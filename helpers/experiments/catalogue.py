"""The names of the course's studies. They stand apart from the studies, so that what reads one does not depend on all."""

from __future__ import annotations

import difflib
import importlib

from helpers.experiments.study import Study

MODULES = {  # the name of a study: its module in helpers.experiments.studies
    "lenet-ladder": "lenet_ladder",
    "hierarchy": "hierarchy",
    "scoreboard": "scoreboard",
    "task-weights": "task_weights",
    "label-noise": "label_noise",
    "test-leak": "leak",
    "label-audit": "label_audit",
    "twin-detectors": "twin_detectors",
}


def find(name: str) -> Study:
    """Return a study.

    Parameters
    ----------
    name : str

    Returns
    -------
    helpers.experiments.study.Study

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> find("lenet-ladder").level
    'step'
    """
    if name not in MODULES:
        close = difflib.get_close_matches(name, MODULES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise ValueError(f"there is no study {name!r}{hint} There are: {', '.join(MODULES)}")
    return importlib.import_module(f"helpers.experiments.studies.{MODULES[name]}").study()
