"""A report as JSON, by the contract of docs/json.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from io import StringIO
from typing import TYPE_CHECKING, Any

from archcalc import version
from archcalc.recorded import Recorded, is_free
from archcalc.render.columns import USUAL
from archcalc.render.facts import conditions
from archcalc.render.units import CONVENTION

if TYPE_CHECKING:
    from archcalc.analysis.receptive_field import ReceptiveField
    from archcalc.counting.count import Counted
    from archcalc.render.columns import Columns
    from archcalc.report import Report

SCHEMA = "archcalc.report/1"


def render(report: Report, *, levels: int | None = None, expand: bool = False, columns: Columns = USUAL) -> str:
    """The report as one JSON object; integers in full, everything that is no integer as text of the language."""
    text = StringIO()
    json.dump(as_data(report, columns), text, indent=2)
    return text.getvalue()


def heading(schema: str, report: Report) -> dict[str, Any]:
    """What every object about one report begins with."""
    return {
        "schema": schema,
        "version": version.__version__,
        "name": report.name,
        "cite": report.cite,
        "hyperparameters": dict(report.hyperparameters),
        "mode": report.mode,
    }


def as_data(report: Report, columns: Columns = USUAL) -> dict[str, Any]:
    """The report as plain data; counts that layers do not carry are keys behind the others."""
    texts = Texts(report)
    totals, more = report.totals, columns.more
    data = {
        **heading(SCHEMA, report),
        "batch": report.batch,
        "precision": report.precision,
        **({} if report.setup.weights is None else {"weights_precision": report.setup.weights}),
        "convention": CONVENTION,
        "inputs": [{"name": t.name, "shape": t.shape} for t in report.inputs],
        "outputs": [{"name": t.name, "path": t.path, "shape": t.shape} for t in report.outputs],
        "conditions": texts.conditions,
        "totals": {
            "params": totals.params,
            "trainable_params": totals.trainable_params,
            "buffers": totals.buffers,
            "mult_adds": totals.mult_adds,
            "flops": totals.flops,
            "activations": totals.activations,
            "activation_bytes": totals.activation_bytes,
            "depth": totals.depth,
            "shortest_path": totals.shortest_path,
            "receptive_field": totals.receptive_field
            and _field(totals.receptive_field) | {"of": totals.receptive_field_of},
            **{count.name: count.total for count in more},
        },
        **({} if report.counted is None else {"counted": _counted(report.counted)}),
        "layers": (
            {
                "path": row.path,
                "op": row.op,
                "line": row.line,
                "inputs": row.inputs,
                "input_shapes": row.input_shapes,
                "output_shape": row.output_shape,
                "params": row.params,
                "trainable_params": row.trainable_params,
                "buffers": row.buffers,
                "mult_adds": row.mult_adds,
                "flops": row.flops,
                "activations": row.activations,
                "receptive_field": row.receptive_field and _field(row.receptive_field),
                "shared_with": row.shared_with,
                **{count.name: count.layers[i] for count in more},
            }
            for i, row in enumerate(report.layers)
        ),
    }
    return {key: texts.plain(value) for key, value in data.items()}


def printed(counted: Counted) -> dict[str, Any]:
    """What a tool prints, and which tool that is."""
    profile = counted.profile
    return {
        "profile": profile.name,
        "tool": profile.tool,
        "version": profile.version,
        "quantity": profile.quantity,
        "operations": counted.operations,
        "unit": profile.unit,
        "params": counted.params,
    }


def _counted(counted: Counted) -> dict[str, Any]:
    return {
        **printed(counted),
        "left_out": counted.left_out,
        "bugs": [remark._asdict() for remark in counted.bugs],
        "notes": [remark._asdict() for remark in counted.notes],
        "layers": counted.layers,
    }


def _field(field: ReceptiveField) -> dict[str, Any]:
    numbers = (
        {"size": field.size, "stride": field.stride, "start": field.start}
        if field.aligned
        else dict.fromkeys(("size", "stride", "start"))
    )
    return {**numbers, "period": field.period, "whole_input": field.whole_input, "aligned": field.aligned}


class Texts:
    """Turns what is no integer into text; formulas are put in normal form once for the whole report."""

    def __init__(self, report: Report) -> None:
        self.conditions = conditions(report.conditions)
        self.made: dict[int, str | int] = {}

    def plain(self, value: Any) -> Any:
        """The value as JSON has it."""
        if isinstance(value, dict):
            return {key: self.plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple, Iterator)):
            return [self.plain(item) for item in value]
        if isinstance(value, Recorded):
            return self._formula(value) if is_free(value) else self.plain(value.value)
        return str(value) if isinstance(value, Fraction) else value

    def _formula(self, value: Recorded) -> str | int:
        if id(value) not in self.made:
            from archcalc.symbolic.text import simplified

            text = simplified([value])[0]
            self.made[id(value)] = int(text) if text.lstrip("-").isdigit() else text
        return self.made[id(value)]
