"""A profile: what one version of one tool counts for each operator, as expressions in a YAML file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from archcalc.counting.names import unknown
from archcalc.errors import NotFoundError, SpecError, did_you_mean
from archcalc.ops import OPS
from archcalc.ops.op import Op
from archcalc.spec.expression import parse
from archcalc.spec.language import Expression
from archcalc.spec.read import Reader
from archcalc.spec.source import Mapping, Node, Scalar, Sequence, Source, read_file
from archcalc.spec.source import parse as parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingOf

OPERATIONS = "operations"
"""The unit in which a multiply-accumulate is two."""
UNITS = ("multiply-accumulates", OPERATIONS)
UNLISTED = ("error", "zero")
PAPER = "paper"
"""The profile of what archcalc and most papers count."""
OTHERS = "others"
OWN = ("trainable_params",)  # a name that only rules about parameters know
_KEYS = ("tool", "version", "cite", "quantity", "unit", "batch", "params", "operators", "unlisted")
_RULE_KEYS = ("when", "count", "once", "error", "bug", "note")
_HERE = Path(__file__).resolve().parent / "profiles"
_ANY = Op  # an operator of which nothing is known has no arguments


class Rule(NamedTuple):
    """What is counted for an operator, when; or why nothing can be said. A known bug of the tool has its text.

    What is counted `once` does not grow with the batch.
    """

    counted: Expression | None
    when: Expression | None = None
    error: str | None = None
    bug: str | None = None
    note: str | None = None
    once: Expression | None = None


Rules = tuple[Rule, ...]


class Profile(NamedTuple):
    """One tool in one version: what it calls its number, in which unit, and the rules by operator."""

    name: str
    tool: str
    version: str
    cite: str | None
    quantity: str | None
    unit: str | None
    batch: bool  # whether its number grows with the batch
    params: MappingOf[str, Rules]
    operators: MappingOf[str, Rules] | None  # None where the tool counts parameters only
    unlisted: str

    @property
    def title(self) -> str:
        """The tool with its version."""
        return f"{self.tool} {self.version}".rstrip()


def names() -> list[str]:
    """The profiles that are shipped."""
    return sorted(path.stem for path in _HERE.glob("*.yaml"))


def profile(name: str | Path, ops: MappingOf[str, type[Op]] = OPS) -> Profile:
    """The shipped profile of that name, or the one in that file; raises NotFoundError or SpecError."""
    if isinstance(name, str) and name.isprintable() and (_HERE / f"{name}.yaml").is_file() and "/" not in name:
        return _shipped(name)
    path = Path(name)
    try:
        if path.is_file():
            return _read(read_file(path), path.stem, ops)
    except (OSError, ValueError):
        pass
    hint = did_you_mean(str(name), names()) or f"profiles: {', '.join(names())}"
    raise NotFoundError(f"there is no profile '{str(name)[:80]}', and no such file", hint=hint)


@lru_cache
def _shipped(name: str) -> Profile:
    return _read(read_file(_HERE / f"{name}.yaml"), name, OPS)


def _read(source: Source, name: str, ops: MappingOf[str, type[Op]]) -> Profile:
    reader = _ProfileReader(source, ops)
    found = reader.profile(name, parse_yaml(source))
    if reader.problems:
        raise SpecError(reader.problems)
    return found


class _ProfileReader(Reader):
    """Reads the file of a profile."""

    def __init__(self, source: Source, ops: MappingOf[str, type[Op]]) -> None:
        super().__init__(source)
        self.ops = ops

    def profile(self, name: str, root: Mapping) -> Profile:
        parts = self.keys(root, _KEYS, "a profile")
        operators = self._table(parts["operators"]) if "operators" in parts else None
        if operators is not None and "unit" not in parts:
            self.wrong(f"a profile with operators has a unit: {' or '.join(UNITS)}", root)
        return Profile(
            name=name,
            tool=self.text(parts.get("tool"), "tool") or name,
            version=self.text(parts.get("version"), "version") or "",
            cite=self.text(parts.get("cite"), "cite"),
            quantity=self.text(parts.get("quantity"), "quantity"),
            unit=self._word(parts.get("unit"), "unit", UNITS),
            batch=self._word(parts.get("batch"), "batch", ("true", "false")) != "false",
            params=self._params(parts.get("params"), root),
            operators=operators,
            unlisted=self._word(parts.get("unlisted"), "unlisted", UNLISTED) or UNLISTED[0],
        )

    def _word(self, node: Node | None, what: str, known: tuple[str, ...]) -> str | None:
        text = self.text(node, what)
        if node is not None and text and text not in known:
            self.wrong(f"{what} is {' or '.join(known)}, not '{text}'", node, self.near(text, known))
        return text

    def _table(self, node: Node) -> dict[str, Rules]:
        if not isinstance(node, Mapping):
            self.wrong("operators is a mapping of operators to what is counted", node)
            return {}
        return self._by_operator(node)

    def _by_operator(self, node: Mapping, *besides: str, names: tuple[str, ...] = ()) -> dict[str, Rules]:
        rules = {}
        for key, value in node.entries:
            if key.text not in self.ops and key.text not in besides:
                self.wrong(f"there is no operator '{key.text}'", key, self.near(key.text, self.ops))
            rules[key.text] = self._rules(value, self.ops.get(key.text, _ANY), names)
        return rules

    def _params(self, node: Node | None, root: Node) -> dict[str, Rules]:
        if not isinstance(node, Mapping):
            usual = (Rule(Expression("params", parse("params"), root)),)
            return {OTHERS: usual if node is None else self._rules(node, _ANY, OWN)}
        if all(key.text != OTHERS for key, _ in node.entries):
            self.wrong(f"params says what '{OTHERS}' have", node, f"{OTHERS}: params")
        return self._by_operator(node, OTHERS, names=OWN)

    def _rules(self, node: Node, op: type[Op], names: tuple[str, ...]) -> Rules:
        items = node.items if isinstance(node, Sequence) else [node]
        return tuple([self._rule(item, op, names) for item in items])

    def _rule(self, node: Node, op: type[Op], names: tuple[str, ...]) -> Rule:
        if not isinstance(node, Mapping):
            return Rule(self._counted(node, op, names))
        parts = self.keys(node, _RULE_KEYS, "a rule")
        if ("count" in parts) == ("error" in parts):
            self.wrong("a rule has a count, or an error that says why there is none", node)
        return Rule(
            counted=self._counted(parts["count"], op, names) if "count" in parts else None,
            when=self._counted(parts["when"], op, names) if "when" in parts else None,
            error=self.text(parts.get("error"), "error"),
            bug=self.text(parts.get("bug"), "bug"),
            note=self.text(parts.get("note"), "note"),
            once=self._counted(parts["once"], op, names) if "once" in parts else None,
        )

    def _counted(self, node: Node, op: type[Op], names: tuple[str, ...]) -> Expression:
        if not isinstance(node, Scalar):
            self.wrong("what is counted is one expression", node)
        expression = self.expression(node)
        wrong = unknown(expression.parsed.names, op, names)
        if wrong is not None:
            self.wrong(f"nothing is called '{wrong[0]}' here", node, wrong[1])
        return expression
