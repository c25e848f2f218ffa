"""YAML nodes -> what a spec says, as typed values. All mistakes of one text are found at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archcalc.errors import SHOWN_PROBLEMS, Problem, did_you_mean
from archcalc.graph import CALLS, MODULE
from archcalc.spec.expression import RESERVED, Parsed, parse
from archcalc.spec.figure import Expectation, read_expectation
from archcalc.spec.language import (
    KEYS,
    MERGES,
    MODIFIERS,
    NAME,
    NO_ARGUMENTS,
    Action,
    Arguments,
    Block,
    Branch,
    Call,
    Expression,
    File,
    For,
    If,
    Merge,
    Names,
    Output,
    Repeat,
    Step,
    Target,
    Template,
    flat_names,
)
from archcalc.spec.source import Mapping, Node, Scalar, Sequence, Source
from archcalc.spec.values import ExpressionError, bounded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.spec.values import Scope

_FORBIDDEN_NAMES = {
    *RESERVED,
    "true",
    "false",
    "and",
    "or",
    "not",
    "in",
    "if",
    "else",
    "is",
    "None",
    "True",
    "False",
    "lambda",
}
_NO_HEADS = ("repeat", "for", "if", "output", *MODIFIERS, "layers", "then", "else")
_TARGET = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*(?:\[(.*)\])?", re.DOTALL)


class Reader:
    """Reads the nodes of one text; what is wrong is collected in `problems`."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def near(self, word: str, known: Iterable[str]) -> str | None:
        """A hint with the nearest known word; none for problems that are not shown any more."""
        return did_you_mean(word, known) if len(self.problems) < SHOWN_PROBLEMS else None

    def wrong(self, message: str, node: Node, hint: str | None = None) -> None:
        """Note a mistake."""
        self.problems.append(Problem(message, node.place, hint))

    def file(self, root: Mapping) -> File:
        """A whole file."""
        parts = self.keys(root, KEYS, "a spec")
        blocks: dict[str, Block] = {}
        if "blocks" in parts:
            from archcalc.spec.blocks import read_blocks

            blocks = read_blocks(self, parts["blocks"])
        return File(
            source=self.source,
            name=self.text(parts.get("name"), "name"),
            cite=self.text(parts.get("cite"), "cite"),
            extends=self._extends(parts.get("extends")),
            hyperparameters=self._hyperparameters(parts.get("hyperparameters")),
            inputs=self._inputs(parts.get("input")),
            blocks=blocks,
            layers=self.steps(parts["layers"], "layers") if "layers" in parts else None,
            expect=self._expectations(parts.get("expect")),
        )

    def keys(self, node: Mapping, known: tuple[str, ...], what: str) -> dict[str, Node]:
        """The values by key; unknown keys are noted."""
        found: dict[str, Node] = {}
        for key, value in node.entries:
            if key.text in known:
                found[key.text] = value
            elif not self._stray_bracket(key):
                near = self.near(key.text, known)
                listed = f"{what} has: {', '.join(known)}"
                self.wrong(f"{what} has no key '{key.text}'", key, f"{near}  {listed}" if near else listed)
        return found

    def _stray_bracket(self, key: Scalar) -> bool:
        if (
            NAME.fullmatch(key.text)
            or key.quoted
            or (key.text.count("(") == key.text.count(")") and key.text.count("[") == key.text.count("]"))
        ):
            return False
        self.wrong(f"'{key.text}' is half of a value", key, "quote it: inside { } a comma ends the value")
        return True

    def text(self, node: Node | None, what: str) -> str | None:
        """Plain text, or None where there is no node."""
        if node is None:
            return None
        if not isinstance(node, Scalar):
            self.wrong(f"{what} is a text", node)
            return None
        if not node.text:
            self.wrong(f"{what} is empty", node)
        return node.text

    def identifier(self, node: Scalar, text: str, what: str) -> str:
        """A name that expressions can use."""
        if not NAME.fullmatch(text):
            self.wrong(
                f"'{text}' cannot be the name of {what}",
                node,
                "names are letters, digits and _, not starting with a digit",
            )
        elif text in _FORBIDDEN_NAMES:
            self.wrong(f"'{text}' cannot be the name of {what}: it has a meaning of its own", node)
        return text

    def expression(self, node: Node) -> Expression:
        """A value: a scalar is an expression, a list a list of values."""
        mark = node
        if isinstance(node, Scalar):
            try:
                return Expression(node.text, parse(node.text), mark)
            except ExpressionError as error:
                self.problems.append(mark.problem(error))
                return Expression(node.text, _NOTHING, mark)
        if isinstance(node, Mapping):
            self.wrong("a value is an expression or a list, not a mapping", node)
            return Expression("", _NOTHING, mark)
        items = [self.expression(item) for item in node.items] if isinstance(node, Sequence) else []
        return Expression(f"[{', '.join(item.text for item in items)}]", _listed(items), mark)

    def _extends(self, node: Node | None) -> tuple[str, Node] | None:
        text = self.text(node, "extends")
        return (text, node) if text and node else None

    def _hyperparameters(self, node: Node | None) -> dict[str, Expression]:
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            self.wrong("hyperparameters is a mapping of names to values", node)
            return {}
        return {
            self.identifier(key, key.text, "a hyperparameter"): self.expression(value) for key, value in node.entries
        }

    def _inputs(self, node: Node | None) -> tuple[tuple[str, Expression], ...] | None:
        if node is None:
            return None
        if isinstance(node, Mapping):
            return tuple(
                (self.identifier(key, key.text, "an input"), self._shape(value)) for key, value in node.entries
            )
        return (("input", self._shape(node)),)

    def _shape(self, node: Node) -> Expression:
        if isinstance(node, Mapping) or (isinstance(node, Sequence) and not 1 <= len(node.items) <= 4):
            self.wrong(
                "an input is a list of 1 to 4 sizes",
                node,
                "a vector [D], a sequence [T, D], a map [C, H, W], a volume [C, D, H, W]",
            )
            return Expression("", _NOTHING, node)
        return self.expression(node)

    def _expectations(self, node: Node | None) -> tuple[Expectation, ...]:
        if node is None:
            return ()
        if not isinstance(node, Sequence) or not all(isinstance(item, Mapping) for item in node.items):
            self.wrong("expect is a list of mappings, as in '- {params: 138M}'", node)
            return ()
        return tuple(read_expectation(self, item) for item in node.items if isinstance(item, Mapping))

    def steps(self, node: Node, what: str) -> tuple[Step, ...]:
        """A list of steps."""
        if not isinstance(node, Sequence):
            self.wrong(f"{what} is a list of steps", node, "each step starts with '- ', or the list stands in [ ]")
            return ()
        steps = [self.step(item) for item in node.items]
        return tuple([step for step in steps if step is not None])

    def step(self, node: Node) -> Step | None:
        """One step; None when it cannot be read."""
        if isinstance(node, Scalar):
            head = self._head(node)
            return None if head is None else Step(Call(head, NO_ARGUMENTS), node, node.line)
        if not isinstance(node, Mapping):
            self.wrong("a step is a word or a mapping, not a list", node)
            return None
        heads, modifiers, rest = _by_role(node)
        if len(heads) > 1:
            if not any(self._stray_bracket(key) for key, _ in heads):
                first, second = heads[0][0].text, heads[1][0]
                hint = self.near(second.text, MODIFIERS) or f"arguments go inside: {{{first}: {{{second.text}: ...}}}}"
                self.wrong(f"a step does one thing, but here are '{first}' and '{second.text}'", second, hint)
            return None
        action = self._action(*heads[0], rest) if heads else None
        misspelt = rest and isinstance(action, Call) and self.near(action.head, ("repeat", "for", "if"))
        for stray, value in rest.items() if not misspelt else ():
            owner = "'repeat' or 'for'" if stray == "layers" else "'if'"
            self.wrong(f"'{stray}' belongs to {owner}", value)
        if not heads and not modifiers:
            self.wrong("the step is empty", node)
        if heads and action is None:
            return None
        if "share" in modifiers and not isinstance(action, (Call, Merge)):
            self.wrong("'share' belongs to an operator or a block", modifiers["share"])
        if "call" in modifiers and not isinstance(action, (Call, Merge)):
            self.wrong("'call' belongs to an operator", modifiers["call"])
        mark = heads[0][0] if heads else node
        if not modifiers:
            return Step(action, mark, mark.line)
        return Step(action, mark, mark.line, *self._modifiers(modifiers))

    def _head(self, node: Scalar) -> str | None:
        """The name of an operator or a block; None where it cannot be one."""
        if NAME.fullmatch(node.text) and node.text not in _NO_HEADS:
            return node.text
        if node.text in _NO_HEADS:
            self.wrong(f"'{node.text}' needs a value", node)
        elif not self._stray_bracket(node):
            self.wrong(f"'{node.text}' is no operator or block", node)
        return None

    def _modifiers(self, found: dict[str, Node]) -> tuple[Any, ...]:
        chosen = self._chosen(found["from"]) if "from" in found else None
        targets = self._targets(found["as"]) if "as" in found else ()
        name = self._template(found["name"], "name") if "name" in found else None
        share = self._template(found["share"], "share") if "share" in found else None
        trainable = self.expression(found["trainable"]) if "trainable" in found else None
        call = self._call(found["call"]) if "call" in found else MODULE
        return chosen, targets, name, share, trainable, call, False

    def _call(self, node: Node) -> str:
        text = self.text(node, "call")
        if text and text not in CALLS:
            self.wrong(f"call is {', '.join(CALLS[:-1])} or {CALLS[-1]}, not '{text}'", node, self.near(text, CALLS))
        return text or MODULE

    def _chosen(self, node: Node) -> Expression:
        return self.expression(node)

    def _action(self, key: Scalar, value: Node, rest: dict[str, Node]) -> Action | None:
        head = key.text
        if head == "repeat":
            return Repeat(self.expression(value), self._inner(rest, "layers", key))
        if head == "for":
            return self._for(key, value, rest)
        if head == "if":
            condition = self.expression(value)
            if "then" not in rest and "else" not in rest:
                self.wrong("'if' has 'then', 'else' or both", key)
            then, otherwise = rest.pop("then", None), rest.pop("else", None)
            return If(
                condition, self.steps(then, "then") if then else (), self.steps(otherwise, "else") if otherwise else ()
            )
        if head == "output":
            return Output(self._branches(value, "output"))
        if head in MERGES and not (isinstance(value, Scalar) and not value.text):
            return Merge(head, self._branches(value, head))
        name, arguments = self._head(key), self._arguments(value)
        return None if name is None else Call(name, arguments)

    def _inner(self, rest: dict[str, Node], key: str, head: Scalar) -> tuple[Step, ...]:
        if key not in rest:
            self.wrong(
                f"'{head.text}' needs '{key}'", head, f"- {head.text}: ...\n    {key}: [steps]".replace("\n   ", "")
            )
            return ()
        return self.steps(rest.pop(key), key)

    def _for(self, key: Scalar, value: Node, rest: dict[str, Node]) -> For:
        names: list[tuple[Names, Node]] = []
        lists: list[Expression] = []
        if not isinstance(value, Mapping) or not value.entries:
            self.wrong("'for' walks named lists, as in 'for: {width: widths}'", value)
        else:
            for written, items in value.entries:
                known = {name for row, _ in names for name in flat_names(row)}
                row = self._row(written)
                for name in flat_names(row):
                    if name in known:
                        self.wrong(f"the loop variable '{name}' stands here twice", written)
                    known.add(name)
                names.append((row, written))
                lists.append(self.expression(items))
        return For(tuple(names), tuple(lists), self._inner(rest, "layers", key))

    def _row(self, node: Scalar) -> Names:
        """How a row is taken apart: "a", "a, b" or "(a, b), c"."""
        try:
            names = row_names(node.text)
        except ExpressionError as error:
            self.problems.append(node.problem(error))
            return ()
        for name in flat_names(names):
            self.identifier(node, name, "a loop variable")
        return names

    def _branches(self, node: Node, head: str) -> tuple[Branch, ...]:
        if not isinstance(node, Mapping):
            self.wrong(
                f"'{head}' takes named branches, each a list of steps", node, f"{head}: {{body: [...], shortcut: []}}"
            )
            return ()
        branches = []
        for key, value in node.entries:
            if self._stray_bracket(key):
                continue
            if not key.text or not key.text.isprintable() or "/" in key.text:
                self.wrong(f"'{key.text}' cannot be the name of a branch", key)
            when = None
            steps: Node | None = value
            if isinstance(value, Mapping):
                parts = self.keys(value, ("when", "layers"), "a branch")
                steps = parts.get("layers")
                when = self.expression(parts["when"]) if "when" in parts else None
                if steps is None:
                    self.wrong(f"the branch '{key.text}' has no layers", key, "write {when: condition, layers: [...]}")
            branches.append(Branch(key.text, when, self.steps(steps, f"the branch '{key.text}'") if steps else (), key))
        return tuple(branches)

    def _arguments(self, node: Node) -> Arguments:
        if isinstance(node, Mapping):
            named = [
                (key.text, self.expression(value), key) for key, value in node.entries if not self._stray_bracket(key)
            ]
            return Arguments((), tuple(named), tuple([value for _, value, _ in named if not value.parsed.constant]))
        if isinstance(node, Scalar) and not node.text and not node.quoted:
            return NO_ARGUMENTS
        items = node.items if isinstance(node, Sequence) else [node]
        ordered = tuple([self.expression(item) for item in items])
        return Arguments(ordered, (), tuple([value for value in ordered if not value.parsed.constant]))

    def _template(self, node: Node, what: str) -> Template:
        mark = node
        if not isinstance(node, Scalar) or not node.text:
            self.wrong(f"{what} is a text", node)
            return Template(("?",), mark)
        parts: list[str | Expression] = []
        for position, piece in enumerate(re.split(r"[{}]", node.text)):
            if position % 2:
                parts.append(self.expression(node.part(piece)))
            elif piece:
                parts.append(piece)
        if node.text.count("{") != node.text.count("}") or "/" in "".join(p for p in parts if isinstance(p, str)):
            self.wrong(f"{what} is a text without '/', with expressions in {{ }}", node)
        return Template(tuple(parts), mark)

    def _targets(self, node: Node) -> tuple[Target, ...]:
        items = node.items if isinstance(node, Sequence) else (node,)
        targets = []
        for item in items:
            match = _TARGET.fullmatch(item.text.strip()) if isinstance(item, Scalar) else None
            if match is None or not isinstance(item, Scalar):
                self.wrong("'as' gives a name: x, x[i], or a list of these", item)
                continue
            name = self.identifier(item, match[1], "a tensor")
            index = self.expression(item.part(match[2])) if match[2] is not None else None
            targets.append(Target(name, index, item))
        return tuple(targets)


