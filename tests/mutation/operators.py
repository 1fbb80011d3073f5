"""What Cosmic Ray does not do: leave out a guard, a condition, an argument; change a string."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import parso
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.operators.provider import OperatorProvider

# "==" to "<=" and ">=" tells as much as to all others, in half the time; so do two of the arithmetic ones.
COMPARISONS = {
    "Eq": ("NotEq", "LtE", "GtE"),
    "NotEq": ("Eq", "Lt", "Gt"),
    "Lt": ("LtE", "GtE", "NotEq"),
    "LtE": ("Lt", "Gt", "Eq"),
    "Gt": ("GtE", "LtE", "NotEq"),
    "GtE": ("Gt", "Lt", "Eq"),
    "Is": ("IsNot",),
    "IsNot": ("Is",),
}
ARITHMETIC = {
    "Add": "Sub",
    "Sub": "Add",
    "Mul": "FloorDiv",
    "FloorDiv": "Mul",
    "Div": "Mul",
    "Mod": "Mul",
    "BitOr": "BitAnd",
    "BitAnd": "BitOr",
}
OTHERS = (
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceUnaryOperator_Delete_Not",
    "ReplaceUnaryOperator_Delete_USub",
    "NumberReplacer",
    "RemoveDecorator",
    "ZeroIterationForLoop",
)


class OneEdit(Operator):
    """An operator that knows its ``edits`` of a node: each gives the text that the node is to have."""

    @abstractmethod
    def edits(self, node: Any) -> Iterator[str]: ...

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        for _ in self.edits(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        text = list(self.edits(node))[index]
        return parso.python.tree.Name(text, node.start_pos, prefix=node.get_first_leaf().prefix)


class DeleteStatement(OneEdit):
    """A call, a raise, a del, a change of something that is kept: nobody does it."""

    def edits(self, node: Any) -> Iterator[str]:
        if node.parent is None or node.parent.type != "simple_stmt":
            return
        call = node.type == "atom_expr" or node.type in ("raise_stmt", "del_stmt", "yield_expr")
        kept = node.type == "expr_stmt" and (node.children[0].type == "atom_expr" or _is_augmented(node))
        if call or kept or (node.type == "keyword" and node.value in ("raise", "continue", "break")):
            yield "pass"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example("def f():\n    check(x)\n", "def f():\n    pass\n"),
            Example("if x: raise E(y)\n", "if x: pass\n"),
            Example("a += 1\n", "pass\n"),
        )


def _is_augmented(node: Any) -> bool:
    return node.children[1].type == "operator" and node.children[1].value not in ("=", ":")


class ReturnNone(OneEdit):
    def edits(self, node: Any) -> Iterator[str]:
        if node.type == "return_stmt" and node.children[1].get_code().strip() != "None":
            yield "return None"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("def f():\n    return x\n", "def f():\n    return None\n"),)


class FixedCondition(OneEdit):
    """An if, an elif, a conditional expression or a comprehension that always does, and that never does."""

    def edits(self, node: Any) -> Iterator[str]:
        parent, before = node.parent, node.get_previous_sibling()
        if parent is None or before is None or getattr(before, "value", "") not in ("if", "elif", "while"):
            return
        if parent.type in ("if_stmt", "while_stmt", "test", "ternary", "comp_if", "sync_comp_for"):
            yield "True"
            yield "False"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example("if x: pass\n", "if True: pass\n"),
            Example("a = [x for x in y if x > 1]\n", "a = [x for x in y if False]\n", occurrence=1),
            Example("a = x if y() else z\n", "a = x if True else z\n"),
        )


class DropOperand(OneEdit):
    """One condition less, of several joined by "and" or "or"."""

    def edits(self, node: Any) -> Iterator[str]:
        if node.type in ("and_test", "or_test"):
            word = f" {node.children[1].value} "
            operands = [child.get_code().strip() for child in node.children[::2]]
            for number in range(len(operands)):
                yield word.join(operands[:number] + operands[number + 1 :])

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("a = x and y and z\n", "a = x and z\n", occurrence=1),)


class DropKeyword(OneEdit):
    """A call without one of its keyword arguments."""

    def edits(self, node: Any) -> Iterator[str]:
        if node.type == "trailer" and node.children[0].value == "(" and len(node.children) == 3:
            inside = node.children[1]
            arguments = inside.children[::2] if inside.type == "arglist" else [inside]
            for dropped in arguments:
                if dropped.type == "argument" and dropped.children[1].get_code().strip() == "=":
                    kept = [each.get_code().strip() for each in arguments if each is not dropped]
                    yield f"({', '.join(kept)})"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example("f(a, b=1, c=2)\n", "f(a, b=1)\n", occurrence=1),
            Example("f(b=1)\n", "f()\n"),
        )


class ChangeString(OneEdit):
    def edits(self, node: Any) -> Iterator[str]:
        if node.type == "string":
            start = node.value.index(node.value[-1])
            quotes = 3 if node.value[start:].startswith(node.value[-1] * 3) else 1
            yield f"{node.value[: start + quotes]}XX{node.value[start + quotes :]}"
        elif node.type == "fstring_string":
            yield f"{node.value}XX"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example('a = "b"\n', 'a = "XXb"\n'),
            Example('a = r""\n', 'a = r"XX"\n'),
            Example('a = f"b{c}"\n', 'a = f"bXX{c}"\n'),
        )


class OtherException(OneEdit):
    """An except that is for another exception, or for one less of several."""

    def edits(self, node: Any) -> Iterator[str]:
        if node.parent is None or node.parent.type != "except_clause" or node is not node.parent.children[1]:
            return
        several = node.type == "atom" and node.children[1].type == "testlist_comp"
        if not several:
            yield "ZeroDivisionError"
            return
        names = [child.get_code().strip() for child in node.children[1].children[::2]]
        for dropped in range(len(names)):
            yield f"({', '.join(names[:dropped] + names[dropped + 1 :])},)"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        code = "try: pass\nexcept {}: pass\n"
        return (
            Example(code.format("a.B as c"), code.format("ZeroDivisionError as c")),
            Example(code.format("(A, b.C)"), code.format("(A,)"), occurrence=1),
        )


class TurnMembership(OneEdit):
    def edits(self, node: Any) -> Iterator[str]:
        if node.parent is not None and node.parent.type == "comparison":
            word = node.get_code().strip()
            if word in ("in", "not in"):
                yield "in" if word == "not in" else "not in"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("a = b in c\n", "a = b not in c\n"), Example("a = b not in c\n", "a = b in c\n"))


OURS = (
    DeleteStatement,
    ReturnNone,
    FixedCondition,
    DropOperand,
    DropKeyword,
    ChangeString,
    OtherException,
    TurnMembership,
)


def operators() -> list[Operator]:
    """All in use, ours first: what they find is worth most."""
    theirs = OperatorProvider()
    names = [f"ReplaceComparisonOperator_{old}_{new}" for old, news in COMPARISONS.items() for new in news]
    names += [f"ReplaceBinaryOperator_{old}_{new}" for old, new in ARITHMETIC.items()]
    return [*(ours() for ours in OURS), *(theirs[name]() for name in [*names, *OTHERS])]
