"""Writes tests/ops/pytorch_saved.yaml anew: python -m compare.record_saved, in tests/, with PyTorch installed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch

from archcalc.ops import OPS

from .elementwise import IN_PLACE
from .operators import USUAL, How, kept, step

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = Path(__file__).parents[1] / "ops" / "pytorch_saved.yaml"

HEADER = f"""\
# What PyTorch {torch.__version__.partition("+")[0]} (CPU) keeps for the backward pass of one step, one case a line; the operator is the step's last.
#
# Each step was run on float32 inputs that require gradients, in training mode, out of place, and every tensor that
# torch.autograd.graph.saved_tensors_hooks packed was noted, each storage once and the operator's own weights and buffers left out.
#
# saved: `input` (the first; `input 1`, `input 2` the next), `output`, or tensors of its own: elements for each sample of the
# batch, or in all (per batch), their dtype, how many of them, and of what they are a copy, if of anything.
# Own tensors were told apart by runs on batches of 2 and of 3. A view (its output is the input's storage) would say input.
# in_place: the function's in-place form. frozen: the weights require no gradient. needs: the inputs that require one ([]: none).
# stored: attention without scaled_dot_product_attention. permuted: the input is a transposed view, as after `tokens`.
# made_of: PyTorch has no such function; the step was run as this composition, whose parts keep what they keep.
# evaluation: by the running statistics, as in a part that is kept as it is; without_onednn: torch.backends.mkldnn off.