def _by_role(node: Mapping) -> tuple[list[tuple[Scalar, Node]], dict[str, Node], dict[str, Node]]:
    """The keys of a step: what it does, its modifiers, and the lists of steps that belong to what it does."""
    heads: list[tuple[Scalar, Node]] = []
    modifiers: dict[str, Node] = {}
    rest: dict[str, Node] = {}
    for key, value in node.entries:
        if key.text in MODIFIERS:
            modifiers[key.text] = value
        elif key.text in ("layers", "then", "else"):
            rest[key.text] = value
        else:
            heads.append((key, value))
    return heads, modifiers, rest


_NOTHING = Parsed(lambda scope: None, frozenset(), frozenset(), frozenset(), False)


def _listed(items: list[Expression]) -> Parsed:
    names = frozenset().union(*(item.parsed.names for item in items))
    tensors = frozenset().union(*(item.parsed.tensors for item in items))
    calls = frozenset().union(*(item.parsed.calls for item in items))
    constant = all(item.parsed.constant for item in items)

    def run(scope: Scope) -> tuple[Any, ...]:
        values = bounded(tuple([item.value(scope) for item in items]))
        scope.items.walk(values)
        return values

    return Parsed(run, names, tensors, calls, constant)


def split_commas(text: str) -> list[str]:
    """The parts of a text between the commas that no bracket holds."""
    if "(" not in text and "[" not in text:
        return text.split(",") if text.strip() else []
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]] if text.strip() else []


def row_names(text: str) -> Names:
    """The names a row is taken apart into; raises ExpressionError."""
    parts = split_commas(text)
    if len(parts) == 1:
        part = parts[0].strip()
        return row_names(part[1:-1]) if part.startswith("(") and part.endswith(")") else part
    if not parts:
        raise ExpressionError("a loop variable has no name")
    return tuple(row_names(part) for part in parts)
