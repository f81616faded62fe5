"""What the reference solution does beyond giving back plain data, read from its source.

A test gets no more from a student's process than its own reference solution needs. Where no cell of it defines a class with
``__eq__``, no object of a student's can be compared; where no function of it changes its argument, no argument changes. So an
exercise about numbers and arrays loses nothing to what an exercise about classes needs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

_CHANGING = frozenset(  # methods that change the object they belong to
    "append extend insert remove pop clear sort reverse add discard update setdefault popitem appendleft extendleft popleft"
    " rotate fill resize put itemset partition subtract move_to_end difference_update intersection_update"
    " symmetric_difference_update byteswap setflags".split()
)
_CHANGES_FIRST = frozenset(  # functions that change their first argument
    "shuffle fill_diagonal copyto put place putmask heappush heappop heapify heapreplace heappushpop insort insort_left"
    " insort_right setattr delattr setitem delitem".split()
)
_READS = frozenset("open read_text read_bytes loadtxt genfromtxt read_csv read_json load reader".split())
_WRITES = frozenset("write_text savetxt to_csv to_json writer touch".split())
_DATACLASS = frozenset("__eq__ __repr__ __hash__ __lt__".split())
_ORDER = frozenset("__lt__ __le__ __gt__ __ge__".split())


class Watched(NamedTuple):
    """A parameter whose argument is more than a value.

    Attributes
    ----------
    position : int
        -1 for one that only goes by its name.
    name : str
    changed : bool
        The function changes it in place.
    returned : bool
        The function gives it back itself, not a copy.
    """

    position: int
    name: str
    changed: bool
    returned: bool


class Traits(NamedTuple):
    """What of a reference solution's a test may meet.

    Attributes
    ----------
    classes : tuple of str
        Classes that it defines.
    methods : tuple of str
        Special methods of these, those of dataclasses included.
    watched : dict of str to list
        From a function's name to its parameters that are :class:`Watched`; a method's name begins with a dot.
    reads, writes : bool
        Whether it does so with files.
    """

    classes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    watched: dict[str, list[Any]] = {}
    reads: bool = False
    writes: bool = False


def traits(sources: Iterable[str]) -> Traits:
    r"""Read the solution cells.

    Parameters
    ----------
    sources : iterable of str
        Python; a cell that does not parse is passed over.

    Returns
    -------
    Traits

    Examples
    --------
    >>> traits(["def double(x):\n    return 2 * x"])
    Traits(classes=(), methods=(), watched={}, reads=False, writes=False)
    >>> traits(["def grow(xs, n):\n    xs.append(n)"]).watched
    {'grow': [Watched(position=0, name='xs', changed=True, returned=False)]}
    """
    classes: set[str] = set()
    methods: set[str] = set()
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
    reads = writes = False
    for source in sources:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                writes = writes or _last(node) in _WRITES or (_last(node) == "open" and _opens_to_write(node))
                reads = reads or _last(node) in _READS
            elif isinstance(node, ast.ClassDef):
                classes.add(node.name)
                methods.update(_special(node))
                for one in node.body:
                    if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                        functions[f".{one.name}"] = one
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if node in tree.body:
                    functions[node.name] = node
                if any("contextmanager" in _last(decorator) for decorator in node.decorator_list):
                    classes.add("_GeneratorContextManager")
                    methods.update(("__enter__", "__exit__"))
    return Traits(tuple(sorted(classes)), tuple(sorted(methods)), _watched(functions), reads, writes)


def _opens_to_write(call: ast.Call) -> bool:
    """Whether a call of ``open`` has a mode other than for reading."""
    modes = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    texts = [one.value for one in modes if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return any(len(text) <= 3 and set(text) & set("wax+") and set(text) <= set("rwaxbt+") for text in texts)


def _special(node: ast.ClassDef) -> set[str]:
    """Special methods that a class defines or is given."""
    found = {one.name for one in node.body if isinstance(one, ast.FunctionDef) and one.name.startswith("__")}
    for one in node.body:
        if isinstance(one, ast.Assign):  # __rmul__ = __mul__
            found.update(name.id for name in one.targets if isinstance(name, ast.Name) and name.id.startswith("__"))
    given = {_last(decorator) for decorator in node.decorator_list}
    if "dataclass" in given:
        found |= _DATACLASS | _ORDER
    if "total_ordering" in given:
        found |= _ORDER
    return found


def _last(node: ast.AST) -> str:
    """The last part of a name with dots; of a call, that of what is called."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _root(node: ast.AST | None) -> str:
    """The name that ``name[0].a[1]`` starts with."""
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _watched(functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]) -> dict[str, list[Any]]:
    changed: dict[str, set[str]] = {name: set() for name in functions}
    while True:  # until nothing new is found: functions hand their arguments on
        before = sum(map(len, changed.values()))
        for name, node in functions.items():
            changed[name] |= _changed(node, functions, changed)
        if sum(map(len, changed.values())) == before:
            break
    found = {}
    for name, node in functions.items():
        kept = set(_parameters(node)) - _rebound(node)
        returned = {one.value.id for one in ast.walk(node) if isinstance(one, ast.Return) and isinstance(one.value, ast.Name)}
        places = _places(name, node)
        watched = [
            Watched(places[one], one, one in changed[name], one in returned)
            for one in _parameters(node)
            if one in kept and one in places and (one in changed[name] or one in returned)
        ]
        if watched:
            found[name] = watched
    return found


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]


