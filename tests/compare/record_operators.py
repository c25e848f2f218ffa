"""Writes tests/counting/operators_counted.yaml anew: python -m compare.record_operators, in tests/, with the tools installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import archcalc
from archcalc.graph import MODULE
from archcalc.ops import OPS

from .counters import TOOLS, packaged
from .modules import MODULES, SIGNS, Net, flowing
from .record_saved import MORE

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = Path(__file__).parents[1] / "counting" / "operators_counted.yaml"
MAP, SEQUENCE, VOLUME, VECTOR = "[6, 8, 8]", "[8, 6]", "[6, 4, 4, 4]", "[6]"
TWO = "{a: [6, 8, 8], b: [6, 8, 8]}"

HEADER = """\
# What each tool counts of one step, run as a module of PyTorch: operations and parameters, for a batch of one.
#
# Each step was turned into a module (compare/modules.py): nn.Conv2d and so on, or the function where it says `call: function`;
# an operator that has no module of its own is written as code writes it, a + b for add. Steps that PyTorch cannot say are left out.
# fails: the tool raises an exception, and says this.
#
"""

OTHERS: list[tuple[str, str]] = [
    ("conv: {out: 4, kernel: 3, padding: same, dilation: 2}", MAP),
    ("conv: {out: 4, kernel: 3, stride: 2, padding: 2, dilation: 2}", MAP),
    ("conv: {out: 4, kernel: [1, 7], padding: [0, 3]}", MAP),
    ("conv: {out: 4, kernel: 5, padding: 2, groups: 2}", SEQUENCE),
    ("depthwise_conv: {kernel: 3, stride: 2, padding: 1, multiplier: 2, bias: false}", MAP),
    ("transposed_conv: {out: 8, kernel: 3, stride: 2, padding: 1, output_padding: 1}", MAP),
    ("transposed_conv: {out: 8, kernel: 3, stride: 2, bias: false}", MAP),
    ("transposed_conv: {out: 6, kernel: 4, stride: 2, padding: 1, groups: 2}", MAP),
    ("transposed_conv: {out: 6, kernel: 4, stride: 2, padding: 1, groups: 6}", MAP),
    ("transposed_conv: {out: 4, kernel: 3, dilation: 2}", MAP),
    ("transposed_conv: {out: 4, kernel: 3, stride: 2}", SEQUENCE),
    ("linear: {out: 10, bias: false}", VECTOR),
    (
        "add: {body: [layer_norm, {linear: {out: 6, per_position: true}}], shortcut: []}",
        MAP,
    ),  # contiguous, as it is used
    ("add: {body: [layer_norm, {linear: {out: 6, per_position: true, bias: false}}], shortcut: []}", VOLUME),
    ("max_pool: {kernel: [3, 2], stride: [2, 1], padding: [1, 0]}", MAP),
    ("max_pool: {kernel: 2, stride: 1, dilation: 2}", MAP),
    ("avg_pool: {kernel: 3, stride: 2, ceil_mode: true}", MAP),
    ("avg_pool: {kernel: 3, stride: 2, padding: 1, ceil_mode: true}", MAP),
    ("avg_pool: {kernel: [3, 2], stride: [2, 1], padding: [1, 0]}", MAP),
    ("avg_pool: {kernel: 3, stride: 3}", VOLUME),
    ("adaptive_avg_pool: 3", MAP),
    ("adaptive_avg_pool: {size: [3, 5]}", MAP),
    ("adaptive_avg_pool: 16", MAP),
    ("adaptive_max_pool: 3", MAP),
    ("group_norm: {groups: 6}", MAP),
    ("instance_norm: {scale: true, shift: true}", VOLUME),
    ("layer_norm: {scale: false, shift: false}", VECTOR),
    ("layer_norm: {shift: false}", SEQUENCE),
    ("batch_norm", VOLUME),
    ("batch_norm: {scale: false, shift: false}", VOLUME),
    ("batch_norm: {statistics: false, scale: false, shift: false}", MAP),
    ("relu", SEQUENCE),
    ("gelu", SEQUENCE),
    ("softmax", VOLUME),
    ("upsample: {scale: 3}", MAP),
    ("upsample: {size: 20}", MAP),
    ("upsample: {size: [20, 12], mode: linear}", MAP),
    ("upsample: {scale: [2, 3], mode: linear}", MAP),
    ("upsample: {size: 20, mode: cubic}", MAP),
    ("upsample: {scale: 2, mode: linear}", SEQUENCE),
    ("upsample: {scale: 2, mode: linear}", VOLUME),
    ("upsample: {size: 20}", SEQUENCE),
    ("prelu", MAP),
    ("leaky_relu: 0.1", MAP),
    ("mean", TWO),
    ("pad: {padding: 1}", MAP),
    ("lstm: {out: 4, layers: 2}", SEQUENCE),
    ("lstm: {out: 4, layers: 2, bidirectional: true}", SEQUENCE),
    ("lstm: {out: 4, biases: 0}", SEQUENCE),
    ("gru: {out: 4, layers: 2, bidirectional: true}", SEQUENCE),
    ("gru: {out: 4, biases: 0}", SEQUENCE),
    ("attention: {heads: 3, bias: false}", SEQUENCE),
    ("attention: 2", "{a: [5, 6], b: [8, 6]}"),
    ("attention: 2", "{a: [5, 6], b: [8, 4]}"),
    ("attention: {heads: 2, key: 4, value: 2, out: 10}", SEQUENCE),
    ("attention: {heads: 2, bias: false}", "{a: [8, 6], b: [5, 6]}"),
    ("attention: {heads: 3, bias: false}", "{a: [8, 6], b: [5, 4]}"),
    ("conv: {out: 4, kernel: 2, padding: same, groups: 2}", SEQUENCE),
    ("conv: {out: 4, kernel: [1, 3, 2], padding: same}", VOLUME),
    ("conv: {out: 4, kernel: [2, 3], padding: same, dilation: [1, 2], bias: false}", MAP),
    ("conv: {out: 4, kernel: 4, padding: same, dilation: 2}", SEQUENCE),
    ("conv: {out: 4, kernel: 2, padding: same, stride: 2}", MAP),
    ("conv: {out: 4, kernel: [3, 1, 2], stride: [1, 2, 1], padding: [1, 0, 1], groups: 2}", VOLUME),
    ("depthwise_conv: {kernel: 3, padding: 1, stride: 2}", SEQUENCE),
    ("depthwise_conv: {kernel: 2, padding: same}", VOLUME),
    ("depthwise_conv: {kernel: 3, padding: same, stride: [1, 2]}", MAP),
    ("transposed_conv: {out: 6, kernel: 3, stride: 2, padding: 1, output_padding: 1, groups: 2}", SEQUENCE),
    ("transposed_conv: {out: 6, kernel: [3, 2, 4], stride: [1, 2, 2], groups: 3, bias: false}", VOLUME),
    ("max_pool: {kernel: 3, stride: 2, padding: 1, ceil_mode: true}", SEQUENCE),
    ("max_pool: {kernel: [1, 2, 3], stride: 2, ceil_mode: true}", VOLUME),
    ("avg_pool: {kernel: 3, stride: 2, ceil_mode: true}", SEQUENCE),
    ("avg_pool: {kernel: [2, 1, 3], stride: 2, ceil_mode: true}", VOLUME),
    ("lp_pool: {kernel: 3, ceil_mode: true}", MAP),
    ("lp_pool: {kernel: [2, 1], stride: 2, power: 3}", MAP),
    ("lp_pool: 2", SEQUENCE),
    ("lp_pool: 2", VOLUME),
    ("adaptive_avg_pool: {size: [2, 4, 1]}", VOLUME),
    ("adaptive_avg_pool: {size: [2, 7, 5]}", VOLUME),
    ("adaptive_max_pool: {size: [2, 7, 5]}", VOLUME),
    ("local_response_norm: 4", SEQUENCE),
    ("local_response_norm: 2", VOLUME),
    ("group_norm: 3", VOLUME),
    ("instance_norm", SEQUENCE),
    ("layer_norm: {over: [2, 3], shift: false}", VOLUME),
    ("batch_norm: {statistics: false}", SEQUENCE),
    ("prelu", VOLUME),
    ("prelu: {channelwise: false}", SEQUENCE),
    *[
        (step, VOLUME)
        for step in ("relu", "relu6", "elu", "silu", "gelu", "tanh", "log_softmax", "flatten", "dropout: 0.1")
    ],
    ("channel_shuffle: 3", SEQUENCE),
    ("upsample: {size: [5, 6, 7]}", VOLUME),
    ("upsample: {scale: 1, mode: linear}", MAP),
    ("concat", "{a: [8, 6], b: [8, 4]}"),
    ("embedding: {count: 50, out: 12}", "[8]"),
    ("lstm: {out: 5, layers: 3, bidirectional: true, biases: 0}", SEQUENCE),
    ("gru: {out: 5, layers: 3}", SEQUENCE),
]


def cases() -> list[tuple[str, str]]:
    """Every step with the shapes that flow in: the example of each operator, more, and both as functions."""
    examples = [(op.example, op.example_input) for op in OPS.values()]
    steps = list(dict.fromkeys([*examples, *MORE, *OTHERS]))
    return [pair for step in steps for pair in ((step[0], step[1]), (called(step[0]), step[1]))]


def called(step: str) -> str:
    """The same step as a function."""
    return f"{step}, call: function"


def lines() -> Iterator[str]:
    """The table, a step a line."""
    for step, shapes in cases():
        found = counted(step, shapes)
        if found:
            yield f'- {{step: "{step}", input: "{shapes}", {found}}}\n'


def counted(step: str, shapes: str) -> str:
    """What the tools say of a step; nothing where PyTorch has no such form."""
    graph = archcalc.graph(f"{{input: {shapes}, layers: [{{{step}}}]}}")
    node = graph.nodes[-1]
    if node.call != MODULE and node.kind not in {*MODULES, *SIGNS}:
        return ""
    try:
        if node.kind in MODULES and node.kind != "attention":
            MODULES[node.kind](node.op, *graph.shapes(node))  # what no module can be, no function is either
        model = Net(graph)
    except NotImplementedError:
        return ""
    operations, params, fails = [], [], []
    for name, tool in TOOLS.items():
        found = tool(model, flowing(graph))
        if found.operations is None:
            fails.append(f"{name}: {found.reason.partition(':')[0]}")
            continue
        operations.append(f"{name}: {found.operations}")
        params.append(found.params)
    usual = max(set(params), key=params.count)
    said = [name for name in TOOLS if not any(f.startswith(f"{name}:") for f in fails)]
    other = [f"{name}: {n}" for name, n in zip(said, params, strict=True) if n != usual]
    parts = [f"params: {usual}", *([f"other_params: {{{', '.join(other)}}}"] if other else [])]
    parts += [f"fails: {{{', '.join(fails)}}}"] if fails else []
    return ", ".join([*parts, f"operations: {{{', '.join(operations)}}}"])


def main() -> None:
    """Write the file, line by line."""
    text = HEADER + "".join(f"# {name}: {packaged(name)}\n" for name in TOOLS) + "\n"
    for line in lines():
        text += line
        PLACE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
