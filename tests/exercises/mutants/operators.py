"""Makes mutants of an answer: the same code with one thing changed, as a plausible mistake would change it.

Only what stands between BEGIN SOLUTION and END SOLUTION is changed: the rest of the cell is given to students.
"""

import ast
import copy
import re
from typing import NamedTuple

LONGEST = 110  # of a mutant's name


class Mutant(NamedTuple):
    """An answer with one change."""

    name: str  # what was changed; stays the same when other lines change
    source: str


COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC = {ast.Add: ast.Sub, ast.Mult: ast.Div, ast.BitAnd: ast.BitOr}
ARITHMETIC |= {other: one for one, other in ARITHMETIC.items()}
FUNCTIONS = {  # what is mistaken for what
    "mean": ("median", "sum"),
    "median": ("mean",),
    "sum": ("mean",),
    "max": ("min",),
    "min": ("max",),
    "argmax": ("argmin",),
    "argmin": ("argmax",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "floor": ("ceil",),
    "ceil": ("floor",),
    "any": ("all",),
    "all": ("any",),
    "std": ("var",),
    "var": ("std",),
    "arctan2": ("hypot",),
    "reduce_mean": ("reduce_sum",),
    "reduce_sum": ("reduce_mean",),
}
NO_METHODS = {"median", "floor", "ceil", "maximum", "minimum"}  # NumPy has only functions of these names
DROPPED = set(
    "abs absolute sqrt square round rint log exp maximum minimum clip copy deepcopy flip sorted sort unique relu astype reshape "
    "ravel flatten floor ceil repeat transpose swapaxes squeeze stop_gradient shuffle permutation normalize".split()
)
MODULES = {"np", "np.linalg", "np.random", "math", "tf", "ops", "keras.ops"}
OPTIMISERS = {"SGD": "Adam", "Adam": "RMSprop", "RMSprop": "Adam"}
SORTS = {"argsort", "sort", "sorted"}
SEEDED = {"default_rng", "SeedGenerator", "RandomState", "Random"}
WORDS = {
    "same": "valid",
    "valid": "same",
    "relu": "linear",
    "softmax": "sigmoid",
    "sigmoid": "tanh",
    "tanh": "relu",
    "l1": "l2",
    "l2": "l1",
    "float32": "float64",
    "float64": "float32",
    "zeros": "ones",
    "ones": "zeros",
    "stable": "quicksort",
    "binary_crossentropy": "mse",
    "categorical_crossentropy": "mse",
    "sparse_categorical_crossentropy": "mse",
}
NOT_DROPPED = {"verbose", "strict", "stacklevel"}  # keyword arguments whose loss no student would call a mistake
LAST_BY_DEFAULT = SORTS | {"softmax"}  # where axis=1 of a matrix is what they do anyway


def changes(source):
    """The mutants of an answer that come from its code alone.

    Parameters
    ----------
    source : str
        Of the solution cell.

    Returns
    -------
    list of Mutant

    Examples
    --------
    >>> cell = '''def top(values, k):
    ...     ### BEGIN SOLUTION
    ...     return sorted(values, reverse=True)[:k]
    ...     ### END SOLUTION'''
    >>> for mutant in changes(cell):
    ...     print(mutant.name)
    without sorted: sorted(values, reverse=True) -> values
    reversed: sorted(values, reverse=True) -> sorted(values, reverse=True)[::-1]
    without reverse: sorted(values, reverse=True) -> sorted(values)
    slice: [:k] -> [:]
    slice: [:k] -> [:k + 1]
    constant: reverse=True -> reverse=False
    """
    tree = ast.parse(source)
    inside = _solution_lines(source)
    made = []
    for node, parent in _nodes(tree):
        if getattr(node, "lineno", 0) in inside or (isinstance(node, ast.comprehension) and node.target.lineno in inside):
            made += [(kind, node, new, parent) for kind, new in _alternatives(node, parent)]
    return named(_built(tree, node, new, _name(kind, node, new, parent)) for kind, node, new, parent in made)


def with_first_lines(source, function, lines, name):
    """A mutant that runs some lines at the beginning of a function.

    Parameters
    ----------
    source : str
    function : str
        Its name, ``Class.method`` for a method.
    lines : str
    name : str
        Of the mutant.

    Returns
    -------
    Mutant

    Examples
    --------
    >>> print(with_first_lines("def f(k): return k + 1", "f", "k = 3", "k is always 3").source)
    def f(k):
        k = 3
        return k + 1
    """
    tree = ast.parse(source)
    node = functions(tree)[function]
    start = 1 if ast.get_docstring(node) is not None else 0
    node.body[start:start] = ast.parse(lines).body
    return Mutant(name, ast.unparse(ast.fix_missing_locations(tree)))


def functions(tree):
    """The functions of a cell and the methods of its classes, by their names.

    Examples
    --------
    >>> list(functions(ast.parse("class A:\\n    def f(self): pass\\ndef g(): pass")))
    ['A.f', 'g']
    """
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{inner.name}": inner for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return found


def written(source):
    """The functions of a cell of which the student writes at least a part."""
    inside = _solution_lines(source)
    own = functions(ast.parse(source))
    return {name: node for name, node in own.items() if inside & set(range(node.lineno, node.end_lineno + 1))}


def _solution_lines(source):
    """Numbers of the lines between the marks; all lines where there are none."""
    lines = source.splitlines()
    ends = [place for place, line in enumerate(lines, 1) if re.match(r"\s*### (BEGIN|END) SOLUTION", line)]
    if not ends:
        return set(range(1, len(lines) + 1))
    return {line for start, stop in zip(ends[::2], ends[1::2], strict=True) for line in range(start, stop)}


def _nodes(tree):
    """Every node that may be changed, with its parent; texts for people are left out."""
    todo = [(tree, None)]
    while todo:
        node, parent = todo.pop(0)
        if isinstance(node, ast.Raise | ast.JoinedStr) or (isinstance(node, ast.Call) and _called(node) in ("print", "warn")):
            continue
        if isinstance(node, ast.FunctionDef | ast.arguments | ast.AnnAssign):
            inner = node.body if isinstance(node, ast.FunctionDef) else []
        else:
            inner = ast.iter_child_nodes(node)
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if parent is not None and not docstring:
            yield node, parent
        if not docstring:
            todo += [(child, node) for child in inner]


def _alternatives(node, parent):
    """What a node may be mistaken for: pairs of the kind of mistake and the node in its place."""
    for kind, make in (
        (ast.Compare, _compare),
        (ast.BoolOp, _bool_op),
        (ast.BinOp, _bin_op),
        (ast.UnaryOp, _unary_op),
        (ast.If | ast.IfExp, _branches),
        (ast.comprehension, _comprehension),
        (ast.For, _loop),
        (ast.Constant, _constant),
        (ast.Call, _call),
        (ast.Slice, _slice),
        (ast.Return, _return),
        (ast.Expr | ast.AugAssign | ast.Assign | ast.Assert | ast.Break | ast.Continue, _statement),
    ):
        if isinstance(node, kind):
            yield from make(node, parent)


def _compare(node, parent):
    for place, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            yield "comparison", _with(node, ops=[*node.ops[:place], other(), *node.ops[place + 1 :]])


def _bool_op(node, parent):
    yield "and/or", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for place in range(len(node.values)):
        rest = [*node.values[:place], *node.values[place + 1 :]]
        yield "dropped condition", rest[0] if len(rest) == 1 else _with(node, values=rest)


def _bin_op(node, parent):
    if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
        return
    if type(node.op) in ARITHMETIC and not isinstance(node.left, ast.List):
        yield "operator", _with(node, op=ARITHMETIC[type(node.op)]())
    if isinstance(node.op, ast.MatMult):
        return
    yield "dropped operand", node.left
    if not isinstance(node.op, ast.Pow | ast.Mod | ast.FloorDiv):
        yield "dropped operand", node.right
    if isinstance(node.op, ast.FloorDiv):
        yield "operator", ast.parse(f"-(-({ast.unparse(node.left)}) // ({ast.unparse(node.right)}))", mode="eval").body
    if isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant) and node.right.value in (255, 127.5):
        half = "" if node.right.value == 255 else " * 0.5"
        yield "the largest value", _with(node, right=ast.parse(f"np.max({ast.unparse(node.left)}){half}", mode="eval").body)


