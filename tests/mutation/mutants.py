"""The mutants of a module's source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from tests.mutation.operators import OURS, operators

TYPES = frozenset(
    {"Callable", "ClassVar", "Iterable", "Iterator", "Literal", "Mapping", "Sequence", "dict", "frozenset"}
)


@dataclass(frozen=True)
class Mutant:
    """``change``: the lines that are other than before, as a diff has them; what ``survivors.toml`` knows it by."""

    module: str
    line: int
    operator: str
    change: str
    source: str

    def __str__(self) -> str:
        return f"{self.module}, line {self.line}, {self.operator}:\n{self.change}"


def mutants(module: str, source: str) -> list[Mutant]:
    """In the order of the lines; none that says the same as the source, and no two that say the same."""
    seen = {_meaning(source)}
    found = []
    for operator, mutated in _all(source):
        meaning = _meaning(mutated)
        if meaning is not None and meaning not in seen:
            seen.add(meaning)
            line, change = _difference(source, mutated)
            found.append(Mutant(module, line, operator, change, mutated))
    return sorted(found, key=lambda mutant: mutant.line)


def check_operators() -> None:
    """Ours do what their examples say."""
    for operator in OURS:
        for example in operator.examples():
            mutated = mutate_code(example.pre_mutation_code, operator(), example.occurrence)
            assert mutated == example.post_mutation_code, (operator, mutated)


def _all(source: str) -> Iterator[tuple[str, str]]:
    nodes = list(ast_nodes(get_ast(source)))
    for operator in operators():
        count = sum(1 for node in nodes for _ in operator.mutation_positions(node))
        for occurrence in range(count):
            yield type(operator).__name__, mutate_code(source, operator, occurrence)


def _meaning(source: str) -> str | None:
    """Without what has none at run time: types, docstrings. None where it is no Python."""
    try:
        return ast.dump(_Meaning().visit(ast.parse(source)))
    except SyntaxError:
        return None


class _Meaning(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  the base class's name

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(0)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """What a dataclass forbids, mypy holds."""
        node.decorator_list = [
            each.func if isinstance(each, ast.Call) else each for each in node.decorator_list
        ]
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        return ast.Pass() if names == ["__all__"] else self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """No text is less than an empty one."""
        if isinstance(node.comparators[-1], ast.Constant) and node.comparators[-1].value == "":
            same = {ast.LtE: ast.Eq(), ast.Gt: ast.NotEq()}
            node.ops[-1] = same.get(type(node.ops[-1]), node.ops[-1])
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in TYPES:
            return node.value
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant):
            return ast.Pass()
        return self.generic_visit(node)


def _difference(source: str, mutated: str) -> tuple[int, str]:
    old, new = source.splitlines(), mutated.splitlines()
    first = next(number for number, lines in enumerate(zip(old, new, strict=False)) if lines[0] != lines[1])
    while old[-1] == new[-1] and min(len(old), len(new)) > first + 1:
        del old[-1], new[-1]
    removed = [f"- {line.strip()}" for line in old[first:]]
    return first + 1, "\n".join([*removed, *(f"+ {line.strip()}" for line in new[first:])])
