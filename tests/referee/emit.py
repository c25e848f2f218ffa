"""A network as the text of a spec."""

from collections.abc import Iterator
from dataclasses import fields

from .network import Layer, Merge, Network, Steps

WINDOW = {"padding": 0, "dilation": 1}
CONV = {**WINDOW, "stride": 1, "bias": True}
DEFAULTS: dict[str, dict[str, object]] = {
    "conv": {**CONV, "groups": 1},
    "depthwise_conv": {**CONV, "multiplier": 1},
    "transposed_conv": {**CONV, "output_padding": 0, "groups": 1},
    "max_pool": {**WINDOW, "ceil_mode": False},
    "avg_pool": {**WINDOW, "ceil_mode": False},
    "linear": {"bias": True},
    "batch_norm": {"scale": True, "shift": True},
    "scale": {"shift": True},
    "prelu": {"channelwise": True},
    "pad": {"padding": 0, "channels": (0, 0)},
    "upsample": {"scale": 2, "mode": "nearest"},
}
"""What the language takes for an argument that is left out."""


def emit(network: Network, terse: bool = False) -> str:
    """The spec, one step a line; terse: without defaults, and arguments by place where that can be."""
    features, *space = network.input
    shape = [*space, features] if len(space) == 1 else network.input
    return "\n".join([f"input: {flow(tuple(shape))}", "layers:", *lines(network.steps, "  ", terse), ""])


def lines(steps: Steps, indent: str, terse: bool) -> Iterator[str]:
    """The lines of steps in a row."""
    for step in steps:
        if isinstance(step, Merge):
            yield f"{indent}- {step.op}:"
            for name, branch in step.named.items():
                yield f"{indent}    {name}:" if branch else f"{indent}    {name}: []"
                yield from lines(branch, indent + "      ", terse)
        else:
            yield f"{indent}- {step.op}{arguments(step, terse)}"


def arguments(layer: Layer, terse: bool) -> str:
    """What follows the name of an operator."""
    given = {name: short(name, value) for name, value in layer.arguments().items()}
    if terse:
        defaults = DEFAULTS.get(layer.op, {})
        left = {name: value for name, value in given.items() if name not in defaults or defaults[name] != value}
        by_place = list(left) == [field.name for field in fields(layer)][: len(left)]
        if by_place and left:
            (first, *more) = left.values()
            alone = not more and not isinstance(first, tuple)
            return f": {flow(first)}" if alone else f": {flow((first, *more))}"
        given = left
    inner = ", ".join(f"{name}: {flow(value)}" for name, value in given.items())
    return f": {{{inner}}}" if inner else ""


def short(name: str, value: object) -> object:
    """Equal numbers before and after, or on all axes, are written once."""
    if not isinstance(value, tuple) or name in ("features", "channels"):
        return value
    axes = [axis[0] if isinstance(axis, tuple) and axis[0] == axis[1] else axis for axis in value]
    return axes[0] if len(set(axes)) == 1 and isinstance(axes[0], int) else tuple(axes)


def flow(value: object) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, tuple):
        return f"[{', '.join(flow(item) for item in value)}]"
    return str(value).lower()
