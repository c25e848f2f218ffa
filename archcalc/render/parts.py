"""The layers of a report as a tree of parts, by the segments of their paths, and which parts are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.ops import OPS
from archcalc.ops.op import Pointwise, View
from archcalc.recorded import is_free
from archcalc.render.units import Exact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcalc.recorded import Size
    from archcalc.report import Layer, Report

_OTHERS = {"layer_norm", "group_norm", "instance_norm", "maxout"}


class Part:
    """A segment of paths: a layer, a named part, or a merge with the branches inside."""

    __slots__ = ("inner", "joined", "key", "layer", "name", "parts", "path", "unit_keys")

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path
        self.layer: Layer | None = None
        self.parts: dict[str, Part] = {}
        self.key: int | None = None
        self.inner: list[Part] | None = None
        self.joined: list[list[Part]] | None = None
        self.unit_keys: list[tuple[int, ...]] | None = None

    def children(self) -> list[Part]:
        """What is inside, in order; the layer of a merge comes last, as a part of its own."""
        if self.inner is None:
            self.inner = list(self.parts.values())
            if self.layer is not None and self.inner:
                merge = Part(self.name, self.path)
                merge.layer = self.layer
                self.inner.append(merge)
        return self.inner

    def units(self) -> list[list[Part]]:
        """What is inside, each part with the layers after it that work element by element on what it writes."""
        if self.joined is None:
            self.joined = _joined(self.children())
        return self.joined

    def is_one_row(self) -> bool:
        """Whether it is one layer, with what works element by element on its output."""
        return self.layer is None and not any(p.parts for p in self.parts.values()) and len(self.units()) == 1

    def layers(self) -> list[Layer]:
        """Every layer inside, in order."""
        found: list[Layer] = []
        waiting = [self]
        while waiting:
            part = waiting.pop()
            if part.parts:
                waiting.extend(reversed(part.children()))
            elif part.layer is not None:
                found.append(part.layer)
        return found

    def last(self) -> Layer | None:
        """The layer whose output is that of the part."""
        part = self
        while part.layer is None and part.parts:
            part = next(reversed(part.parts.values()))
        return part.layer


def tree(layers: Sequence[Layer]) -> Part:
    """The part that holds all layers."""
    root = Part("", "")
    for layer in layers:
        part, path = root, ""
        for segment in layer.path.split("/"):
            path = f"{path}/{segment}" if path else segment
            inner = part.parts.get(segment)
            if inner is None:
                inner = part.parts[segment] = Part(segment, path)
            part = inner
        part.layer = layer
    return root


class Keys:
    """Equal numbers for parts that are the same but for their names; `beside` has counts that layers do not carry."""

    def __init__(self, report: Report, beside: Mapping[str, tuple[Size, ...]]) -> None:
        self.known: dict[object, int] = {}
        self.beside = beside
        self.exact: Exact | None = None
        if report.symbolic:
            # Equal formulas are seen in normal form only.
            self.exact = Exact(n for layer in report.layers for n in self._facts(layer))

    def __call__(self, part: Part) -> int:
        """The number of a part."""
        if part.key is None:
            own = None if part.layer is None else self._layer(part.layer)
            key = (own, *(self(inner) for inner in part.parts.values()))
            part.key = self.known.setdefault(key, len(self.known))
        return part.key

    def _layer(self, layer: Layer) -> object:
        facts = list(self._facts(layer))
        if self.exact is not None:
            facts = [self.exact(n) if is_free(n) else n for n in facts]  # type: ignore[arg-type]
        return (layer.op, layer.shared_with, len(layer.input_shapes), *facts)

    def _facts(self, layer: Layer) -> Iterator[object]:
        for shape in layer.input_shapes:
            yield from shape
        yield from layer.output_shape
        yield from layer[6:12]
        yield from self.beside.get(layer.path, ())


def _joined(parts: list[Part]) -> list[list[Part]]:
    units: list[list[Part]] = []
    for part in parts:
        if units and not part.parts and part.layer is not None and _follows(part.layer, units[-1][-1].last()):
            units[-1].append(part)
        else:
            units.append([part])
    return units


def _follows(layer: Layer, before: Layer | None) -> bool:
    kind = OPS.get(layer.op)
    if before is None or kind is None or layer.inputs != (before.path,):
        return False
    before_kind = OPS.get(before.op)
    return (issubclass(kind, Pointwise) or layer.op in _OTHERS) and not (before_kind and issubclass(before_kind, View))
