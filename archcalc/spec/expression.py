"""The expressions of the language: parsed to a tree of allowed nodes, and evaluated exactly.

Python's own parser reads the text, after a check that only characters of the grammar are in it; every node that the
grammar does not name is an error. Nothing is ever evaluated as code.
"""

from __future__ import annotations

import ast
import re
from fractions import Fraction
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from archcalc.errors import ArchcalcError, UndecidedError, did_you_mean
from archcalc.limits import LIMITS
from archcalc.ops.arguments import shown
from archcalc.recorded import Quantity, Recorded, choose, divide, floor, is_free, maximum, minimum, write

if TYPE_CHECKING:
    from collections.abc import Callable


class ExpressionError(ArchcalcError):
    """An expression is not of the grammar, or has no value."""


class Scope(Protocol):
    """What names stand for where an expression is evaluated."""

    variables: dict[str, Any]

    def missing(self, name: str) -> Any:
        """The value of a name that is no variable; raises ExpressionError if there is none."""

    def size(self, tensor: str, axis: str) -> Quantity:
        """A size of a tensor, as in x.channels."""

    def distinct(self, left: Quantity, right: Quantity) -> None:
        """Note that two sizes which free symbols could make equal count as different."""


class Collection(dict[int, int]):
    """The tensors that were named x[0], x[1], ..., by index."""

    def __str__(self) -> str:
        return "a tensor"

    def ordered(self) -> Tensors:
        """All of them, in order of index."""
        return Tensors(tuple(self[i] for i in sorted(self)))


class Tensors:
    """One tensor or several, as indices of nodes; no list of numbers, so nothing but `from` takes it."""

    __slots__ = ("ids",)

    def __init__(self, ids: tuple[int, ...]) -> None:
        self.ids = ids

    def __str__(self) -> str:
        return "a tensor"


class Parsed(NamedTuple):
    """A parsed expression: how to evaluate it, the names it asks for, and its value if it asks for none."""

    run: Callable[[Scope], Any]
    names: frozenset[str]
    tensors: frozenset[str]
    calls: frozenset[str]
    constant: bool


AXES = frozenset(("channels", "height", "width", "length", "depth"))
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
        return _constant(_checked(int(text)))
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
    constant = not (reader.names or reader.tensors)
    return Parsed(run, frozenset(reader.names), frozenset(reader.tensors), frozenset(reader.calls), constant)


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
    for number in _NUMBER.findall(text):
        if not _KNOWN_NUMBER.fullmatch(number):
            raise ExpressionError(
                f"'{number}' is no number", hint="write whole numbers as 64 and exact decimals as 0.75"
            )


def shortened(text: str) -> str:
    """The text, cut when it is long."""
    return text if len(text) <= 60 else f"{text[:57]}..."


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
        value = _checked(exact(text))
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
            return lambda scope: _subtract(0, operand(scope))
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
            compute = _BINARY.get(type(first.op))
            if compute is None:
                raise ExpressionError("arithmetic is + - * / // % **")
            steps.append((compute, self.read(first.right, depth)))
            first = first.left
        start = self.read(first, depth)
        steps.reverse()
        if len(steps) == 1:
            ((compute, right),) = steps
            return lambda scope: compute(start(scope), right(scope))

        def run(scope: Scope) -> Any:
            value = start(scope)
            for compute, right in steps:
                value = compute(value, right(scope))
            return value

        return run

    def boolean(self, node: ast.BoolOp, depth: int) -> Callable[[Scope], Any]:
        operands = [self.read(value, depth) for value in node.values]
        if isinstance(node.op, ast.And):
            return lambda scope: all(truth(operand(scope)) for operand in operands)
        return lambda scope: any(truth(operand(scope)) for operand in operands)

    def compare(self, node: ast.Compare, depth: int) -> Callable[[Scope], Any]:
        operands = [self.read(value, depth) for value in (node.left, *node.comparators)]
        symbols = [_COMPARE.get(type(operator)) for operator in node.ops]
        if None in symbols:
            raise ExpressionError("comparisons are == != < <= > >= in, not in")

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
        return lambda scope: bounded(tuple([item(scope) for item in items]))

    def subscript(self, node: ast.Subscript, depth: int) -> Callable[[Scope], Any]:
        if isinstance(node.slice, ast.Slice):
            raise ExpressionError("a list has no slices", hint="name the indices: x[[1, 2]]")
        value, index = self.read(node.value, depth), self.read(node.slice, depth)
        return lambda scope: _item(value(scope), index(scope))

    def attribute(self, node: ast.Attribute, depth: int) -> Callable[[Scope], Any]:
        if not isinstance(node.value, ast.Name) or (self.attributes is not None and node.attr not in self.attributes):
            raise ExpressionError(
                f"'.{node.attr}' has no meaning", hint="a tensor x has x.channels, x.height, x.width and x.length"
            )
        tensor, axis = node.value.id, node.attr
        self.tensors.add(tensor)
        return lambda scope: scope.size(tensor, axis)

    def call(self, node: ast.Call, depth: int) -> Callable[[Scope], Any]:
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
        return lambda scope: function(*[argument(scope) for argument in arguments])


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
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip


def exact(text: str) -> int | Fraction:
    """The number that digits with or without a point state, exactly."""
    if len(text) > 1000:
        raise ExpressionError("the number has too many digits")
    value = Fraction(text)
    return value.numerator if value.denominator == 1 else value


def truth(value: Any) -> bool:
    """A condition's value; numbers and words have none."""
    if not isinstance(value, bool):
        raise ExpressionError(f"a condition is true or false, not {_named(value)}", hint="compare it, as in 'x != 0'")
    return value


def number(value: Any) -> Quantity:
    """A number; raises ExpressionError for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, Fraction, Recorded)):
        raise ExpressionError(f"{_named(value)} is no number")
    return value


def _named(value: Any) -> str:
    if isinstance(value, (Tensors, Collection)):
        return "a tensor"
    if isinstance(value, tuple):
        return f"the list {shortened(shown(value))}"
    return f"the word '{value}'" if isinstance(value, str) else shortened(shown(value))


def _checked(value: Any) -> Any:
    """The number, if it is within the limits."""
    bits = 0
    if type(value) is int:
        bits = value.bit_length()
    elif isinstance(value, Fraction):
        bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    if bits > LIMITS.integer_bits:
        raise ExpressionError(f"the number has more than {LIMITS.integer_bits:,} bits")
    return value


def _plus(left: Any, right: Any) -> Any:
    if type(left) is int and type(right) is int:
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return bounded((*left, *right))
    return _checked(_whole(number(left) + number(right)))


def _subtract(left: Any, right: Any) -> Any:
    return _checked(_whole(number(left) - number(right)))


def _times(left: Any, right: Any) -> Any:
    return _checked(_whole(number(left) * number(right)))


def _divided(left: Any, right: Any) -> Any:
    return _checked(divide(number(left), _divisor(right)))


def _floor_divided(left: Any, right: Any) -> Any:
    return _checked(number(left) // _divisor(right))


def _rest(left: Any, right: Any) -> Any:
    return _checked(_whole(number(left) % _divisor(right)))


def _power(base: Any, exponent: Any) -> Any:
    base, exponent = number(base), number(exponent)
    if not isinstance(exponent, int):
        raise ExpressionError(f"an exponent is a whole number, not {shown(exponent)}")
    if not isinstance(base, Recorded):
        size = max(abs(base.numerator).bit_length(), base.denominator.bit_length())
        if size > 1 and size * abs(exponent) > LIMITS.integer_bits + size:
            raise ExpressionError(f"the number has more than {LIMITS.integer_bits:,} bits")
        if exponent < 0:
            return _checked(divide(1, _divisor(base) ** -exponent))
    elif exponent < 0 or exponent > 64:
        raise ExpressionError("the exponent of a free symbol is between 0 and 64")
    return _checked(_whole(base**exponent))


def _divisor(value: Any) -> Quantity:
    if number(value) == 0:
        raise ExpressionError("division by zero")
    return number(value)


def _whole(value: Quantity) -> Quantity:
    if isinstance(value, Fraction) and value.denominator == 1:
        return value.numerator
    return value


def bounded(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The list, if it and the lists inside it hold no more items than the limit."""
    waiting, count = [items], 0
    while waiting:
        inner = waiting.pop()
        count += len(inner)
        if count > LIMITS.list_length:
            raise ExpressionError(f"the list is longer than {LIMITS.list_length:,}")
        waiting.extend([item for item in inner if type(item) is tuple])
    return items


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _plus,
    ast.Sub: _subtract,
    ast.Mult: _times,
    ast.Div: _divided,
    ast.FloorDiv: _floor_divided,
    ast.Mod: _rest,
    ast.Pow: _power,
}


def compare(symbol: str, left: Any, right: Any, scope: Scope) -> bool:
    """Whether left stands in this relation to right.

    Free symbols: == counts as false and != as true unless identically so, which the scope is told of; an order that
    the bounds do not settle raises UndecidedError.
    """
    if symbol in ("in", "not in"):
        if not isinstance(right, tuple):
            raise ExpressionError(f"'in' asks for a list, not {_named(right)}")
        return any(compare("==", left, item, scope) for item in right) == (symbol == "in")
    if is_free(left) or is_free(right):
        return _compare_free(symbol, number(left), number(right), scope)
    if symbol in ("==", "!="):
        return (type_of(left) == type_of(right) and left == right) == (symbol == "==")
    return _ORDERS[symbol](number(left), number(right))


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def type_of(value: Any) -> str:
    """What kind of value it is: values of different kinds are never equal."""
    return (
        "truth"
        if isinstance(value, bool)
        else "word"
        if isinstance(value, str)
        else "list"
        if isinstance(value, tuple)
        else "number"
    )


