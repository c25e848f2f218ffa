"""A name, a path, a text or a mapping -> the spec it states, with the files it extends laid under it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archcalc import zoo
from archcalc.errors import ArchcalcError, LimitError, NotFoundError, Problem, SpecError
from archcalc.limits import LIMITS
from archcalc.ops import OPS
from archcalc.spec.check import Checker
from archcalc.spec.language import NAME, Block, Expression, File, Step
from archcalc.spec.read import Reader
from archcalc.spec.source import Node, Source, read_file
from archcalc.spec.source import parse as parse_yaml

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
    from archcalc.spec.given import as_yaml

    return from_source(Source(as_yaml(spec), "<mapping>"), ops)


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


def is_name(text: str) -> bool:
    """Whether the text can be the name of a hyperparameter."""
    return NAME.fullmatch(text) is not None
