"""Which statements of an instructor's notebook its tests need, from the names that each binds and uses."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from grading.source import to_python


class Statement(NamedTuple):
    """A statement at the top level of a cell, with the names that it binds and uses."""

    source: str
    bound: frozenset[str]  # names that it sets or changes
    replaced: frozenset[str]  # those of them whose value before does not matter
    loaded: frozenset[str]  # names whose value before it uses


def statements_of(source: str) -> list[Statement]:
    """The top-level statements of a cell, with the global names that each binds and uses; none if it does not parse."""
    try:
        source = to_python(source)
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    lines = source.splitlines(keepends=True)
    statements = []
    for node in tree.body:
        start = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        text = "".join(lines[start - 1 : node.end_lineno]) if _alone(node, tree.body) else ast.unparse(node) + "\n"
        names = _Names()
        names.visit(node)
        definite = isinstance(node, ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)
        statements.append(
            Statement(
                text,
                frozenset(names.bound | names.changed),
                frozenset(names.bound - names.changed if definite else ()),
                frozenset(names.loaded),
            )
        )
    return statements


ParsedCell = tuple[str, list[Statement], str, str]  # kind, statements, source, grade_id


def _alone(node: ast.stmt, body: Iterable[ast.stmt]) -> bool:
    """Whether no other statement stands on the same lines."""
    first, last = node.lineno, node.end_lineno or node.lineno
    return all(other is node or (other.end_lineno or other.lineno) < first or other.lineno > last for other in body)


class _Names(ast.NodeVisitor):
    """Goes through a statement in the order of its evaluation and notes the global names that it uses and binds."""

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.loaded: set[str] = set()
        self.changed: set[str] = set()  # by x[0] = ..., x.a = ... or x.sort()
        self._local: list[set[str]] = [set()]  # names of functions and comprehensions around

    def visit_Name(self, node: ast.Name) -> None:
        if any(node.id in scope for scope in self._local):
            return
        if not isinstance(node.ctx, ast.Load):
            (self._local[-1] if len(self._local) > 1 else self.bound).add(node.id)
        elif node.id not in self.bound:
            self.loaded.add(node.id)

    def _store(self, name: str) -> None:
        if not any(name in scope for scope in self._local):
            (self._local[-1] if len(self._local) > 1 else self.bound).add(name)

    def _each(self, *parts: ast.AST | Sequence[ast.AST | None] | None) -> None:
        for part in parts:
            for node in [part] if part is None or isinstance(part, ast.AST) else part:
                if node is not None:
                    self.visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._each(node.value, node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._each(node.annotation, node.value, node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._each(node.value, node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._each(node.value)
        for name in _base(node.target):
            self.visit(ast.Name(name, ast.Load()))
            self._change(name)
        if not isinstance(node.target, ast.Name):
            self.generic_visit(node.target)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._each(node.iter, node.target, node.body, node.orelse)

    visit_AsyncFor = visit_For

    def visit_Subscript(self, node: ast.Subscript | ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            for name in _base(node):
                self._change(name)
        self.generic_visit(node)

    visit_Attribute = visit_Subscript

    def visit_Expr(self, node: ast.Expr) -> None:
        self.generic_visit(node)
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            for name in _base(node.value.func):
                self._change(name)

    def _change(self, name: str) -> None:
        if len(self._local) == 1:
            self.changed.add(name)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self._store(alias.asname or alias.name.split(".")[0])

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._each(node.type)
        if node.name:
            self._store(node.name)
        self._each(node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        self._each(node.decorator_list, arguments.defaults, arguments.kw_defaults)
        self._store(node.name)
        self._inside(arguments, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._each(node.args.defaults, node.args.kw_defaults)
        self._inside(node.args, [node.body])

    def _inside(self, arguments: ast.arguments, body: Sequence[ast.AST]) -> None:
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        local = {one.arg for one in every if one is not None}
        outside = set()
        for statement in body:
            for part in ast.walk(statement):
                if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
                    local.add(part.id)
                elif isinstance(part, ast.FunctionDef | ast.ClassDef):
                    local.add(part.name)
                elif isinstance(part, ast.Global):
                    outside.update(part.names)
        self.bound |= outside
        self._local.append(local - outside)
        self._each(body)
        self._local.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._each(node.decorator_list, node.bases, [keyword.value for keyword in node.keywords])
        self._store(node.name)
        self._local.append(set())
        self._each(node.body)
        self._local.pop()

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self._each(node.generators[0].iter)
        self._local.append(set())
        for position, generator in enumerate(node.generators):
            self._each(generator.iter if position else None, generator.target, generator.ifs)
        self._each(*([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]))
        self._local.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


def _base(node: ast.AST) -> set[str]:
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def needed_statements(cells: Sequence[ParsedCell]) -> set[tuple[int, int]]:
    """Which statements of locked and free cells the tests need, as pairs (cell, statement)."""
    modules = {
        name
        for _, statements, *_ in cells
        for one in statements
        if one.source.lstrip().startswith(("import ", "from "))
        for name in one.bound
    }
    wanted: set[str] = set()
    needed: set[tuple[int, int]] = set()
    for position in reversed(range(len(cells))):
        kind, statements, *_ = cells[position]
        for i in reversed(range(len(statements))):
            one = statements[i]
            if kind in ("locked", "free"):
                # A call such as plots.bars(...) changes no module that matters.
                if not (one.bound - (modules - one.replaced)) & wanted:
                    continue
                needed.add((position, i))
            wanted -= one.replaced
            if kind != "student":
                wanted |= one.loaded
    return needed
