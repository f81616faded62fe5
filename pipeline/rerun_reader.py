"""What one cell of a notebook does to the names of the cells before it: the reader behind `pipeline.reruns`."""

import ast
import dataclasses
import re
from dataclasses import dataclass, field

from pipeline import syntax

MARK = re.compile(r"# Running this (cell )?again \w.*")

# Methods that change the object they belong to.
CHANGES = set(
    """append extend insert remove pop popitem clear sort reverse update setdefault add discard fill put itemset partition
    assign_add assign_sub update_state apply_gradients cleanup""".split()
)
TRAINS = {"fit", "train_on_batch", "partial_fit"}
STARTS_AGAIN = {
    "set_weights",
    "load_weights",
    "reset",
    "assign",
}  # a model that is trained after one of these begins where it began before
FUNCTIONS_THAT_CHANGE = {"shuffle", "put", "copyto", "place", "putmask", "put_along_axis", "fill_diagonal", "heappush", "heappop"}
VIEWS = set("reshape ravel view transpose swapaxes squeeze items values keys get setdefault flatten_view".split())
PASSES_ON = {"zip", "enumerate", "reversed", "asarray", "squeeze", "ravel", "sorted", "cast"}  # what comes out holds what went in
GENERATORS = {"default_rng", "RandomState", "Random", "SeedGenerator", "Generator"}
ITERATORS = {"iter", "zip", "map", "filter", "enumerate", "reversed", "cycle", "count", "chain", "islice"}
SEEDS = {"seed", "set_random_seed"}
NOT_FROM_THE_COMMON_GENERATOR = {*GENERATORS, *SEEDS, "SeedSequence", "PCG64"}


@dataclass
class Known:
    """What is known of a name."""

    kind: str = "value"  # or "import", "function", "generator", "iterator", "estimator", "temporary"
    shares: frozenset = frozenset()  # names of earlier cells whose value this one may be, or be a part of
    from_names: frozenset = frozenset()  # names of earlier cells that decided its value
    part_of: frozenset = frozenset()  # names of any cell whose value it is a part of
    module: str = ""  # of an import
    changes: frozenset = frozenset()  # of a function: the parameters, (position, name), and names outside that it changes
    restarts: frozenset = frozenset()  # of a function: the same for models that it puts back to a start


