"""A name, a path, a text or a mapping -> the spec it states, with the files it extends laid under it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc import zoo
from archcalc.errors import ArchcalcError, LimitError, NotFoundError, Problem, SpecError, UsageError, did_you_mean
from archcalc.limits import LIMITS
from archcalc.ops import OPS
from archcalc.spec.check import Checker
from archcalc.spec.expression import parse
from archcalc.spec.language import NAME, Block, Expression, File, Step
from archcalc.spec.read import Reader
from archcalc.spec.source import Node, Offset, Scalar, Source, read_file
from archcalc.spec.source import parse as parse_yaml
from archcalc.spec.values import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archcalc.ops.op import Op
    from archcalc.spec.figure import Expectation


class Spec(NamedTuple):
    """One network: its own file laid over those it extends."""

    source: Source
    name: str
    cite: str | None
    hyperparameters: dict[str, Expression]
    stated: frozenset[str]
    inputs: tuple[tuple[str, Expression], ...]
    blocks: dict[str, Block]
    layers: tuple[Step, ...]
    expect: tuple[Expectation, ...]


def load(spec: str | Path | Mapping[str, Any], ops: Mapping[str, type[Op]] = OPS) -> Spec:
    """The spec that a name of the zoo, a path, a text or an already parsed mapping states, with these operators.

    A text is told from a name by its line breaks. Raises NotFoundError, or SpecError with every mistake of reading.
    """
    if isinstance(spec, Path):
        return from_source(read_file(spec), ops)
    if isinstance(spec, str):
        if "\n" in spec or spec.lstrip().startswith("{"):
            return from_source(Source(spec, "<text>"), ops)
        return from_source(read_file(zoo.find(spec)), ops)
    pieces: list[str] = []
    try:
        _write_yaml(spec, pieces, LIMITS.file_bytes)
    except RecursionError:
        raise UsageError("the mapping is nested too deeply, or holds itself") from None
    return from_source(Source("".join(pieces), "<mapping>"), ops)


def _write_yaml(value: Any, pieces: list[str], left: int) -> int:
    """Write a parsed mapping as YAML in flow style, so that one reader serves both; `left` characters are allowed."""
    if left < 0:
        raise UsageError(f"the mapping is larger than {LIMITS.file_bytes:,} bytes")
    if hasattr(value, "items"):
        opening, closing, parts = "{", "}", [(f"{_quoted(key)}: ", item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        opening, closing, parts = "[", "]", [("", "" if item is None else item) for item in value]
    else:
        pieces.append("" if value is None else _quoted(value))
        return left - len(pieces[-1])
    pieces.append(opening)
    for head, item in parts:
        pieces.append(head)
        left = _write_yaml(item, pieces, left - len(head) - 2)
        pieces.append(", ")
    pieces.append(closing)
    return left


def _quoted(value: object) -> str:
    text = value if isinstance(value, str) else _as_expression(value)
    if isinstance(value, bool):
        return text
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{escaped}"'


def from_source(source: Source, ops: Mapping[str, type[Op]] = OPS) -> Spec:
    """The spec that a text states; raises SpecError with every mistake in keys, expressions, names and arguments."""
    problems: list[Problem] = []
    chain = [_file(source, problems)]
    while (extends := chain[-1].extends) is not None:
        if len(chain) >= LIMITS.extends:
            raise SpecError([extends[1].problem(ArchcalcError(f"more than {LIMITS.extends} files extend one another"))])
        source = _extended(chain[-1].source, *extends)
        if sum(len(file.source.text) for file in chain) + len(source.text) > LIMITS.file_bytes:
            message = f"the files that extend one another are larger than {LIMITS.file_bytes:,} bytes"
            raise SpecError([extends[1].problem(LimitError(message))])
        chain.append(_file(source, problems))
    spec = _laid_over(chain, problems)
    problems += Checker(spec, ops, words(spec.blocks, ops)).run(whole=not problems)
    if problems:
        raise SpecError(sorted(problems, key=lambda p: p.place[:3] if p.place else ("", 0, 0)))
    return spec


def words(blocks: Iterable[str], ops: Mapping[str, type[Op]]) -> frozenset[str]:
    """The words that stand for themselves: operators, blocks, and the fixed words of operators."""
    return frozenset((*ops, *blocks, *(word for op in ops.values() for word in op.words)))


def _file(source: Source, problems: list[Problem]) -> File:
    reader = Reader(source)
    file = reader.file(parse_yaml(source))
    problems += reader.problems
    return file


def _extended(source: Source, name: str, mark: Node) -> Source:
    """The text that a file extends: a regular file beside it, or one of the zoo."""
    parts = Path(name.replace("\\", "/")).parts
    if not name.isprintable() or Path(name).is_absolute() or ".." in parts or ":" in name:
        raise SpecError(
            [
                mark.problem(
                    ArchcalcError(
                        f"'{name}' leaves the folder of the spec",
                        hint="extends names a file beside the spec, or in the zoo",
                    )
                )
            ]
        )
    try:
        if source.folder is not None and (source.folder / name).is_file():
            return read_file(source.folder / name)
        return read_file(zoo.member(name))
    except NotFoundError as error:
        raise SpecError([mark.problem(error)]) from None
    except OSError:
        raise SpecError([mark.problem(NotFoundError("the name of a file is too long"))]) from None


def _laid_over(chain: list[File], problems: list[Problem]) -> Spec:
    """The first file over the second over the third ..."""
    own = chain[0]
    hyperparameters: dict[str, Expression] = {}
    blocks: dict[str, Block] = {}
    for file in reversed(chain):
        hyperparameters |= file.hyperparameters
        blocks |= file.blocks
    inputs = next((file.inputs for file in chain if file.inputs is not None), None)
    layers = next((file.layers for file in chain if file.layers is not None), None)
    missing = [key for key, part in (("input", inputs), ("layers", layers)) if part is None]
    if missing or inputs is None or layers is None:
        problem = Problem(f"the spec states no {' and no '.join(missing)}", own.source.place(1, 1))
        raise SpecError(problems or [problem])
    stem = Path(own.source.name).stem if own.source.folder else own.source.name
    return Spec(
        own.source,
        own.name or stem,
        own.cite,
        hyperparameters,
        frozenset(own.hyperparameters),
        inputs,
        blocks,
        layers,
        own.expect,
    )


def with_settings(spec: Spec, settings: Mapping[str, object]) -> Spec:
    """The spec with other values of hyperparameters, put in before the others are worked out.

    A value is an expression as text, a number, a truth value or a list of these. Raises UsageError for a name that is
    no hyperparameter.
    """
    changed = dict(spec.hyperparameters)
    for name, value in settings.items():
        if name not in spec.hyperparameters:
            listed = (
                f"hyperparameters: {', '.join(spec.hyperparameters)}"
                if spec.hyperparameters
                else "it has no hyperparameters"
            )
            raise UsageError(
                f"{spec.name} has no hyperparameter '{name}'", hint=did_you_mean(name, spec.hyperparameters) or listed
            )
        changed[name] = value if isinstance(value, Expression) else setting(name, value)
    return spec._replace(hyperparameters=changed)


def setting(name: str, value: object) -> Expression:
    """A value given from outside, as an expression; raises UsageError."""
    try:
        text = value if isinstance(value, str) else _as_expression(value)
    except RecursionError:
        raise UsageError(f"the value of {name} is nested too deeply, or holds itself") from None
    mark = Scalar(Source(text, f"--set {name}"), Offset(0, 0), Offset(0, len(text)), text)
    try:
        return Expression(text, parse(text), mark)
    except ExpressionError as error:
        raise UsageError(f"{name}={text}: {error.message}", hint=error.hint) from None


def _as_expression(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_as_expression, value))}]"
    if isinstance(value, float):
        raise UsageError(f"{value} is a float, which is not exact", hint="give it as text: '0.75'")
    if isinstance(value, int) and value.bit_length() > LIMITS.integer_bits:
        raise UsageError(f"a number has more than {LIMITS.integer_bits:,} bits")
    return str(value)


def is_name(text: str) -> bool:
    """Whether the text can be the name of a hyperparameter."""
    return NAME.fullmatch(text) is not None