def _places(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, int]:
    """Where each parameter stands in a call."""
    positional = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
    if name.startswith(".") and not any(_last(decorator) == "staticmethod" for decorator in node.decorator_list):
        positional = positional[1:]
    return {one: place for place, one in enumerate(positional)} | {one.arg: -1 for one in node.args.kwonlyargs}


def _rebound(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Parameters that come to stand for something else: ``x = x.copy()``."""
    found: set[str] = set()
    for one in ast.walk(node):
        targets: list[ast.expr] = []
        if isinstance(one, ast.Assign):
            targets = one.targets
        elif isinstance(one, ast.AnnAssign | ast.NamedExpr | ast.For | ast.comprehension):
            targets = [one.target]
        found.update(name for target in targets for name in _stored(target))
    return found


def _stored(target: ast.AST) -> Iterator[str]:
    """Names that a target binds."""
    for one in ast.walk(target):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id


def _changed(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef],
    known: dict[str, set[str]],
) -> set[str]:
    """Parameters that a function changes in place, as far as its text tells."""
    origin = {name: name for name in _parameters(node)}  # a name, and the parameter that it is or is a part of
    found: set[str] = set()
    for _ in range(2):  # the second time with all other names of the same things
        for one in ast.walk(node):
            names: list[str] = []
            if isinstance(one, ast.Subscript | ast.Attribute) and not isinstance(one.ctx, ast.Load):
                names = [_root(one)]
            elif isinstance(one, ast.AugAssign):
                names = [_root(one.target)]
            elif isinstance(one, ast.Call):
                names = list(_changed_by_call(one, functions, known))
            elif isinstance(one, ast.Assign) and _root(one.value):
                for target in one.targets:
                    if isinstance(target, ast.Name) and _root(one.value) in origin:
                        origin.setdefault(target.id, origin[_root(one.value)])
            elif isinstance(one, ast.For):
                inside = [part.id for part in ast.walk(one.iter) if isinstance(part, ast.Name) and part.id in origin]
                for name in _stored(one.target):
                    if inside:
                        origin.setdefault(name, origin[inside[0]])
            found.update(origin[name] for name in names if name in origin)
    return found


def _changed_by_call(
    call: ast.Call, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef], known: dict[str, set[str]]
) -> Iterator[str]:
    name = _last(call)
    if isinstance(call.func, ast.Attribute) and name in _CHANGING:
        yield _root(call.func.value)
    if name in _CHANGES_FIRST and call.args:
        yield _root(call.args[0])
    for keyword in call.keywords:
        if keyword.arg == "out":
            yield _root(keyword.value)
    called = name if isinstance(call.func, ast.Name) else f".{name}"
    if called in functions:
        places = _places(called, functions[called])
        for parameter in known[called]:
            place = places.get(parameter, -1)
            if 0 <= place < len(call.args):
                yield _root(call.args[place])
            yield from (_root(keyword.value) for keyword in call.keywords if keyword.arg == parameter)
