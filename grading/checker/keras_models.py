"""A student's Keras model, rebuilt in the checker from its config and its weights, and from nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

from grading.checker.mirrors import StudentFunction
from grading.checker.proxies import StudentError
from grading.protocol import values

MODEL_SIZE = 512 * values.MIB  # bytes of weights
CONFIG_SIZE = 4 * values.MIB  # characters of a config
_MODULES = re.compile(
    r"keras(\.(layers|models|initializers|regularizers|constraints|activations|losses|metrics|optimizers|ops|dtype_policies"
    r"|optimizers\.schedules|src\.models\.(functional|sequential|model)|src\.ops\.(numpy|nn|math|image|linalg)))?|builtins"
)
# A config of these is or holds code, reads files, or hands over to another framework.
_CODE = {
    "Lambda",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
    "FeatureSpace",
    "__lambda__",
    "__typespec__",
}


class StudentModel(StudentFunction):
    """Stands for a student's Keras model: passed on, it is the student's; used here, it is rebuilt from config and weights."""

    __slots__ = ()

    def _trusted(self) -> Any:
        link, cache = object.__getattribute__(self, "_link"), object.__getattribute__(self, "_cache")
        if cache is None or cache[0] != link.calls:
            form = link.value("model", of=object.__getattribute__(self, "_id"))
            calls = link.calls
            config, weights = (form.get("config"), form.get("weights")) if type(form) is dict else (None, None)
            try:
                config = json.loads(config) if type(config) is str and len(config) < CONFIG_SIZE else None
            except (ValueError, RecursionError):
                config = None
            if cache is not None and cache[1] == config:
                model = cache[2]
                _set_weights(model, weights)
            else:
                model = rebuild_model(config, weights)
            cache = (calls, config, model)
            object.__setattr__(self, "_cache", cache)
        return cache[2]

    @property  # type: ignore[misc]  # isinstance asks for it, and nobody sets it
    def __class__(self) -> type:
        return type(self._trusted())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__name__", "__doc__", "__qualname__"):
            raise AttributeError(name)
        return getattr(self._trusted(), name)

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Run the rebuilt model."""
        return self._trusted()(*args, **kwargs)


def rebuild_model(config: object, weights: object) -> Any:
    """Build a Keras model from its config and weights, which come from a student's process.

    Parameters
    ----------
    config : dict
        What `keras.saving.serialize_keras_object` gives.
    weights : list of ndarray

    Returns
    -------
    keras.Model

    Raises
    ------
    StudentError
        If the config names anything but Keras's own layers, initialisers and the like, if a layer of it is code, if it is
        too large, or if Keras cannot build it.
    """
    import keras
    import numpy as np

    if type(config) is not dict or type(weights) is not list or not all(type(array) is np.ndarray for array in weights):
        raise StudentError("the model did not come across as config and weights")
    if sum(array.nbytes for array in weights) > MODEL_SIZE:
        raise StudentError(f"the model has more than {MODEL_SIZE // values.MIB} MiB of weights")
    _inspect(config)
    try:
        model = keras.saving.deserialize_keras_object(config, safe_mode=True)
    except Exception as problem:
        raise StudentError(f"the model cannot be rebuilt: {type(problem).__name__}: {str(problem)[:300]}") from None
    if not isinstance(model, keras.Model):
        raise StudentError("the config is not that of a Keras model")
    _set_weights(model, weights)
    return model


def _set_weights(model: Any, weights: object) -> None:
    try:
        model.set_weights(weights)
    except Exception as problem:
        raise StudentError(f"the model's weights do not fit its config: {str(problem)[:300]}") from None


def _inspect(config: object, depth: int = 0) -> None:
    """Refuse a config that names anything but harmless parts of Keras."""
    if depth > 60:
        raise StudentError("the model's config is nested too deeply")
    if type(config) is list or type(config) is tuple:
        for item in config:
            _inspect(item, depth + 1)
    elif type(config) is dict:
        name, module = config.get("class_name"), config.get("module")
        if "class_name" in config:
            if type(name) is not str or name in _CODE:
                raise StudentError(
                    f"a model with a {values.clean(name, 60)} cannot be checked: its config holds code or reads files"
                )
            special = name in ("__keras_tensor__", "__tensor__", "__numpy__", "__ellipsis__", "__slice__", "__bytes__")
            if not special and (type(module) is not str or not _MODULES.fullmatch(module)):
                raise StudentError(f"a model with its own {values.clean(name, 60)} cannot be checked: use Keras's layers")
            if config.get("registered_name") not in (None, name):
                raise StudentError(f"a model with its own {values.clean(name, 60)} cannot be checked: use Keras's layers")
        for item in config.values():
            _inspect(item, depth + 1)