def _unary_op(node, parent):
    if isinstance(node.operand, ast.Constant):
        if isinstance(parent, ast.Subscript):
            yield "constant", ast.Constant(0)
    else:
        yield "dropped sign", node.operand


def _branches(node, parent):
    for value in (True, False):
        yield "branch", _with(node, test=ast.Constant(value))


def _comprehension(node, parent):
    for place in range(len(node.ifs)):
        yield "dropped condition", _with(node, ifs=[*node.ifs[:place], *node.ifs[place + 1 :]])


def _loop(node, parent):
    everything = ast.unparse(node.iter)
    for part in ("[:-1]", "[1:]"):
        yield f"loop over {part}", _with(node, iter=ast.parse(f"list({everything}){part}", mode="eval").body)


def _constant(node, parent):
    value = node.value
    if (isinstance(parent, ast.Slice) and value == 0) or isinstance(parent, ast.UnaryOp):
        return  # [0:] is [:], and reshape takes any negative number for -1
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, int):
        yield "constant", ast.Constant(value + 1)
        yield "constant", _number(value - 1)
    elif isinstance(value, float) and (abs(value) > 1e-5 or value == 0):
        others = {0.9: 0.99, 0.99: 0.9, 0.0: 1.0, 0.5: 0.6}
        yield "constant", ast.Constant(others.get(value, 1.5 * value))
    elif isinstance(value, str) and isinstance(parent, ast.Compare | ast.Call | ast.keyword | ast.Dict | ast.Subscript):
        yield "constant", ast.Constant(WORDS.get(value, value + "_"))


