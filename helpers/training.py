"""Train one recipe from several seeds, so that a comparison comes with its spread.

A network's accuracy depends on the luck of its initial weights and of the order of the images. One run proves little; three
show at least how large the luck is. Building and compiling a model again for each run would cost more than training it when
the data set is small, so :func:`repeat` compiles once and only puts the *variables* back to a fresh start. :func:`reset` does
so for a model that is trained in a way of its own. What was trained is kept with :func:`save`, and opened with :func:`load`, by
this version of Keras or another one.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import os
import shlex
import shutil
import signal
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import keras
import numpy as np

from helpers import budget
from helpers.saving import load, save

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = ["Run", "load", "mixed_precision", "open_tensorboard", "repeat", "reset", "save", "steps_at_once", "summary"]


@dataclasses.dataclass(frozen=True)
class Run:
    """What one training run left behind.

    Attributes
    ----------
    seed : int
    history : dict of str to numpy.ndarray
        One value an epoch for each loss and metric, as Keras names them (``"loss"``, ``"val_accuracy"`` ...).
    seconds : float
        Wall-clock time of the call of ``fit``. The first run's includes the compilation.
    weights : list of numpy.ndarray
        The final weights, in the order of ``model.get_weights()``.
    """

    seed: int
    history: dict[str, NDArray[np.float64]]
    seconds: float
    weights: list[NDArray[Any]]


def repeat(
    build: Callable[[], keras.Model],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    callbacks: Callable[[int], list[keras.callbacks.Callback]] | None = None,
    mixed: bool = False,
    **fit: Any,
) -> tuple[keras.Model, list[Run]]:
    """Train the same recipe once for each seed, compiling only once.

    Parameters
    ----------
    build : callable
        ``build() -> keras.Model``, compiled, its input shape known. Called once for each seed, so that every run starts
        from weights (and dropout masks, and an optimiser state) of its own.
    seeds : sequence of int
        One run for each; they decide the initial weights, the order of the images and the dropout masks. The same seed gives
        the same run, whatever was trained before it, on every backend.
    callbacks : callable, optional
        ``callbacks(seed) -> list``: fresh callbacks for each run, because many of them keep a state.
    mixed : bool, optional
        Train in :func:`mixed_precision`, where it is switched on. The model that is returned computes in float32 all the same.
    **fit
        Passed on to ``model.fit``: ``x``, ``y``, ``epochs``, ``batch_size``, ``validation_data`` ... It is silent
        unless ``verbose`` says otherwise.

    Returns
    -------
    model : keras.Model
        The one that was trained; it holds the last run's weights. ``model.set_weights(run.weights)`` brings back another's.
    runs : list of Run

    Raises
    ------
    ValueError
        If there is no seed, or ``build`` returns a model that is not compiled or does not know its input shape.
    TypeError
        If ``callbacks`` is a list: callbacks that remember the first run would spoil the second.

    Examples
    --------
    >>> def build():
    ...     model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    ...     model.compile(optimizer="sgd", loss="mse")
    ...     return model
    >>> model, runs = repeat(build, seeds=(0, 1), x=np.eye(2), y=np.ones((2, 1)), epochs=3)
    >>> [len(run.history["loss"]) for run in runs]
    [3, 3]
    """
    seeds = tuple(seeds)
    if not seeds:
        raise ValueError("repeat needs at least one seed; three or more show a spread")
    if callbacks is not None and not callable(callbacks):
        raise TypeError(
            "repeat needs callbacks as a function of the seed, such as lambda seed: [EarlyStopping()]: "
            "callbacks keep a state, so that each run needs its own"
        )
    fit.setdefault("verbose", 0)
    model, runs = None, []
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        with mixed_precision() if mixed else contextlib.nullcontext():
            fresh = _checked(build())
        if model is None:
            model = fresh
        else:
            _copy(fresh, model)
        keras.utils.set_random_seed(seed)  # again: building may have drawn numbers that resetting did not
        started = time.perf_counter()
        history = model.fit(callbacks=[_Seed(seed), *(callbacks(seed) if callbacks else [])], **fit).history
        seconds = time.perf_counter() - started
        runs.append(
            Run(seed, {name: np.asarray(values, dtype=float) for name, values in history.items()}, seconds, model.get_weights())
        )
    if mixed and any(layer.compute_dtype != layer.variable_dtype for layer in fresh.layers):
        model = build()
        model.set_weights(runs[-1].weights)
    return model, runs


@contextlib.contextmanager
def mixed_precision() -> Iterator[bool]:
    """Let the layers made inside the block compute in float16 where that pays: on a GPU, and in the budget ``gpu``.

    The weights stay in float32, and Keras scales the loss, so that small gradients are not lost. A GPU with tensor cores, such as
    Colab's T4, computes faster so, and needs half the memory for what the layers put out. Anywhere else nothing changes.

    To look inside the network afterwards, build it again outside of the block and give it the weights: it then computes in
    float32, as everywhere else in the course.

    Yields
    ------
    bool
        Whether it is switched on.

    Examples
    --------
    >>> with mixed_precision() as switched_on:
    ...     layer = keras.layers.Dense(1)
    >>> layer.compute_dtype == ("float16" if switched_on else "float32")
    True
    """
    on = budget.name() == "gpu" and _has_gpu()
    before = keras.config.dtype_policy()
    if on:
        keras.config.set_dtype_policy("mixed_float16")
    try:
        yield on
    finally:
        keras.config.set_dtype_policy(before)


@overload
def summary(runs: Sequence[Run], metric: str, epoch: int = -1) -> tuple[np.float64, np.float64]: ...
@overload
def summary(runs: Sequence[Run], metric: str, epoch: slice) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def summary(runs: Sequence[Run], metric: str, epoch: int | slice = -1) -> tuple[Any, Any]:
    """Mean and spread of one metric over the runs.

    Parameters
    ----------
    runs : sequence of Run
    metric : str
        A name in their histories, such as ``"val_accuracy"``; or ``"seconds"``, for which the first run, which compiled,
        is left out where there are others.
    epoch : int or slice, optional
        Which epoch; default the last. ``slice(None)`` gives a mean and a spread for each epoch.

    Returns
    -------
    mean, spread : float, or numpy.ndarray for a slice
        The spread is the standard deviation of the sample (divisor n - 1); ``nan`` for a single run.

    Raises
    ------
    KeyError
        If the histories do not have that metric; the message names those they have.

    Examples
    --------
    >>> runs = [Run(seed, {"loss": np.array([3.0, last])}, 0.1, []) for seed, last in enumerate([1.0, 2.0, 3.0])]
    >>> tuple(float(number) for number in summary(runs, "loss"))
    (2.0, 1.0)
    """
    if metric == "seconds":
        values = np.array([run.seconds for run in runs[1:] or runs])
    else:
        missing = [run for run in runs if metric not in run.history]
        if missing:
            raise KeyError(f"no {metric!r} in the history; there is: {', '.join(missing[0].history)}")
        values = np.array([run.history[metric][epoch] for run in runs])
    spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.full(values.shape[1:], np.nan)[()]
    return values.mean(axis=0), spread


def reset(model: keras.Model, weights: Sequence[NDArray[Any]], learning_rate: float | None = None) -> None:
    """Put a compiled model back to a start, so that it can be trained again without compiling it again.

    Afterwards training goes as it would with a new model that has these weights:

    - the weights are those given, the running statistics of normalization layers included;
    - the optimizer has forgotten everything: its step counter (``iterations``), with which a schedule begins anew, and what it
      keeps for each weight have the values that a new optimizer of the same settings gives them (most are 0, but not all:
      Adagrad's sums, for one, begin at 0.1);
    - the learning rate is the one given;
    - dropout and random augmentation begin their sequence of random numbers again, each with the seed that it was made with
      (not dropout on torch, which draws from torch's own generator: `keras.utils.set_random_seed` sets that).

    The settings and the compiled functions stay as they are. Callbacks keep a state too: make new ones.

    Parameters
    ----------
    model : keras.Model
        Compiled, its input shape known.
    weights : list of numpy.ndarray
        As from ``model.get_weights()``.
    learning_rate : float, optional
        The rate to begin with. Left out only if it follows a schedule: a number may have been changed by a callback, such as
        `ReduceLROnPlateau`, and Keras does not keep the old one.

    Raises
    ------
    ValueError
        If the model is not compiled or does not know its input shape, if the weights do not fit, if the learning rate is a number
        and is not given, or if layers were frozen or unfrozen since the optimizer was built.
    TypeError
        If a learning rate is given to an optimizer that follows a schedule.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile(optimizer="adam", loss="mse")
    >>> start, losses = model.get_weights(), []
    >>> for _ in range(2):
    ...     reset(model, start, learning_rate=0.1)
    ...     losses.append(model.fit(np.eye(2), np.ones((2, 1)), epochs=3, shuffle=False, verbose=0).history["loss"])
    >>> losses[0] == losses[1]
    True
    """
    optimizer = _checked(model).optimizer
    scheduled = not isinstance(optimizer.learning_rate, keras.Variable)
    if learning_rate is None and not scheduled:
        raise ValueError(
            "reset needs the learning rate to begin with, as in reset(model, weights, learning_rate=0.001): "
            f"a callback may have changed it, and Keras only knows the present one ({float(optimizer.learning_rate):g})"
        )
    if learning_rate is not None and scheduled:
        raise TypeError(
            "reset got a learning rate, but this optimizer follows a schedule, which begins anew by itself: leave it out"
        )
    fresh = type(optimizer).from_config(optimizer.get_config())
    fresh.build(model.trainable_variables)
    _assign(optimizer.variables, fresh.variables, "layers were frozen or unfrozen since the model was compiled: compile it again")
    if learning_rate is not None:
        optimizer.learning_rate = learning_rate
    model.set_weights(weights)
    ours = {id(variable) for variable in model.weights}
    for state in model.variables:
        if id(state) not in ours:  # the state of a generator of random numbers: its seed, and how many it has given
            seed, _ = keras.ops.convert_to_numpy(state)
            state.assign(np.array([seed, 0], dtype=seed.dtype))


def steps_at_once(steps: int) -> int:
    """How many steps Keras may take between two looks at the callbacks: ``model.compile(steps_per_execution=...)``.

    With small networks and batches the looks cost more than the steps. The torch backend knows only 1.

    Parameters
    ----------
    steps : int

    Returns
    -------
    int
        `steps`, or 1 on torch.

    Examples
    --------
    >>> steps_at_once(1)
    1
    """
    return 1 if keras.backend.backend() == "torch" else steps


def open_tensorboard(logs: str | os.PathLike[str]) -> None:
    """Show the logs of trainings in TensorBoard below this cell, in JupyterLab or Colab.

    It is what the magic ``%tensorboard --logdir LOGS`` does. The magic alone looks for its program on the path, where a
    ``.venv`` that is not activated has not put it, and reads LOGS as a shell on Linux does, with the blanks and backslashes
    in it. The server ends with the kernel.

    Parameters
    ----------
    logs : path
        What ``keras.callbacks.TensorBoard`` was given.
    """
    from tensorboard import manager, notebook

    program = shutil.which("tensorboard", path=sysconfig.get_path("scripts"))
    if program:
        os.environ.setdefault("TENSORBOARD_BINARY", program)
    before = {server.pid for server in manager.get_all()}
    notebook.start(f"--logdir {shlex.quote(os.fspath(logs))}")
    for server in manager.get_all():
        if server.pid not in before:
            atexit.register(_end, server.pid)


def _end(pid):
    """End a server that may have ended by itself."""
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGTERM)


def _has_gpu():
    """Whether Keras's backend computes on a GPU."""
    if keras.backend.backend() == "torch":
        import torch

        return torch.cuda.is_available()
    try:
        return bool(keras.distribution.list_devices("gpu"))
    except RuntimeError:  # JAX without one
        return False


class _Seed(keras.callbacks.Callback):
    """Seeds everything when training begins: a model's first `fit` draws numbers before that (on JAX and torch it looks at a
    batch, for which it shuffles the images), its later ones do not.
    """

    def __init__(self, seed):
        super().__init__()
        self.seed = seed

    def on_train_begin(self, logs=None):
        keras.utils.set_random_seed(self.seed)


def _checked(model):
    """The model, or an error that says what is missing."""
    if not model.built:
        raise ValueError("the model does not know its input shape: begin it with keras.Input(shape)")
    if getattr(model, "optimizer", None) is None:
        raise ValueError("the model is not compiled: call model.compile(...) first")
    if not model.optimizer.built:  # one that scales losses would build everything a second time
        model.optimizer.build(model.trainable_variables)
    return model


def _copy(source, target):
    """Every variable (weights, dropout seeds, the optimiser's state) of one model into another of the same making."""
    ours, theirs = ([*m.variables, *m.optimizer.variables] for m in (target, source))
    _assign(ours, theirs, "build() returned a model of another shape than the first time")


def _assign(variables, values, complaint):
    """Give variables the values of others of the same shapes, or raise the complaint."""
    if [variable.shape for variable in variables] != [value.shape for value in values]:
        raise ValueError(complaint)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