def _compare_free(symbol: str, left: Quantity, right: Quantity, scope: Scope) -> bool:
    from archcalc.symbolic import certainly

    if symbol in ("==", "!="):
        equal = certainly(left, "==", right)
        if equal is None:
            scope.distinct(left, right)
        return bool(equal) == (symbol == "==")
    low, high = (left, right) if symbol in ("<", "<=") else (right, left)
    holds = certainly(low, "<=", high) if symbol in ("<=", ">=") else _negated(certainly(high, "<=", low))
    if holds is None:
        raise UndecidedError(
            f"whether {write(left)} {symbol} {write(right)} depends on a free symbol",
            hint="give it a number with --set",
        )
    return holds


def _negated(truth_value: bool | None) -> bool | None:
    return None if truth_value is None else not truth_value


def _item(value: Any, index: Any) -> Any:
    if isinstance(value, Collection):
        if isinstance(index, tuple):
            return Tensors(tuple(i for one in index for i in _item(value, one).ids))
        if type(index) is not int or index not in value:
            raise ExpressionError(
                f"no tensor has index {_named(index)} here",
                hint=f"there are: {', '.join(map(str, sorted(value)))}",
            )
        return Tensors((value[index],))
    if not isinstance(value, tuple):
        raise ExpressionError(f"{_named(value)} has no items")
    if isinstance(index, tuple):
        return tuple(_item(value, one) for one in index)
    if type(index) is not int:
        if is_free(index):
            raise UndecidedError("a free symbol cannot choose from a list", hint="give it a number with --set")
        raise ExpressionError(f"an index is a whole number, not {_named(index)}")
    if not -len(value) <= index < len(value):
        raise ExpressionError(f"index {index} is past the end of a list of {len(value)}")
    return value[index]


def _spread(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments, or the items of the one list that is the argument."""
    return arguments[0] if len(arguments) == 1 and isinstance(arguments[0], tuple) else arguments


def _least(*arguments: Any) -> Any:
    return _folded("min", minimum, arguments)


def _most(*arguments: Any) -> Any:
    return _folded("max", maximum, arguments)


def _folded(name: str, join: Callable[[Any, Any], Any], arguments: tuple[Any, ...]) -> Any:
    items = [number(item) for item in _spread(arguments)]
    if not items:
        raise ExpressionError(f"{name} of an empty list")
    result = items[0]
    for item in items[1:]:
        result = join(result, item)
    return result


def _length(value: Any) -> int:
    if isinstance(value, Collection):
        return len(value)
    if not isinstance(value, tuple):
        raise ExpressionError(f"{_named(value)} has no length")
    return len(value)


def _sum(value: Any) -> Any:
    if not isinstance(value, tuple):
        raise ExpressionError(f"sum takes a list, not {_named(value)}")
    result: Any = 0
    for item in value:
        result = _plus(result, number(item))
    return result


def _range(*arguments: Any) -> tuple[int, ...]:
    for argument in arguments:
        if is_free(argument):
            raise UndecidedError("a free symbol cannot say how long a list is", hint="give it a number with --set")
        if type(argument) is not int:
            raise ExpressionError(f"range takes whole numbers, not {_named(argument)}")
    if len(arguments) == 3 and arguments[2] == 0:
        raise ExpressionError("range cannot go in steps of 0")
    numbers = range(*arguments)
    if len(numbers) > LIMITS.list_length:
        raise ExpressionError(f"the list is longer than {LIMITS.list_length:,}")
    return tuple(numbers)


def _reversed(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise ExpressionError(f"reversed takes a list, not {_named(value)}")
    return value[::-1]


def _floor(value: Any) -> Any:
    return floor(number(value))


def _ceil(value: Any) -> Any:
    return _subtract(0, floor(_subtract(0, value)))


def _absolute(value: Any) -> Any:
    value = number(value)
    return maximum(value, 0 - value) if isinstance(value, Recorded) else abs(value)


def _round(value: Any) -> Any:
    return floor(number(value) + Fraction(1, 2))


def round_to(value: Any, multiple: Any) -> Any:
    """The nearest multiple, a half up."""
    return _times(floor(divide(number(value), _divisor(multiple)) + Fraction(1, 2)), multiple)


def make_divisible(value: Any, multiple: Any) -> Any:
    """The nearest multiple, at least one, and one more when over 10% is lost (the rule of the MobileNet v2 release)."""
    nearest = maximum(multiple, round_to(value, multiple))
    return choose(nearest, Fraction(9, 10) * number(value), nearest + multiple, nearest)


FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "min": (_least, 1, 99),
    "max": (_most, 1, 99),
    "abs": (_absolute, 1, 1),
    "ceil": (_ceil, 1, 1),
    "floor": (_floor, 1, 1),
    "round": (_round, 1, 1),
    "round_to": (round_to, 2, 2),
    "make_divisible": (make_divisible, 2, 2),
    "len": (_length, 1, 1),
    "sum": (_sum, 1, 1),
    "range": (_range, 1, 3),
    "reversed": (_reversed, 1, 1),
}