def _call(node, parent):
    name = _called(node)
    method = isinstance(node.func, ast.Attribute)
    of_module = not method or ast.unparse(node.func.value) in MODULES  # np.mean(x) is a function, x.mean() is a method
    subject = (node.args[0] if node.args else None) if of_module else node.func.value
    named = {keyword.arg: keyword for keyword in node.keywords}
    for other in FUNCTIONS.get(name, ()):
        if not method:
            if other in ("max", "min", "sum", "any", "all"):
                yield "function", _with(node, func=ast.Name(other))
        elif not of_module and other in NO_METHODS:
            numpy = ast.Attribute(ast.Name("np"), other)
            yield "function", _with(node, func=numpy, args=[node.func.value, *node.args])
        else:
            yield "function", _with(node, func=_renamed(node.func, other))
    if name in DROPPED and subject is not None and not isinstance(subject, ast.Starred):
        yield f"without {name}", subject
    if name in ("maximum", "minimum") and len(node.args) == 2:
        yield f"without {name}", node.args[1]
    if name in ("asarray", "array") and subject is not None and (len(node.args) > 1 or "dtype" in named):
        yield f"without {name}", subject
    if name in SORTS and subject is not None and not isinstance(parent, ast.Expr):
        yield "reversed", ast.parse(f"{ast.unparse(node)}[{'' if name == 'sorted' else '..., '}::-1]", mode="eval").body
    if name in SEEDED and (node.args or node.keywords):
        yield "unseeded", _with(node, args=[], keywords=[])
    if name == "norm" and of_module:
        ord_1 = named | {"ord": ast.keyword("ord", ast.Constant(1))}
        yield "L1 norm", _with(node, keywords=list(ord_1.values()))
    if name in OPTIMISERS:
        yield "optimiser", _with(node, func=_renamed(node.func, OPTIMISERS[name]))
    if name == "SGD" and "momentum" not in named:
        yield "optimiser", _with(node, keywords=[*node.keywords, ast.keyword("momentum", ast.Constant(0.9))])
    if name == "range" and len(node.args) == 1 and not isinstance(node.args[0], ast.Constant):
        yield "range", _with(node, args=[ast.Constant(1), *node.args])
        yield "range", _with(node, args=[ast.BinOp(node.args[0], ast.Sub(), ast.Constant(1))])
    for place, keyword in enumerate(node.keywords):
        if keyword.arg == "axis" and name in LAST_BY_DEFAULT:
            continue
        if keyword.arg and keyword.arg not in NOT_DROPPED:
            yield f"without {keyword.arg}", _with(node, keywords=[*node.keywords[:place], *node.keywords[place + 1 :]])


