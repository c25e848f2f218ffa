"""The expressions of the language: parsed to a tree of allowed nodes, and turned into functions of a scope.

Python's own parser reads the text, after a check that only characters of the grammar are in it; every node that the
grammar does not name is an error. Nothing is ever evaluated as code.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc.errors import did_you_mean
from archcalc.limits import LIMITS
from archcalc.spec.values import (
    ARITHMETIC,
    ExpressionError,
    bounded,
    checked,
    exact,
    number,
    shortened,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcalc.spec.values import Scope


class Parsed(NamedTuple):
    """A parsed expression: how to evaluate it, the names it asks for, and its value if it asks for none."""

    run: Callable[[Scope], Any]
    names: frozenset[str]
    tensors: frozenset[str]
    calls: frozenset[str]
    constant: bool


AXES = frozenset(("channels", "height", "width", "length", "depth"))
LONG = 20  # characters that count as one item, where there are more
RESERVED = ("channels", "index", "first", "last", "training")
_WHOLE = re.compile(r"0|[1-9][0-9]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])[0-9.][A-Za-z0-9_.]*")
_ALLOWED = re.compile(r"[A-Za-z0-9_ .,+\-*/%()\[\]<>=!]*")
_KNOWN_NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")


@lru_cache(maxsize=8192)
def parse(text: str, attributes: frozenset[str] | None = AXES) -> Parsed:
    """The expression that a text states; raises ExpressionError.

    What may stand behind a point is given; None means any name.
    """
    if _WHOLE.fullmatch(text) and len(text) < 1000:
        return _constant(checked(int(text)))
    if text in ("true", "false"):
        return _constant(text == "true")
    if _NAME.fullmatch(text) and text not in _PYTHON_WORDS:
        return Parsed(_name(text), frozenset([text]), frozenset(), frozenset(), False)
    _check_text(text)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        if text.count("(") != text.count(")") or text.count("[") != text.count("]"):
            message = f"a bracket is not closed, or never opened: {shortened(text)}"
            raise ExpressionError(message, hint="quote it: inside { } and [ ] a comma ends the value") from None
        raise ExpressionError(f"this is no expression: {shortened(text)}", hint=_syntax_hint(text)) from None
    except (MemoryError, RecursionError, ValueError):
        raise ExpressionError("the expression is nested too deeply") from None
    reader = _Reader(text.strip(), attributes)
    run = reader.read(tree, 0)
    if len(text) > LONG:
        run = _counted(run, len(text) // LONG)
    constant = not (reader.names or reader.tensors)
    return Parsed(run, frozenset(reader.names), frozenset(reader.tensors), frozenset(reader.calls), constant)


def _counted(run: Callable[[Scope], Any], items: int) -> Callable[[Scope], Any]:
    """The same, with a long expression counted as items of lists are."""

    def counted(scope: Scope) -> Any:
        scope.items.count(items)
        return run(scope)

    return counted


def _check_text(text: str) -> None:
    if not text.strip():
        raise ExpressionError("a value is missing here")
    if len(text) > LIMITS.expression_length:
        raise ExpressionError(f"the expression is longer than {LIMITS.expression_length:,} characters")
    match = _ALLOWED.match(text)
    if match is None or match.end() < len(text):
        bad = text[match.end() if match else 0]
        hint = "expressions hold numbers, names, + - * / // % **, comparisons, and or not in, if ... else, lists, calls"
        if bad == ":":
            hint = "a list has no slices; a mapping stands on lines of its own or in { }"
        elif bad in "'\"":
            hint = "there is no text in expressions; a word stands for itself without quotes"
        raise ExpressionError(f"{bad!r} has no meaning in an expression: {shortened(text)}", hint=hint)
    for digits in _NUMBER.findall(text):
        if not _KNOWN_NUMBER.fullmatch(digits):
            raise ExpressionError(
                f"'{digits}' is no number", hint="write whole numbers as 64 and exact decimals as 0.75"
            )


def _syntax_hint(text: str) -> str | None:
    if re.search(r"(?<![=<>!])=(?!=)", text):
        return "'==' compares"
    return None


def _constant(value: Any) -> Parsed:
    return Parsed(lambda scope: value, frozenset(), frozenset(), frozenset(), True)


def _name(name: str) -> Callable[[Scope], Any]:
    def run(scope: Scope) -> Any:
        try:
            return scope.variables[name]
        except KeyError:
            return scope.missing(name)

    return run


_PYTHON_WORDS = {"and", "or", "not", "in", "if", "else", "is", "None", "True", "False", "lambda"}


class _Reader:
    """Turns a tree into functions of a scope, and collects the names."""

    def __init__(self, text: str, attributes: frozenset[str] | None) -> None:
        self.text = text
        self.attributes = attributes
        self.names: set[str] = set()
        self.tensors: set[str] = set()
        self.calls: set[str] = set()

    def read(self, node: ast.expr, depth: int) -> Callable[[Scope], Any]:
        if depth > LIMITS.expression_depth:
            raise ExpressionError("the expression is nested too deeply")
        method = _READERS.get(type(node))
        if method is None:
            what = shortened(ast.get_source_segment(self.text, node) or self.text)
            raise ExpressionError(f"'{what}' has no meaning in an expression", hint=_NODE_HINTS.get(type(node)))
        return method(self, node, depth + 1)

    def constant(self, node: ast.Constant, depth: int) -> Callable[[Scope], Any]:
        text = self.text[node.col_offset : node.end_col_offset]
        if not _KNOWN_NUMBER.fullmatch(text):
            hint = "write true or false" if text in ("True", "False") else None
            raise ExpressionError(f"'{shortened(text)}' has no meaning in an expression", hint=hint)
        value = checked(exact(text))
        return lambda scope: value

    def name(self, node: ast.Name, depth: int) -> Callable[[Scope], Any]:
        if node.id in ("true", "false"):
            value = node.id == "true"
            return lambda scope: value
        self.names.add(node.id)
        return _name(node.id)

    def unary(self, node: ast.UnaryOp, depth: int) -> Callable[[Scope], Any]:
        operand = self.read(node.operand, depth)
        if isinstance(node.op, ast.USub):
            minus = ARITHMETIC["-"]
            return lambda scope: minus(0, operand(scope))
        if isinstance(node.op, ast.UAdd):
            return lambda scope: number(operand(scope))
        if isinstance(node.op, ast.Not):
            return lambda scope: not truth(operand(scope))
        raise ExpressionError("only '-', '+' and 'not' stand before a value")

    def binary(self, node: ast.BinOp, depth: int) -> Callable[[Scope], Any]:
        """A chain such as a + b - c, from the left; however long, it is one level deep."""
        steps: list[tuple[Callable[[Any, Any], Any], Callable[[Scope], Any]]] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp):
            symbol = _BINARY.get(type(first.op))
            if symbol is None:
                raise ExpressionError("arithmetic is + - * / // % **")
            steps.append((ARITHMETIC[symbol], self.read(first.right, depth)))
            first = first.left
        start = self.read(first, depth)
        steps.reverse()

        def run(scope: Scope) -> Any:
            value = start(scope)
            for compute, right in steps:
                value = compute(value, right(scope))
                if type(value) is tuple:
                    scope.items.walk(value)
            return value

        return run

    def boolean(self, node: ast.BoolOp, depth: int) -> Callable[[Scope], Any]:
        operands = [self.read(value, depth) for value in node.values]
        settled = isinstance(node.op, ast.Or)

        def run(scope: Scope) -> bool:
            for operand in operands:
                if truth(operand(scope)) is settled:
                    return settled
            return not settled

        return run

    def compare(self, node: ast.Compare, depth: int) -> Callable[[Scope], Any]:
        from archcalc.spec.comparisons import compare

        operands = [self.read(value, depth) for value in (node.left, *node.comparators)]
        symbols = [COMPARISONS.get(type(operator)) for operator in node.ops]
        if None in symbols:
            raise ExpressionError("comparisons are == != < <= > >= in, not in")
        if len(operands) == 2:
            (left, right), symbol = operands, str(symbols[0])
            return lambda scope: compare(symbol, left(scope), right(scope), scope)

        def run(scope: Scope) -> bool:
            values = [operand(scope) for operand in operands]
            return all(compare(str(s), a, b, scope) for s, a, b in zip(symbols, values, values[1:], strict=False))

        return run

    def choice(self, node: ast.IfExp, depth: int) -> Callable[[Scope], Any]:
        condition, then = self.read(node.test, depth), self.read(node.body, depth)
        otherwise = self.read(node.orelse, depth)
        return lambda scope: then(scope) if truth(condition(scope)) else otherwise(scope)

    def listed(self, node: ast.List, depth: int) -> Callable[[Scope], Any]:
        items = [self.read(item, depth) for item in node.elts]

        def run(scope: Scope) -> Any:
            values = bounded(tuple([item(scope) for item in items]))
            scope.items.walk(values)
            return values

        return run

    def subscript(self, node: ast.Subscript, depth: int) -> Callable[[Scope], Any]:
        from archcalc.spec.functions import item_of

        if isinstance(node.slice, ast.Slice):
            raise ExpressionError("a list has no slices", hint="name the indices: x[[1, 2]]")
        value, index = self.read(node.value, depth), self.read(node.slice, depth)

        def run(scope: Scope) -> Any:
            wanted = index(scope)
            if type(wanted) is tuple:
                scope.items.walk(wanted)
            return item_of(value(scope), wanted)

        return run

    def attribute(self, node: ast.Attribute, depth: int) -> Callable[[Scope], Any]:
        if not isinstance(node.value, ast.Name) or (self.attributes is not None and node.attr not in self.attributes):
            raise ExpressionError(
                f"'.{node.attr}' has no meaning", hint="a tensor x has x.channels, x.height, x.width and x.length"
            )
        tensor, axis = node.value.id, node.attr
        self.tensors.add(tensor)
        return lambda scope: scope.size(tensor, axis)

    def call(self, node: ast.Call, depth: int) -> Callable[[Scope], Any]:
        from archcalc.spec.functions import FUNCTIONS

        if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
            name = node.func.id if isinstance(node.func, ast.Name) else "this"
            hint = did_you_mean(name, FUNCTIONS) or f"functions: {', '.join(FUNCTIONS)}"
            raise ExpressionError(f"there is no function '{name}'", hint=hint)
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise ExpressionError(f"{node.func.id} takes its arguments in order")
        function, least, most = FUNCTIONS[node.func.id]
        if not least <= len(node.args) <= most:
            count = f"{least}" if least == most else f"{least} to {most}" if most < 99 else f"at least {least}"
            plural = "" if count.endswith(" 1") or count == "1" else "s"
            raise ExpressionError(f"{node.func.id} takes {count} argument{plural}, not {len(node.args)}")
        self.calls.add(node.func.id)
        arguments = [self.read(argument, depth) for argument in node.args]

        def run(scope: Scope) -> Any:
            values = [argument(scope) for argument in arguments]
            for value in values:
                if type(value) is tuple:
                    scope.items.walk(value)
            result = function(*values)
            if type(result) is tuple:
                scope.items.walk(result)
            return result

        return run


_READERS: dict[type[ast.expr], Callable[..., Callable[[Scope], Any]]] = {
    ast.Constant: _Reader.constant,
    ast.Name: _Reader.name,
    ast.UnaryOp: _Reader.unary,
    ast.BinOp: _Reader.binary,
    ast.BoolOp: _Reader.boolean,
    ast.Compare: _Reader.compare,
    ast.IfExp: _Reader.choice,
    ast.List: _Reader.listed,
    ast.Subscript: _Reader.subscript,
    ast.Attribute: _Reader.attribute,
    ast.Call: _Reader.call,
}
_NODE_HINTS: dict[type[ast.expr], str] = {
    ast.Tuple: "a list stands in [ ]; quote the whole value",
    ast.ListComp: "a loop is a step: for",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
}  # fmt: skip