def _parsed(source):
    """The syntax tree of a cell, without the lines that only IPython understands."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.parse(re.sub(r"^([ \t]*)[%!].*", r"\1pass", source, flags=re.MULTILINE))


def read_cell(source, earlier):
    """Read a cell.

    Parameters
    ----------
    source : str
        Its code.
    earlier : dict of str to Known
        The names that the cells before it have made.

    Returns
    -------
    found : list of (int, str)
        The lines that cannot be run twice, and why.
    made : dict of str to Known
        The names that this cell makes.
    """
    reader = _Reader(earlier, source.splitlines())
    reader.read(_parsed(source).body)
    made = {}
    for name, known in reader.here.items():
        kind = known.kind if known.kind != "temporary" else "value"
        made[name] = dataclasses.replace(known, kind=kind, from_names=frozenset())
    return list(dict.fromkeys(reader.found)), made


@dataclass
class _Reader(ast.NodeVisitor):
    """Reads the statements of one cell, or of one function, in their order."""

    earlier: dict
    lines: list  # of the cell's source
    here: dict = field(default_factory=dict)
    found: list = field(default_factory=list)
    changed: set = field(default_factory=set)  # the names of `earlier` that are changed
    in_function: bool = False
    guarded: int = 0  # inside of `if not path.exists()` and the like
    seeded: bool = False
    fresh_models: set = field(default_factory=set)  # put back to a start in this cell
    looked_up: set = field(default_factory=set)  # results that are kept: `if key not in kept: kept[key] = ...`

    def read(self, statements):
        for statement in statements:
            self.visit(statement)

    # --- what names stand for --------------------------------------------------------------------------------------------

    def known(self, name):
        return self.here.get(name) or self.earlier.get(name) or Known("builtin")

    def shares(self, node):
        """The names of earlier cells whose value the expression may be, or be a part of."""
        if isinstance(node, ast.Name):
            if node.id in self.here:
                return self.here[node.id].shares
            known = self.earlier.get(node.id)
            return frozenset([node.id]) if known and known.kind not in ("import", "function") else frozenset()
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
            return self.shares(node.value)
        if isinstance(node, ast.IfExp):
            return self.shares(node.body) | self.shares(node.orelse)
        if isinstance(node, ast.Tuple | ast.List):
            return frozenset().union(*map(self.shares, node.elts))
        if isinstance(node, ast.Call):
            name = syntax.last(node.func)
            if isinstance(node.func, ast.Attribute) and name in VIEWS:
                return self.shares(node.func.value)
            if name in PASSES_ON:
                return frozenset().union(*map(self.shares, node.args))
        return frozenset()

    def elements(self, node):
        """The names of earlier cells in whose values the elements of a collection may lie."""
        if isinstance(node, ast.BinOp):  # two lists, one after the other
            return self.elements(node.left) | self.elements(node.right)
        if isinstance(node, ast.Call) and syntax.last(node.func) in PASSES_ON:
            return frozenset().union(*map(self.elements, node.args))
        return self.shares(node)

    def from_names(self, node):
        """The names of earlier cells that decide the value of the expression."""
        sizes = {n for c in ast.walk(node) if syntax.is_size(c) for n in ast.walk(c)}
        inner = {n.id for c in ast.walk(node) if isinstance(c, ast.comprehension) for n in syntax.names(c.target)}
        inner |= {a.arg for c in ast.walk(node) if isinstance(c, ast.Lambda) for a in c.args.args}
        names = {n.id for n in syntax.names(node) if n not in sizes} - inner
        direct = {n for n in names if n not in self.here and self.known(n).kind not in ("builtin", "import", "function")}
        return frozenset(direct.union(*(self.here[name].from_names for name in names if name in self.here)))

    def describe(self, node):
        """What an assignment makes of a name."""
        kind = "value"
        if isinstance(node, ast.Call):
            name = syntax.last(node.func)
            root = syntax.root(node.func)
            if name in GENERATORS:
                kind = "generator"
            elif name in ITERATORS:
                kind = "iterator"
            elif root and self.known(root).module.startswith("sklearn"):
                kind = "estimator"
            elif name in ("dict", "defaultdict", "Counter"):
                kind = "dictionary"
            elif isinstance(node.func, ast.Name) and self.known(name).module == "yields":
                kind = "iterator"
        elif isinstance(node, ast.GeneratorExp):
            kind = "iterator"
        elif isinstance(node, ast.Dict | ast.DictComp):
            kind = "dictionary"
        if self.is_temporary(node):
            kind = "temporary"
        shares = frozenset() if isinstance(node, ast.Tuple | ast.List) else self.shares(node)
        whole = frozenset([syntax.root(node)]) if isinstance(node, ast.Attribute) else frozenset()
        if isinstance(node, ast.Subscript):
            whole = frozenset([syntax.root(node.value)])
        return Known(kind, shares, self.from_names(node), whole)

    def is_temporary(self, node):
        """Whether a path leads into a folder that this cell made or emptied."""
        for part in ast.walk(node):
            if isinstance(part, ast.Call) and syntax.last(part.func) in ("mkdtemp", "TemporaryDirectory", "NamedTemporaryFile"):
                return True
            if isinstance(part, ast.Name) and part.id in self.here and self.here[part.id].kind == "temporary":
                return True
        return False

    def bind(self, target, known, value=None):
        if isinstance(target, ast.Name):
            name = target.id
            if name in self.earlier and name not in self.here and not self.in_function:
                if name in known.from_names and not syntax.same_twice(value, name):
                    made = f"{name} = ... is made from {name}, which an earlier cell made: give the result a name of its own"
                    self.found.append((target.lineno, made))
            self.here[name] = known
            self.fresh_models.discard(name)
        elif isinstance(target, ast.Tuple | ast.List):
            values = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts) else None
            if values:
                described = [dataclasses.replace(self.describe(one), from_names=known.from_names) for one in values]
                for one, its, what in zip(target.elts, values, described, strict=True):
                    self.bind(one, what, its)
            else:
                known = dataclasses.replace(known, kind="value")
                for one in target.elts:
                    self.bind(one, known, value)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, known, value)
        elif isinstance(target, ast.Subscript):
            constant = isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str)
            owners = self.shares(target.value)
            entry = constant or (owners and all(self.known(owner).kind == "dictionary" for owner in owners))
            if not (entry and not owners & known.from_names) and not owners & self.looked_up:  # else it is simply written again
                self.change(target, owners, f"{ast.unparse(target)} = ...")

    def change(self, node, names, what):
        """Note that a statement changes the values of names of earlier cells."""
        self.changed |= names
        if names and not self.in_function:
            made = " and ".join(sorted(names))
            self.found.append((node.lineno, f"{what} changes {made}, made in an earlier cell: change a copy made here"))

    # --- statements ------------------------------------------------------------------------------------------------------

    def visit_Assign(self, node):
        self.visit(node.value)
        known = self.describe(node.value)
        for target in node.targets:
            self.bind(target, known, node.value)

    def visit_AnnAssign(self, node):
        if node.value:
            self.visit(node.value)
            self.bind(node.target, self.describe(node.value), node.value)

    def visit_NamedExpr(self, node):
        self.visit(node.value)
        self.bind(node.target, self.describe(node.value), node.value)

    def visit_Compare(self, node):
        self.generic_visit(node)
        if isinstance(node.ops[0], ast.In | ast.NotIn):
            self.looked_up |= self.shares(node.comparators[0])

    def visit_AugAssign(self, node):
        self.visit(node.value)
        self.change(node, self.shares(node.target), f"{ast.unparse(node.target)} {syntax.sign(node.op)}= ...")

    def visit_Delete(self, node):
        for target in node.targets:
            name = ast.unparse(target)
            if isinstance(target, ast.Name) and target.id in self.here:
                continue  # made and removed in this cell
            self.change(node, self.shares(target), f"del {name}")

    def visit_For(self, node):
        self.visit(node.iter)
        self.bind_loop(node.target, node.iter)
        self.read(node.body + node.orelse)

    visit_AsyncFor = visit_For

    def bind_loop(self, target, iterable):
        known = Known(shares=self.elements(iterable), from_names=self.from_names(iterable))
        for name in syntax.names(target):
            self.here[name.id] = known

    def visit_With(self, node):
        guard = 0
        for item in node.items:
            self.visit(item.context_expr)
            guard += isinstance(item.context_expr, ast.Call) and syntax.last(item.context_expr.func) == "suppress"
            if item.optional_vars:
                self.bind(item.optional_vars, self.describe(item.context_expr))
        self.guarded += guard
        self.read(node.body)
        self.guarded -= guard

    visit_AsyncWith = visit_With

    def visit_If(self, node):
        self.visit(node.test)
        looks = any(
            isinstance(n, ast.Call) and syntax.last(n.func) in ("exists", "is_dir", "is_file") for n in ast.walk(node.test)
        )
        self.guarded += looks
        self.read(node.body + node.orelse)
        self.guarded -= looks

    def visit_Try(self, node):
        caught = {syntax.last(part) for handler in node.handlers for part in ast.walk(handler.type or node)}
        guard = bool(caught & {"FileExistsError", "FileNotFoundError", "OSError"})
        self.guarded += guard
        self.read(node.body)
        self.guarded -= guard
        for handler in node.handlers:
            self.read(handler.body)
        self.read(node.orelse + node.finalbody)

    def visit_Import(self, node):
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            self.here[name] = Known("import", module=alias.name if alias.asname else name)

    def visit_ImportFrom(self, node):
        for alias in node.names:
            self.here[alias.asname or alias.name] = Known("import", module=f"{node.module}.{alias.name}")

    def visit_FunctionDef(self, node):
        arguments = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        own = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        own -= {name for part in ast.walk(node) if isinstance(part, ast.Global | ast.Nonlocal) for name in part.names}
        outside = {name: known for name, known in {**self.earlier, **self.here}.items() if name not in own}
        reader = _Reader({**outside, **{name: Known() for name in arguments}}, self.lines, in_function=True)
        reader.read(node.body)
        if MARK.search("\n".join(self.lines[node.lineno - 1 : node.end_lineno])):
            reader.changed.clear()

        def seen(names):
            return frozenset((arguments.index(name), name) if name in arguments else name for name in names)

        yields = any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(node))
        self.here[node.name] = Known(
            "function", module="yields" if yields else "", changes=seen(reader.changed), restarts=seen(reader.fresh_models)
        )

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        self.here[node.name] = Known("function")

    def visit_Lambda(self, node):
        pass  # it runs later, if at all

    def visit_comprehension_of(self, node, *results):
        kept = dict(self.here)
        for part in node.generators:
            self.visit(part.iter)
            self.bind_loop(part.target, part.iter)
            for test in part.ifs:
                self.visit(test)
        for result in results:
            self.visit(result)
        self.here = kept

    def visit_ListComp(self, node):
        self.visit_comprehension_of(node, node.elt)

    visit_SetComp = visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node):
        self.visit_comprehension_of(node, node.key, node.value)

    # --- expressions -----------------------------------------------------------------------------------------------------

    def visit_Name(self, node):
        if node.id not in self.here and self.known(node.id).kind == "iterator":
            self.change(node, frozenset([node.id]), f"using the iterator {node.id}")

    def visit_Call(self, node):
        self.generic_visit(node)
        name, method = syntax.last(node.func), isinstance(node.func, ast.Attribute)
        owner = self.shares(node.func.value) if method else frozenset()
        text = f"{ast.unparse(node.func)}(...)"
        self.random(node, name, owner, text)
        if method and name in CHANGES:
            self.change(node, owner, text)
        if name in STARTS_AGAIN:
            models = owner.union(*map(self.shares, node.args[:1]))
            self.fresh_models |= models.union(*(self.known(model).part_of for model in models))  # a layer's model, too
        if method and name in TRAINS:
            trained = {n for n in owner - self.fresh_models if self.known(n).kind != "estimator"}
            self.change(node, frozenset(trained), f"{text} trains on; a second run")
        of_module = (
            not method
            or self.known(syntax.root(node.func)).kind in ("import", "generator")
            or syntax.last(getattr(node.func.value, "func", None)) in GENERATORS
        )
        if name in FUNCTIONS_THAT_CHANGE and node.args and of_module:
            self.change(node, self.shares(node.args[0]), text)
        if name == "next" and node.args:
            self.change(node, self.shares(node.args[0]), text)
        for keyword in node.keywords:
            if keyword.arg == "out":
                self.change(node, self.shares(keyword.value), f"{text} with out=")
        if isinstance(node.func, ast.Name):
            self.own_function(node, text)
        if not self.in_function and not self.guarded:
            self.files(node, name, method)

    def random(self, node, name, owner, text):
        """Random numbers whose generator goes on from one run to the next."""
        if name in SEEDS:
            self.seeded = True
            return
        generators = {n for n in owner if self.known(n).kind == "generator"}
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            generators |= {n for n in self.shares(argument) if self.known(n).kind == "generator"}
        self.change(node, frozenset(generators), f"{text} draws on: a second run")
        path = syntax.dotted(node.func)
        root = self.known(path[0]).module
        common = (root == "numpy" and path[1:2] == ["random"]) or (root == "random" and len(path) == 2)
        common |= root == "numpy.random" and len(path) == 2
        common |= root == "keras" and path[1:2] == ["random"] and all(k.arg != "seed" for k in node.keywords)
        if common and name not in NOT_FROM_THE_COMMON_GENERATOR and not self.seeded and not self.in_function:
            self.found.append(
                (node.lineno, f"{text} gives other numbers each time: use a generator with a seed, made in this cell")
            )
        if name == "default_rng" and not node.args and not node.keywords:
            self.found.append((node.lineno, "default_rng() without a seed gives other numbers each time"))

    def own_function(self, node, text):
        """A call of a function of the notebook that changes what it is given, or what is outside of it."""
        known = self.known(node.func.id)
        self.fresh_models |= self.meant(known.restarts, node)
        self.change(node, frozenset(self.meant(known.changes, node) - self.fresh_models), text)

    def meant(self, names, call):
        """The names of earlier cells that a function's parameters, and names outside of it, stand for in a call."""
        found = set()
        for name in names:
            if isinstance(name, str):
                found |= self.shares(ast.Name(name))
            elif name[0] < len(call.args):
                found |= self.shares(call.args[name[0]])
            else:
                found = found.union(*(self.shares(k.value) for k in call.keywords if k.arg == name[1]))
        return found

    def files(self, node, name, method):
        """Steps that the file system takes only once."""
        given = {keyword.arg for keyword in node.keywords}
        of_module = not method or self.known(syntax.root(node.func)).kind == "import"
        path = (node.args or [node])[0] if of_module else node.func.value
        if self.is_temporary(path):
            return
        problem = ""
        if name in ("mkdir", "makedirs") and "exist_ok" not in given:
            problem = "fails the second time, when the folder is there: exist_ok=True, or a temporary folder made in this cell"
        elif name in ("unlink", "rmdir", "removedirs") and "missing_ok" not in given and method:
            problem = "fails the second time, when the file is gone: missing_ok=True"
        elif name == "remove" and syntax.root(node.func) == "os":
            problem = "fails the second time, when the file is gone: Path(...).unlink(missing_ok=True)"
        elif name == "rmtree":
            if "ignore_errors" not in given:
                problem = "fails the second time, when the folder is gone: ignore_errors=True"
            else:
                self.emptied(path)
        elif name == "move" and syntax.root(node.func) == "shutil":
            problem = "fails the second time, when the file is gone: copy it"
        elif name in ("rename", "symlink_to", "hardlink_to", "link_to") and method and "columns" not in given:
            problem = "fails the second time, when the file is gone or there already: copy it"
        elif name == "replace" and method and len(node.args) == 1 and not node.keywords:
            problem = "fails the second time, when the file is gone: copy it"
        elif name == "copytree" and "dirs_exist_ok" not in given:
            problem = "fails the second time, when the folder is there: dirs_exist_ok=True"
        elif name in ("TensorBoard", "create_file_writer", "SummaryWriter"):
            problem = "adds to the log of the first run: write to a temporary folder made in this cell"
        elif name in ("open", "ZipFile") and syntax.mode(node, method)[:1] in ("a", "x"):
            problem = "adds to the file, or finds it there, the second time: write it anew"
        if problem:
            self.found.append((node.lineno, f"{ast.unparse(node.func)}(...) {problem}"))

    def emptied(self, path):
        if isinstance(path, ast.Name):
            self.here[path.id] = dataclasses.replace(self.known(path.id), kind="temporary")
