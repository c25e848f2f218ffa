"""What of one network can be loaded into another as text: the totals, where it stops and why, and every layer."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from archcalc import version
from archcalc.recorded import Recorded, is_free
from archcalc.render.facts import other_settings
from archcalc.render.screen import Cell, Column, Name, Screen, cut, paragraph, shown, table, wrapped
from archcalc.render.units import Exact, percent, shape
from archcalc.studies.compare import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcalc.recorded import Shape, Size
    from archcalc.render.screen import Line
    from archcalc.studies.transfer import Load, Side, Stop, Transfer

FORMATS = ("table", "json")
SCHEMA = "archcalc.transfer/1"
SIDES = ("FROM", "TO")
QUANTITIES = ("params", "buffers", "layers")
PARTS = 12  # as many are named one by one
LABEL = 10
LONGEST = 35  # what the table needs beside its numbers: a label, shares, and gaps


def render(transfer: Transfer, names: tuple[str, str], form: str, *, expand: bool = False) -> str | Screen:
    """The transfer between two networks of these names in one of the FORMATS; `expand` lists every layer."""
    if form == "json":
        return json.dumps(as_data(transfer, names), indent=2)
    return Screen(lambda room: _lines(transfer, names, room, expand=expand))


def _lines(transfer: Transfer, names: tuple[str, str], room: int, *, expand: bool) -> Iterator[Line]:
    exact = Exact(_numbers(transfer))
    for text in _head(transfer, names):
        yield from paragraph(text, room)
    yield []
    yield from _totals(transfer, exact, room)
    yield []
    for label, text in _facts(transfer, exact):
        for i, line in enumerate(wrapped(shown(text), room - LABEL)):
            yield [(f"{'' if i else label:<{LABEL}}", "dim"), (line, "")]
    if expand:
        for header, loads in (("loaded into", transfer.loaded), ("by name into", transfer.by_name)):
            if loads:
                yield []
                yield from _layers(header, loads, exact, room)


def _head(transfer: Transfer, names: tuple[str, str]) -> list[str]:
    own, others = (side.graph.hyperparameters for side in (transfer.source, transfer.target))
    return [
        ", ".join([f"{label}: {name}", *settings])
        for label, name, settings in zip(
            SIDES, names, (other_settings(own, others), other_settings(others, own)), strict=True
        )
    ]


def _rows(transfer: Transfer) -> list[tuple[str, Size, Size, Size]]:
    """Of each quantity of each network: its label, the total, what is loaded by place, and what more by name."""
    return [
        (f"{quantity} of {label}", *(getattr(amount, quantity) for amount in side[1:]))
        for quantity in QUANTITIES
        for label, side in zip(SIDES, (transfer.source, transfer.target), strict=True)
    ]


def _numbers(transfer: Transfer) -> list[Size]:
    """Every number that may be a formula."""
    loads = [number for load in (*transfer.loaded, *transfer.by_name) for number in (load.params, load.buffers)]
    return [number for row in _rows(transfer) for number in row[1:]] + loads


def _totals(transfer: Transfer, exact: Exact, room: int) -> list[Line]:
    rows = _rows(transfer)

    cap = (room - LONGEST) // (3 if transfer.by_name else 2)

    def counts(header: str, numbers: Sequence[Size]) -> Column:
        return Column(header, [Cell(cut(exact(n), cap) if is_free(n) else exact(n)) for n in numbers])

    def pair(header: str, parts: Sequence[Size], rank: int) -> list[Column]:
        shares = [_percent(part, row[1]) for part, row in zip(parts, rows, strict=True)]
        return [counts(header, parts), Column("%", [Cell(text) for text in shares], rank=rank)]

    columns = [counts("total", [row[1] for row in rows]), *pair("by place", [row[2] for row in rows], 1)]
    if transfer.by_name:
        columns += pair("more by name", [row[3] for row in rows], 2)
    return table("loaded", [Name(row[0]) for row in rows], columns, room, least=0)


def _percent(part: Size, whole: Size) -> str:
    """The share in percent; 100.0 only where it is all."""
    text = percent(part, whole)
    return ">99.9" if text == "100.0" and part != whole else text


def _facts(transfer: Transfer, exact: Exact) -> Iterator[tuple[str, str]]:
    loaded = transfer.loaded
    if loaded:
        first, last = _way(loaded[0].source, loaded[0].target), _way(loaded[-1].source, loaded[-1].target)
        yield "loaded", first if len(loaded) == 1 else f"{first} to {last}"
    else:
        yield "loaded", "nothing"
    yield "stops", "nowhere: every layer fits" if transfer.stop is None else why(transfer.stop, exact)
    if transfer.by_name:
        parts = _parts(transfer)
        more = f" and {len(parts) - PARTS} more, see --expand" if len(parts) > PARTS else ""
        yield "by name", ", ".join(parts[:PARTS]) + more
    conditions = [c[:3] for side in (transfer.source, transfer.target) for c in side.graph.conditions]
    for text in _conditions(conditions):
        yield "where", text


def _conditions(conditions: list[Any]) -> list[str]:
    if not conditions:
        return []
    from archcalc.symbolic.conditions import condition_texts

    return condition_texts(conditions)


def why(stop: Stop, exact: Exact) -> str:
    """Where it stops, and why, in a sentence."""
    if stop.source is None or stop.target is None:
        left, more = ("FROM", stop.target) if stop.source is None else ("TO", stop.source)
        return f"at {more}: {left} has no more layers with weights"
    place = f"at {_way(stop.source, stop.target)}"
    if stop.reason == "op":
        return f"{place}: {stop.source_op} in FROM, {stop.target_op} in TO"
    if stop.reason == "share":
        return f"{place}: {stop.weight} belongs to an earlier layer of TO, which has it from another layer of FROM"
    ours, theirs = _stated(stop.source_shape, exact), _stated(stop.target_shape, exact)
    return f"{place}: {stop.weight} is {ours} in FROM, {theirs} in TO"


def _stated(sizes: Shape | None, exact: Exact) -> str:
    return "missing" if sizes is None else shape(sizes, exact)


def _way(source: str, target: str) -> str:
    return target if source == target else f"{source} → {target}"


def _parts(transfer: Transfer) -> list[str]:
    """What is loaded by name: the largest parts of TO that are as a whole, and single weights of layers."""
    weights = {node.path: node.facts.weights for node in transfer.target.graph.nodes if node.facts}
    whole = {load.target for load in transfer.by_name if len(load.weights) == len(weights[load.target])}
    mixed = {outer for path, held in weights.items() if held and path not in whole for outer in _outer(path)}
    parts = (
        next(outer for outer in _outer(load.target) if outer not in mixed)
        if load.target in whole
        else f"{load.target} ({', '.join(load.weights)})"
        for load in transfer.by_name
    )
    return list(dict.fromkeys(parts))


def _outer(path: str) -> Iterator[str]:
    """The parts that a path lies in, the largest first, and itself."""
    segments = path.split("/")
    return ("/".join(segments[:depth]) for depth in range(1, len(segments) + 1))


def _layers(header: str, loads: Sequence[Load], exact: Exact, room: int) -> list[Line]:
    columns = [
        Column("params", [Cell(exact(load.params)) for load in loads]),
        Column("buffers", [Cell(exact(load.buffers)) for load in loads], rank=2),
        Column("from", [Cell(shown(load.source)) for load in loads], left=True, rank=1),
    ]
    return table(header, [Name(shown(load.target)) for load in loads], columns, room)


def as_data(transfer: Transfer, names: tuple[str, str]) -> dict[str, Any]:
    """The transfer as plain data; integers in full, everything that is no integer as text of the language."""
    exact = Exact(_numbers(transfer), grouped=False)
    sides = zip(("from", "to"), names, (transfer.source, transfer.target), strict=True)
    conditions = [c[:3] for side in (transfer.source, transfer.target) for c in side.graph.conditions]
    return {
        "schema": SCHEMA,
        "version": version.__version__,
        **{
            key: {
                "name": name,
                "hyperparameters": {key: _plain(value, exact) for key, value in side.graph.hyperparameters.items()},
                **{quantity: _shares(side, quantity, exact) for quantity in QUANTITIES},
            }
            for key, name, side in sides
        },
        "conditions": _conditions(conditions),
        "loaded": [_load(load, exact) for load in transfer.loaded],
        "stop": None if transfer.stop is None else _stop(transfer.stop, exact),
        "by_name": [_load(load, exact) for load in transfer.by_name],
    }


def _shares(side: Side, quantity: str, exact: Exact) -> dict[str, Any]:
    """Of one quantity: the total, what is loaded and what more by name, each with its exact share."""
    whole, loaded, by_name = (getattr(amount, quantity) for amount in side[1:])
    return {
        "total": _plain(whole, exact),
        "loaded": _plain(loaded, exact),
        "loaded_share": _number(Pair(quantity, loaded, whole).quotient),
        "by_name": _plain(by_name, exact),
        "by_name_share": _number(Pair(quantity, by_name, whole).quotient),
    }


def _load(load: Load, exact: Exact) -> dict[str, Any]:
    return {
        "from": load.source,
        "to": load.target,
        "op": load.op,
        "weights": list(load.weights),
        "params": _plain(load.params, exact),
        "buffers": _plain(load.buffers, exact),
    }


def _stop(stop: Stop, exact: Exact) -> dict[str, Any]:
    return {
        "reason": stop.reason,
        "from": stop.source,
        "to": stop.target,
        "from_op": stop.source_op,
        "to_op": stop.target_op,
        "weight": stop.weight,
        "from_shape": _plain(stop.source_shape, exact),
        "to_shape": _plain(stop.target_shape, exact),
    }


def _plain(value: Any, exact: Exact) -> Any:
    """The value as JSON has it."""
    if isinstance(value, (list, tuple)):
        return [_plain(item, exact) for item in value]
    if isinstance(value, Recorded):
        return _number(exact(value))
    return str(value) if isinstance(value, Fraction) else value


def _number(text: str | None) -> int | str | None:
    """A whole number as such, other text as it is."""
    return int(text) if text is not None and text.lstrip("-").isdigit() else text
