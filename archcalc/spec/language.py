"""What a spec may say, as typed values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from archcalc.errors import ArchcalcError, LimitError
from archcalc.graph import MODULE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcalc.spec.expression import Parsed
    from archcalc.spec.figure import Expectation
    from archcalc.spec.source import Node, Source
    from archcalc.spec.values import Scope

MERGES = ("add", "mean", "multiply", "max", "concat")
MODIFIERS = ("from", "as", "name", "share", "trainable", "call")
KEYS = ("name", "cite", "extends", "hyperparameters", "input", "blocks", "layers", "expect")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Located(ArchcalcError):
    """An error of a lower layer, with the place of the text that caused it."""

    def __init__(self, error: ArchcalcError, mark: Node) -> None:
        super().__init__(error.message, hint=error.hint, details=error.details)
        self.mark = mark
        self.final = isinstance(error, LimitError)


class Expression:
    """A value of the spec: an expression, or a list of values."""

    __slots__ = ("mark", "parsed", "text")

    def __init__(self, text: str, parsed: Parsed, mark: Node) -> None:
        self.text = text
        self.parsed = parsed
        self.mark = mark

    def value(self, scope: Scope) -> Any:
        """What it comes to; raises Located."""
        try:
            return self.parsed.run(scope)
        except Located:
            raise
        except ArchcalcError as error:
            raise Located(error, self.mark) from None


class Template(NamedTuple):
    """A text with expressions in braces."""

    parts: tuple[str | Expression, ...]
    mark: Node


class Target(NamedTuple):
    """A name given to a tensor: x, or x[i]."""

    name: str
    place: Expression | None
    mark: Node


Names: TypeAlias = "str | tuple[Names, ...]"  # how a row of a loop is taken apart


class Branch(NamedTuple):
    """One branch of a merge, and when it is there."""

    name: str
    when: Expression | None
    steps: tuple[Step, ...]
    mark: Node


class Arguments(NamedTuple):
    """The arguments of an operator or a block, in order or by name; `varying` are those that hold names."""

    ordered: tuple[Expression, ...] = ()
    named: tuple[tuple[str, Expression, Node], ...] = ()
    varying: tuple[Expression, ...] = ()


NO_ARGUMENTS = Arguments()


class Call(NamedTuple):
    """An operator or a block."""

    head: str
    arguments: Arguments


class Merge(NamedTuple):
    """Named branches that are joined."""

    head: str
    branches: tuple[Branch, ...]


class Repeat(NamedTuple):
    """The same steps, so many times."""

    turns: Expression
    steps: tuple[Step, ...]


class For(NamedTuple):
    """The same steps for each row of lists of equal length."""

    names: tuple[tuple[Names, Node], ...]
    lists: tuple[Expression, ...]
    steps: tuple[Step, ...]


class If(NamedTuple):
    """One of two lists of steps."""

    condition: Expression
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...]


class Output(NamedTuple):
    """Branches whose results flow out of the network."""

    branches: tuple[Branch, ...]


Action: TypeAlias = "Call | Merge | Repeat | For | If | Output"


class Step(NamedTuple):
    """One step: what it does, and its modifiers; `plain` if it has none."""

    action: Action | None
    mark: Node
    line: int
    chosen: Expression | None = None
    targets: tuple[Target, ...] = ()
    name: Template | None = None
    share: Template | None = None
    trainable: Expression | None = None
    call: str = MODULE
    plain: bool = True

    def written_arguments(self, names: Iterable[str]) -> dict[str, str]:
        """For each argument that is stated: its line, and its text where that is more than a number."""
        if not isinstance(self.action, Call):
            return {}
        given = [*zip(names, self.action.arguments.ordered, strict=False)]
        given += [(name, value) for name, value, _ in self.action.arguments.named]
        return {
            name: f"line {value.mark.line}" + ("" if value.parsed.constant else f": {value.text}")
            for name, value in given
        }


class Block(NamedTuple):
    """Steps under a name, with parameters."""

    name: str
    parameters: tuple[tuple[str, Expression | None], ...]
    steps: tuple[Step, ...]
    mark: Node

    @property
    def required(self) -> dict[str, bool]:
        """Whether each argument must be given, by its name."""
        return {name: default is None for name, default in self.parameters}


class File(NamedTuple):
    """What one file says; a part it does not state is None."""

    source: Source
    name: str | None
    cite: str | None
    extends: tuple[str, Node] | None
    hyperparameters: dict[str, Expression]
    inputs: tuple[tuple[str, Expression], ...] | None
    blocks: dict[str, Block]
    layers: tuple[Step, ...] | None
    expect: tuple[Expectation, ...]


def flat_names(names: Names) -> list[str]:
    """All names of a row."""
    return [names] if isinstance(names, str) else [name for part in names for name in flat_names(part)]
