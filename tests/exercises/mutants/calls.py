"""Mutants of what a question's tests pass: a parameter that is always the same, an argument that is changed, one row for all."""

import ast
import collections
import contextlib
import copy
import functools
import hashlib
import inspect
import os

import numpy as np

from mutants import operators

VALUES = 3  # a parameter is fixed at this many of the values that the tests use most, and at its default


class Calls:
    """What a question's tests pass to its functions, and the mutants that this suggests.

    Parameters
    ----------
    source : str
        The answer.
    """

    def __init__(self, source):
        self._source = source
        self._functions = operators.written(source)
        self._values = collections.defaultdict(collections.Counter)  # by function, parameter, and place in a tuple
        self._kinds = collections.defaultdict(set)  # by function and parameter: "array", "list", "channels", ...
        self._texts = set()  # functions that return texts

    def watch(self, space):
        """Put recorders in the place of the functions of a namespace."""
        for name in self._functions:
            outer, _, method = name.rpartition(".")
            if outer and (not method.startswith("__") or method in ("__init__", "__call__", "__getitem__")):
                owner = space[outer]
                kind = vars(owner)[method]
                if not isinstance(kind, staticmethod | classmethod | property):
                    setattr(owner, method, self._recorder(kind, name))
            elif not outer:
                space[name] = self._recorder(space[name], name)

    def _recorder(self, function, name):
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*arguments, **named):
            try:
                bound = signature.bind(*arguments, **named)
                bound.apply_defaults()
            except TypeError:
                return function(*arguments, **named)  # it says best what is wrong
            for parameter, value in bound.arguments.items():
                if signature.parameters[parameter].kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
                    continue
                self._note(name, parameter, value)
            result = function(*arguments, **named)
            if isinstance(result, str):
                self._texts.add(name)
            return result

        return call

    def _note(self, name, parameter, value):
        key = (name, parameter)
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, np.ndarray):
            self._kinds[key].add("array")
            if value.ndim >= 2 and len(value) > 1:
                self._kinds[key].add("rows")
            if value.ndim >= 3 and value.shape[-1] == 3:
                self._kinds[key].add("channels")
        elif isinstance(value, list | dict | set):
            self._kinds[key].add("container")
        literal = _literal(value)
        if literal is not None:
            self._values[name, parameter, None][literal] += 1
            if isinstance(value, tuple | list) and 2 <= len(value) <= 4:
                for place, item in enumerate(value):
                    self._values[name, parameter, place][_literal(item)] += 1

    def mutants(self):
        """The mutants, once the tests have run.

        Returns
        -------
        list of operators.Mutant
        """
        return operators.named([*self._fixed(), *self._inputs(), *self._salts()])

    def _fixed(self):
        for name, node in self._functions.items():
            defaults = _defaults(node)
            for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                parameter = argument.arg
                used = [value for value, _ in self._values[name, parameter, None].most_common(VALUES)]
                for value in dict.fromkeys([*used, *defaults.get(parameter, [])]):
                    yield self._first(name, f"{parameter} = {value}", f"{name}: {parameter} is always {value}")
                for place in range(4):
                    for value, _ in self._values.get((name, parameter, place), collections.Counter()).most_common(VALUES):
                        if value is not None:
                            line = f"{parameter} = [*{parameter}[:{place}], {value}, *{parameter}[{place + 1}:]]"
                            yield self._first(name, line, f"{name}: {parameter}[{place}] is always {value}")

    def _inputs(self):
        for (name, parameter), kinds in self._kinds.items():
            if kinds & {"array", "container"} and parameter != "self":
                source = f"{self._source}\n\n{name} = _changes({name}, {parameter!r})\n"
                yield operators.Mutant(f"{name}: changes its input {parameter}", source)
            if "rows" in kinds:
                yield self._first(name, f"{parameter} = _first_row({parameter})", f"{name}: the first of {parameter} for all")
            if "channels" in kinds:
                line = f"{parameter} = _first_channel({parameter})"
                yield self._first(name, line, f"{name}: the first channel of {parameter} for all")

    def _salts(self):
        for name in sorted(self._texts):
            if "." not in name:
                yield operators.Mutant(f"{name}: another result in each process", f"{self._source}\n\n{name} = _salted({name})\n")

    def _first(self, name, line, title):
        return operators.with_first_lines(self._source, name, line, title)


def _defaults(node):
    """The default of each parameter that has one and is a plain value."""
    positional = [*node.args.posonlyargs, *node.args.args]
    pairs = [
        *zip(positional[::-1], node.args.defaults[::-1], strict=False),
        *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
    ]
    return {argument.arg: [ast.unparse(default)] for argument, default in pairs if default is not None}


def _literal(value):
    """A plain value as Python code, or None for anything else and for what is long."""
    try:
        text = repr(value)
        return text if len(text) <= 60 and ast.literal_eval(text) == value else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _changes(function, parameter):
    """The right result, but the argument is another one afterwards."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*arguments, **named):
        result = function(*arguments, **named)
        if isinstance(result, np.ndarray | list | tuple | dict):
            with contextlib.suppress(Exception):  # an object of the student's in it that cannot be copied
                result = copy.deepcopy(result)
        value = signature.bind(*arguments, **named).arguments.get(parameter)
        if isinstance(value, np.ndarray) and value.flags.writeable and value.size:
            value[...] = ~value if value.dtype.kind == "b" else value + np.ones(1, value.dtype)
        elif isinstance(value, list) and value:
            value.append(value.pop(0))
            value.append(value[-1])
        elif isinstance(value, dict) and value:
            value.popitem()
        elif isinstance(value, set) and value:
            value.pop()
        return result

    return call


def _salted(function):
    """As if the result depended on something that is another one in each process, as Python's hash does."""
    salt = os.urandom(8)

    @functools.wraps(function)
    def call(*arguments, **named):
        result = function(*arguments, **named)
        return hashlib.sha512(salt + result.encode()).hexdigest()[: len(result)]

    return call


def _first_row(value):
    ok = isinstance(value, np.ndarray) and value.ndim >= 1 and len(value)
    return np.repeat(value[:1], len(value), axis=0) if ok else value


def _first_channel(value):
    ok = isinstance(value, np.ndarray) and value.ndim >= 3 and value.shape[-1] == 3
    return np.repeat(value[..., :1], 3, axis=-1) if ok else value


# What mutants call; `Notebook` puts these names into their namespace.
NAMES = {"_changes": _changes, "_salted": _salted, "_first_row": _first_row, "_first_channel": _first_channel}