"""

MADE_OF = {
    "radial_basis": "(x[:, None] - p).square().sum(-1)",
    "l2_norm": "F.normalize, itself a composition: x / x.norm(2, 1, True).clamp_min(eps).expand_as(x)",
    "local_response_norm": "F.local_response_norm, itself a composition: x / (avg_pool3d(pad(x*x))*alpha + k)**beta",
    "lp_pool": "F.lp_pool2d, itself a composition: sign(y)*relu(abs(y))*k, **1/p, with y = avg_pool2d(x**p)",
    "scale": "x*w + b",
    "maxout": "x.unflatten(1, (-1, pieces)).max(2).values; amax would keep input and output instead of indices",
    "global_max_pool": "F.adaptive_max_pool2d to size 1, flattened; x.amax would keep input and output, x.max the indices alone",
    "drop_path": "x * noise of one number per sample (torchvision's stochastic_depth, mode row)",
    "mean": "(a + b)/n",
    "max": "torch.maximum",
    "highway_gate": "h*t + x*(1 - t)",
    "position": "x + w",
    "class_token": "torch.cat([w.expand(n, -1, -1), x], 1)",
    "attention": "F.linear for each projection, heads as views, F.scaled_dot_product_attention",
    "glimpse": "scores.flatten(2).softmax(-1) @ x.flatten(2).transpose(1, 2)",
    "capsule": "einsum, softmax, sums and squash; the routing before the last turn on detached predictions",
    "squash": "s = x.square().sum(1, keepdim=True); x * (s.sqrt()/(1 + s))",
    "channel_shuffle": "unflatten, transpose, flatten",
}

MAP, SEQUENCE, VOLUME, VECTOR = "[6, 8, 8]", "[8, 6]", "[6, 4, 4, 4]", "[6]"
TWO = "{a: [6, 8, 8], b: [6, 8, 8]}"
THREE = "{a: [6, 8, 8], b: [6, 8, 8], c: [6, 8, 8]}"
GATED = "{a: [6, 8, 8], b: [6]}"

MORE: list[tuple[str, str]] = [
    ("conv: [16, 1]", MAP),
    ("conv: {out: 6, kernel: 3, stride: 2, padding: 1, groups: 2, bias: false}", MAP),
    ("conv: {out: 4, kernel: 3, padding: same}", MAP),
    ("conv: {out: 4, kernel: 4, padding: same}", MAP),
    ("conv: {out: 4, kernel: 3, padding: [[0, 1], [0, 1]], stride: 2}", MAP),
    ("conv: {out: 4, kernel: 3}", SEQUENCE),
    ("conv: {out: 4, kernel: 3}", VOLUME),
    ("depthwise_conv: {kernel: 3, padding: 1}", VOLUME),
    ("transposed_conv: {out: 8, kernel: 2, stride: 2}", VOLUME),
    ("linear: 10", SEQUENCE),
    ("linear: {out: 10, bias: false}", SEQUENCE),
    ("max_pool: {kernel: 3, stride: 2, padding: 1}", MAP),
    ("max_pool: {kernel: 3, stride: 2, padding: same}", MAP),
    ("max_pool: {kernel: 3, stride: 2, ceil_mode: true}", MAP),
    ("max_pool: 2", SEQUENCE),
    ("max_pool: 2", VOLUME),
    ("avg_pool: {kernel: 3, stride: 1, padding: 1}", MAP),
    ("avg_pool: 2", SEQUENCE),
    ("avg_pool: 2", VOLUME),
    ("avg_pool: 8", MAP),
    ("lp_pool: {kernel: 2, power: 1}", MAP),
    ("lp_pool: {kernel: 2, power: 3}", MAP),
    ("global_avg_pool", SEQUENCE),
    ("global_avg_pool", VOLUME),
    ("global_max_pool", SEQUENCE),
    ("global_max_pool", VOLUME),
    ("adaptive_avg_pool: 1", MAP),
    ("adaptive_avg_pool: 8", MAP),
    ("adaptive_avg_pool: 1", VOLUME),
    ("adaptive_avg_pool: 2", VOLUME),
    ("adaptive_avg_pool: 1", SEQUENCE),
    ("adaptive_avg_pool: 2", SEQUENCE),
    ("adaptive_max_pool: 1", MAP),
    ("adaptive_max_pool: 2", SEQUENCE),
    ("batch_norm: {scale: false}", MAP),
    ("batch_norm: {scale: false, shift: false}", MAP),
    ("batch_norm: {statistics: false}", MAP),
    ("batch_norm", SEQUENCE),
    ("batch_norm", VECTOR),
    ("layer_norm", SEQUENCE),
    ("layer_norm", VECTOR),
    ("layer_norm: {scale: false, shift: false}", SEQUENCE),
    ("layer_norm: {over: [0, 1, 2]}", MAP),
    ("layer_norm: {over: [1, 2]}", MAP),
    ("group_norm: {groups: 3, scale: false, shift: false}", MAP),
    ("group_norm: 2", SEQUENCE),
    ("instance_norm: {scale: true, shift: true}", MAP),
    ("l2_norm", SEQUENCE),
    ("local_response_norm: 3", MAP),
    ("scale: {shift: false}", MAP),
    ("scale", SEQUENCE),
    ("prelu: {channelwise: false}", MAP),
    ("prelu", SEQUENCE),
    ("softmax", SEQUENCE),
    ("softmax", VECTOR),
    ("log_softmax", VECTOR),
    ("maxout: 3", VECTOR),
    ("dropout: 0", MAP),
    ("dropout: 0.2", SEQUENCE),
    ("drop_path: 0", MAP),
    ("drop_path: 0.5", SEQUENCE),
    ("pad: {channels: [1, 2]}", MAP),
    ("subsample: [[1, 3]]", MAP),
    ("subsample: 2", SEQUENCE),
    ("subsample: 2", VOLUME),
    ("upsample: {scale: 2, mode: linear}", MAP),
    ("upsample: {scale: 2, mode: cubic}", MAP),
    ("upsample: {size: 20, mode: linear}", MAP),
    ("upsample: 2", SEQUENCE),
    ("upsample: 2", VOLUME),
    ("add", TWO),
    ("add", THREE),
    ("add", GATED),
    ("multiply", TWO),
    ("multiply", THREE),
    ("multiply", GATED),
    ("multiply", "{a: [6], b: [6, 8, 8]}"),
    ("multiply", "{a: [8, 6], b: [6]}"),
    ("mean", TWO),
    ("mean", THREE),
    ("max", TWO),
    ("max", THREE),
    ("max", GATED),
    ("concat", THREE),
    ("highway_gate", "{h: [6], t: [6], x: [6]}"),
    ("position: {learned: false}", SEQUENCE),
    ("position: 10", SEQUENCE),
    ("class_token: 2", SEQUENCE),
    ("attention: {heads: 2, joint: true}", SEQUENCE),
    ("attention: {heads: 2, bias: false}", SEQUENCE),
    ("attention: {heads: 2, key: 4, value: 5, out: 7}", SEQUENCE),
    ("attention: {heads: 2, key: 4, value: 4, out: 7}", SEQUENCE),
    ("attention: 2", "{a: [8, 6], b: [5, 6]}"),
    ("attention: {heads: 4}", "[64, 32]"),
    ("squash", SEQUENCE),
    ("capsule: [10, 16, 1]", SEQUENCE),
    ("lstm: {out: 4, layers: 2}", SEQUENCE),
    ("lstm: {out: 4, bidirectional: true}", SEQUENCE),
    ("lstm: {out: 4, biases: 0}", SEQUENCE),
    ("gru: {out: 4, layers: 2}", SEQUENCE),
    ("gru: {out: 4, bidirectional: true}", SEQUENCE),
    ("gru: {out: 4, biases: 0}", SEQUENCE),
]

PERMUTED = [
    "linear: 10",
    "layer_norm",
    "attention: {heads: 2, joint: true}",
    "attention: 2",
    "softmax",
    "gelu",
    "position",
    "lstm: 4",
]
PARTLY = [("multiply", TWO), ("multiply", GATED), ("max", TWO), ("add", TWO), ("concat", TWO), ("highway_gate", THREE)]


class Case(NamedTuple):
    """A step on its inputs, and how it is run beside the usual."""

    step: str
    input: str
    how: How = USUAL


def cases() -> Iterator[Case]:
    """All that are recorded, operator by operator."""
    asked = [*((op.example, op.example_input) for op in OPS.values()), *MORE]
    order = {kind: index for index, kind in enumerate(OPS)}
    for text, shapes in sorted(asked, key=lambda pair: order[step(*pair).kind]):
        node = step(text, shapes)
        assert node.facts is not None
        yield Case(text, shapes)
        if node.kind in {*IN_PLACE, "leaky_relu"}:
            yield Case(text, shapes, How(in_place=True))
        if node.kind == "attention":
            yield Case(text, shapes, How(stored=True))
        if node.kind == "batch_norm":
            yield Case(text, shapes, How(evaluation=True))
        if node.kind == "lstm":
            yield Case(text, shapes, How(without_onednn=True))
        if any(weight.learned for weight in node.facts.weights.values()):
            yield Case(text, shapes, How(frozen=True))
            if node.kind != "embedding":
                yield Case(text, shapes, How(needs=()))
    for text in PERMUTED:
        yield Case(text, SEQUENCE, How(permuted=True))
    for text, shapes in PARTLY:
        for index in range(step(text, shapes).index):
            yield Case(text, shapes, How(needs=(index,)))


def line(case: Case) -> str:
    """The case as a line of YAML."""
    kind = step(case.step, case.input).kind
    found = kept(case.step, case.input, case.how)
    saved = ["input" if i == 0 else f"input {i}" for i in found.inputs] + ["output"] * found.output
    for own, times in Counter(found.own).items():
        facts = [f"per_sample: {own.per_sample}"] * (own.per_sample != 0) + [f"per_batch: {own.constant}"] * (
            own.constant != 0
        )
        facts += [f"dtype: {own.dtype}"] * (own.dtype != "float32") + [f"times: {times}"] * (times > 1)
        facts += [f"copy_of: {own.copy_of}"] * bool(own.copy_of)
        saved.append("{" + ", ".join(facts) + "}")
    said = [f"op: {kind}", f"step: {case.step!r}", f"input: {case.input}"]
    for name, value in case.how._asdict().items():
        if value != getattr(USUAL, name):
            said.append(f"{name}: {str(list(value) if isinstance(value, tuple) else value).lower()}")
    said += [f"saved: [{', '.join(saved)}]"]
    if kind in MADE_OF and case.how == USUAL:
        said.append(f"made_of: {MADE_OF[kind]!r}")
    return "- {" + ", ".join(said) + "}\n"


def main() -> None:
    """Write the file."""
    PLACE.write_text(HEADER + "saved:\n" + "".join(line(case) for case in cases()), "utf-8")


if __name__ == "__main__":
    main()