def _slice(node, parent):
    for end in ("lower", "upper", "step"):
        value = getattr(node, end)
        if value is None or (isinstance(value, ast.Constant) and value.value == 0):
            continue
        yield "slice", _with(node, **{end: None})
        if end != "step" and not isinstance(value, ast.Constant | ast.UnaryOp):
            yield "slice", _with(node, **{end: ast.BinOp(value, ast.Add(), ast.Constant(1))})


def _return(node, parent):
    if isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
        yield "swapped", _with(node, value=_with(node.value, elts=node.value.elts[::-1]))


def _statement(node, parent):
    if isinstance(node, ast.Assign):
        # The first assignment to a name is needed: without it nothing would run.
        again = [t for t in node.targets if isinstance(t, ast.Attribute | ast.Subscript)]
        read = {name.id for name in ast.walk(node.value) if isinstance(name, ast.Name)}
        again += [t for t in node.targets if isinstance(t, ast.Name) and t.id in read]
        if not again:
            return
    if isinstance(node, ast.Break | ast.Continue) and not isinstance(parent, ast.If):
        return
    yield "dropped", ast.Pass()


def _called(node):
    """The last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _renamed(function, name):
    return ast.Name(name) if isinstance(function, ast.Name) else _with(function, attr=name)


def _number(value):
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _with(node, **fields):
    """A copy of a node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _name(kind, node, new, parent):
    """What was changed into what; a constant is shown with what stands around it."""
    if isinstance(node, ast.Constant | ast.UnaryOp):
        if isinstance(parent, ast.Dict):  # only the entry
            place = [*parent.keys, *parent.values].index(node) % len(parent.keys)
            parent = ast.Dict([parent.keys[place]], [parent.values[place]])
        if isinstance(parent, ast.expr | ast.keyword):
            node, new = parent, copy.deepcopy(parent, {id(node): new})
    return f"{kind}: {_text(node)} -> {_text(new)}"


def _text(node):
    """A node as a person would write it, in one short line."""
    if isinstance(node, ast.keyword):
        text = f"{node.arg}={ast.unparse(node.value)}"
    elif isinstance(node, ast.Slice):
        text = f"[{ast.unparse(node)}]"
    elif isinstance(node, ast.If):
        text = f"if {ast.unparse(node.test)}"
    elif isinstance(node, ast.For):
        text = f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}"
    else:
        text = ast.unparse(node)
    return " ".join(text.split())


def _built(tree, node, new, name):
    """The mutant with `new` in the place of `node`."""
    changed = copy.deepcopy(tree, {id(node): new})
    return Mutant(name if len(name) <= LONGEST else name[: LONGEST - 2] + " …", ast.unparse(ast.fix_missing_locations(changed)))


def named(mutants):
    """The mutants that differ in their code, each with a name of its own."""
    seen, names, kept = set(), {}, []
    for mutant in mutants:
        if mutant.source not in seen:
            seen.add(mutant.source)
            names[mutant.name] = names.get(mutant.name, 0) + 1
            number = names[mutant.name]
            kept.append(mutant if number == 1 else mutant._replace(name=f"{mutant.name} #{number}"))
    return kept
