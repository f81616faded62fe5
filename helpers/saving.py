"""Save a model so that another version of Keras can open it: its weights, and the plan by which it is built again.

Keras's own format, ``.keras``, holds every argument of every layer. A newer Keras has arguments that an older one does not know,
and then the older one refuses the whole file, even where such an argument says nothing but "as always". Here the plan says which
arguments have their default value. Those that the opening version does not know are left out.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    from _typeshed import StrPath


__all__ = ["load", "save"]

PLAN, WEIGHTS, HALF = "plan.json", "model.weights.h5", "weights.npz"  # in the archive: a plan, and one of the other two
DEFAULTS = "course_defaults"  # beside an object's "config": the arguments that have their default value


def save(model: keras.Model, path: StrPath, *, half: bool = False) -> None:
    """Save a model's weights and its plan in one file, which other versions of Keras can open.

    Not saved are the optimizer and its state, the loss and the metrics: to go on training, compile again. (A training that is to
    be resumed belongs to `keras.callbacks.BackupAndRestore`.)

    Parameters
    ----------
    model : keras.Model
        Sequential or functional, or with a `get_config` of its own; built, so that it has weights.
    path : str or pathlib.Path
        The file, best with the ending ``.zip``. One that is there is replaced in one step: whatever happens, there is either the
        old file or the new one.
    half : bool, optional
        Keep the weights in half precision: half the size, and three digits instead of seven, which a trained network's answers
        hardly notice. The model that is loaded computes in float32 all the same.

    Raises
    ------
    ValueError
        If the path has the ending of one of Keras's own formats, the model has no weights yet, or half precision is asked for
        and a weight is too large for it.
    TypeError
        If the model cannot say how it is built.

    See Also
    --------
    load

    Examples
    --------
    >>> import keras, tempfile
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/line.zip")
    ...     copy = load(f"{folder}/line.zip")
    >>> bool((copy.get_weights()[0] == model.get_weights()[0]).all())
    True
    """
    import keras

    path = Path(path)
    if path.suffix.lower() in (".keras", ".h5", ".hdf5"):
        raise ValueError(f"{path.name}: what is saved here is not Keras's own format; choose another ending, such as .zip")
    if not model.built:
        raise ValueError("the model has no weights yet: begin it with keras.Input(shape), or call it once")
    try:
        plan = keras.saving.serialize_keras_object(model)
    except NotImplementedError as error:
        raise TypeError(
            f"{type(model).__name__} does not say how it is built: give it a get_config method, or save its weights alone with "
            "model.save_weights(...) and keep the code that builds it"
        ) from error
    plan = json.loads(json.dumps(plan))
    plan.pop("compile_config", None)
    for entry in _objects(plan):
        entry[DEFAULTS] = _defaults(entry)
    about = {"keras": keras.__version__, "model": plan}
    with _replacing(path) as new, tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(new, "w") as archive:
        weights = Path(folder, HALF if half else WEIGHTS)
        if half:
            np.savez_compressed(weights, *_halved(model))
        else:
            model.save_weights(weights)
        archive.writestr(PLAN, json.dumps(about), zipfile.ZIP_DEFLATED)
        archive.write(weights, weights.name)


def _halved(model):
    """A model's weights in half precision, in their order."""
    with np.errstate(over="ignore"):  # looked for below
        found = [weight.astype(np.float16) for weight in model.get_weights()]
    if not all(np.isfinite(weight).all() for weight in found):
        raise ValueError("a weight is too large for half precision, or not a number: save the model without half=True")
    return found


def load(path: StrPath) -> keras.Model:
    """Open a model that `save` has saved, with this version of Keras or another one.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    keras.Model
        Not compiled.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file was not made by `save`, is damaged, or needs something that this version of Keras does not have.

    Examples
    --------
    See `save`.
    """
    path = Path(path)
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                about = json.loads(archive.read(PLAN))
                name = HALF if HALF in archive.namelist() else WEIGHTS
                archive.extract(name, folder)
        except (zipfile.BadZipFile, KeyError) as error:
            hint = "open it with keras.models.load_model" if path.suffix == ".keras" else "copy or save it again"
            raise ValueError(f"{path} is not a model that training.save has saved, or it is damaged: {hint}") from error
        model = _built(about)
        if name == HALF:
            with np.load(Path(folder, HALF)) as halves:
                model.set_weights([halves[key].astype(np.float32) for key in halves.files])
        else:
            model.load_weights(Path(folder, WEIGHTS))
    return model


def _built(about):
    """The model of a plan, without its weights."""
    import keras

    plan = copy.deepcopy(about["model"])
    for entry in _objects(plan):
        defaults = entry.pop(DEFAULTS)
        known = _arguments(_class(entry))
        if known is not None:
            for name in set(defaults) - known.keys():
                entry["config"].pop(name, None)
    try:
        return keras.saving.deserialize_keras_object(plan)
    except (TypeError, ValueError) as error:
        reason = str(error).rsplit("Exception encountered: ", 1)[-1]  # before it come pages of the plan
        raise ValueError(
            f"Keras {keras.__version__} cannot build this model, which Keras {about['keras']} saved. Either a class of your own "
            "is not known here yet: decorate it with @keras.saving.register_keras_serializable(). Or it uses something that "
            f"only the other version has: install that one with pip install keras=={about['keras']}. Keras says: {reason}"
        ) from error


def _objects(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object in a plan that has a class and arguments: layers, initializers, models ..."""
    if isinstance(tree, dict):
        if isinstance(tree.get("config"), dict) and "class_name" in tree:
            yield tree
        for value in tree.values():
            yield from _objects(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _objects(value)


def _class(entry):
    """The class of an object in a plan; None if it cannot be found without building the object."""
    import keras

    found = keras.saving.get_registered_object(entry.get("registered_name") or entry["class_name"])
    if found is None and str(entry.get("module")).split(".")[0] == "keras":
        found = keras
        for part in [*entry["module"].split(".")[1:], entry["class_name"]]:
            found = getattr(found, part, None)
    return found if inspect.isclass(found) else None


def _arguments(kind):
    """The arguments by which objects of a class are made, with their defaults; None if they are not known."""
    if kind is None:
        return None
    found: dict[str, Any] = {}
    for base in kind.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(base.__init__).parameters.values()
        for one in parameters:
            if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
                found.setdefault(one.name, one.default)
        if not any(one.kind is one.VAR_KEYWORD for one in parameters):
            break  # it hands nothing on to the classes that it is made from
    return found


def _defaults(entry):
    """The arguments of an object that have their default value."""
    arguments = _arguments(_class(entry)) or {}
    same = (name for name, value in entry["config"].items() if name in arguments and _plain(arguments[name]) == value)
    return sorted(same)


def _plain(value):
    """A value as it looks in a plan."""
    return list(value) if isinstance(value, tuple) else value


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A new file beside another, which takes its place if all goes well."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    os.close(descriptor)
    try:
        yield Path(name)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
