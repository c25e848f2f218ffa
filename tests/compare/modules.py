"""A graph of archcalc as a module of PyTorch: every step a module of its own, or a function, as it says."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from archcalc.graph import MODULE
from archcalc.ops.slide import axes, sides

from . import maps
from .call import Call, channels_first, features_back, features_last
from .elementwise import spread
from .network import FUNCTIONS, made

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from archcalc.graph import Graph, Node
    from archcalc.ops.op import Op


class Net(nn.Module):  # type: ignore[misc]
    """The graph as a module; its forward pass calls modules and functions as the steps say."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self.entry = nn.Identity()  # a module without children would be a layer of its own
        self.nothing = nn.Parameter(torch.zeros(0))  # calflops fails where there is no parameter at all
        self.steps = nn.ModuleDict()
        self.named: dict[int, dict[str, str]] = {}
        weights = made(graph)
        for node in graph.nodes:
            if node.op is None:
                continue
            if node.call == MODULE and node.kind in MODULES:
                shapes = [tuple(int(n) for n in shape) for shape in graph.shapes(node)]
                self.steps[f"s{node.index}"] = MODULES[node.kind](node.op, *shapes)
            else:
                self.named[node.index] = {name: f"w{node.index}_{i}" for i, name in enumerate(weights[node.index])}
                for name, value in weights[node.index].items():
                    self._keep(self.named[node.index][name], value)

    def _keep(self, name: str, value: Tensor) -> None:
        if value.requires_grad:
            self.register_parameter(name, nn.Parameter(value.detach()))
        else:
            self.register_buffer(name, value)

    def forward(self, a: Tensor, b: Tensor | None = None, c: Tensor | None = None) -> Any:
        inputs = [self.entry(x) for x in (a, b, c) if x is not None]
        tensors = dict(zip(self.graph.inputs, inputs, strict=True))
        for node in self.graph.nodes:
            if node.op is not None:
                tensors[node.index] = self._run(node, [tensors[i] for i in node.inputs])
        return tensors[self.graph.outputs[0][1]]

    def _run(self, node: Node, flowing: list[Tensor]) -> Tensor:
        key = f"s{node.index}"
        if key in self.steps:
            module: Any = self.steps[key]
            run: Callable[..., Tensor] = RUNS.get(node.kind, plain)
            return run(module, node.op, *flowing)
        weights = {name: getattr(self, held) for name, held in self.named[node.index].items()}
        call = Call(node.op, weights)
        usual = SIGNS if node.call == MODULE else CALLED
        return usual.get(node.kind, FUNCTIONS[node.kind])(call, *flowing)


def flowing(graph: Graph, batch: int = 1) -> tuple[Tensor, ...]:
    """One tensor for each input of the graph; token ids where an embedding reads them."""
    ids = {i for node in graph.nodes if node.kind == "embedding" for i in node.inputs}
    shapes = [(batch, *(int(n) for n in graph.nodes[index].shape)) for index in graph.inputs]
    return tuple(
        torch.zeros(shape, dtype=torch.int64) if index in ids else torch.rand(shape)
        for index, shape in zip(graph.inputs, shapes, strict=True)
    )


def rank(shape: tuple[int, ...]) -> int:
    """The number of space axes."""
    return len(shape) - 1


def ranked(name: str, shape: tuple[int, ...]) -> Any:
    """The class of this name for so many space axes."""
    return getattr(nn, f"{name}{rank(shape)}d")


def channels(shape: tuple[int, ...]) -> int:
    """The features."""
    return shape[-1] if len(shape) == 2 else shape[0]


def per_axis(value: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """One number for each space axis."""
    return tuple(int(n) for n in axes(value, rank(shape)))


class Padded(nn.Module):  # type: ignore[misc]
    """Zeros around the input, then a module that pads nothing."""

    def __init__(self, before: nn.Module, then: nn.Module) -> None:
        super().__init__()
        self.before = before
        self.then = then

    def forward(self, x: Tensor) -> Tensor:
        return self.then(self.before(x))


def conv(op: Any, x: tuple[int, ...]) -> nn.Module:
    depthwise = not hasattr(op, "out")
    out = channels(x) * int(op.multiplier) if depthwise else int(op.out)
    groups = channels(x) if depthwise else int(op.groups)
    kernel, stride, dilation = (per_axis(n, x) for n in (op.kernel, op.stride, op.dilation))
    padding: Any = op.padding
    windows = op.windows(x)
    unequal = any(int(w.before) != int(w.after) for w in windows)
    if not isinstance(padding, str):
        padding = tuple(int(w.before) for w in windows)
    zeros = isinstance(op.padding, str) and any(n != 1 for n in stride)
    if (unequal and not isinstance(op.padding, str)) or zeros:
        around = [int(n) for w in reversed(windows) for n in (w.before, w.after)]
        inner = ranked("Conv", x)(channels(x), out, kernel, stride, 0, dilation, groups, bool(op.bias))
        return Padded(ranked("ZeroPad", x)(around), inner)
    return ranked("Conv", x)(channels(x), out, kernel, stride, padding, dilation, groups, bool(op.bias))


def transposed_conv(op: Any, x: tuple[int, ...]) -> nn.Module:
    kernel, stride, dilation = (per_axis(n, x) for n in (op.kernel, op.stride, op.dilation))
    padding = tuple(int(before) for before, _ in sides(op.padding, rank(x)))
    extra = per_axis(op.output_padding, x)
    made = ranked("ConvTranspose", x)
    return made(channels(x), int(op.out), kernel, stride, padding, extra, int(op.groups), bool(op.bias), dilation)


def pool(name: str) -> Callable[..., nn.Module]:
    def make(op: Any, x: tuple[int, ...]) -> nn.Module:
        if any(int(w.before) != int(w.after) for w in op.windows(x)):
            raise NotImplementedError("pools pad both sides alike")
        kernel = per_axis(op.kernel, x)
        stride = kernel if op.stride is None else per_axis(op.stride, x)
        padding = tuple(int(w.before) for w in op.windows(x))
        kernel_, stride_, padding_ = (n[0] if len(set(n)) == 1 else n for n in (kernel, stride, padding))
        if name == "MaxPool":
            dilation = per_axis(op.dilation, x)
            return ranked(name, x)(kernel_, stride_, padding_, dilation, ceil_mode=bool(op.ceil_mode))
        return ranked(name, x)(kernel_, stride_, padding_, ceil_mode=bool(op.ceil_mode))

    return make


def lp_pool(op: Any, x: tuple[int, ...]) -> nn.Module:
    kernel: Any = per_axis(op.kernel, x)
    stride: Any = None if op.stride is None else per_axis(op.stride, x)
    if rank(x) == 1:  # LPPool1d takes no tuples
        kernel, stride = kernel[0], stride and stride[0]
    return ranked("LPPool", x)(float(op.power), kernel, stride, bool(op.ceil_mode))


def adaptive(name: str) -> Callable[..., nn.Module]:
    def make(op: Any, x: tuple[int, ...]) -> nn.Module:
        size = per_axis(getattr(op, "size", 1), x)
        return ranked(name, x)(size if len(size) > 1 else size[0])

    return make


def batch_norm(op: Any, x: tuple[int, ...]) -> nn.Module:
    _both(op)
    name = "BatchNorm1d" if len(x) < 3 else f"BatchNorm{rank(x)}d"
    return getattr(nn, name)(channels(x), affine=bool(op.scale), track_running_stats=bool(op.statistics))


def _both(op: Any) -> None:
    if op.scale is not op.shift:
        raise NotImplementedError("scale and shift are there both, or neither")


def group_norm(op: Any, x: tuple[int, ...]) -> nn.Module:
    _both(op)
    return nn.GroupNorm(int(op.groups), channels(x), affine=bool(op.scale))


def instance_norm(op: Any, x: tuple[int, ...]) -> nn.Module:
    _both(op)
    return ranked("InstanceNorm", x)(channels(x), affine=bool(op.scale))


def layer_norm(op: Any, x: tuple[int, ...]) -> nn.Module:
    if op.shift and not op.scale:
        raise NotImplementedError("nn.LayerNorm has no bias without a weight")
    if op.over is not None and sorted(int(n) for n in op.over) != list(range(len(x) - len(op.over), len(x))):
        raise NotImplementedError("nn.LayerNorm normalises the last axes")
    last = [channels(x)] if op.over is None else [x[int(n)] for n in op.over]
    return nn.LayerNorm(last, elementwise_affine=bool(op.scale), bias=bool(op.shift))


def sized(op: Any) -> dict[str, Any]:
    """The size or the scale of an upsampling: one number for all axes, or a list, as the step has it."""
    name, value = ("size", op.size) if op.scale is None else ("scale_factor", op.scale)
    return {name: tuple(int(n) for n in value) if isinstance(value, tuple) else int(value)}


def interpolate(call: Call, x: Tensor) -> Tensor:
    x = channels_first(x)
    linear = ("linear", "bilinear", "trilinear")[x.dim() - 3]
    mode = {"cubic": "bicubic", "linear": linear}.get(call.op.mode, call.op.mode)
    return channels_first(functional.interpolate(x, **sized(call.op), mode=mode))


def upsample(op: Any, x: tuple[int, ...]) -> nn.Module:
    mode = {"cubic": "bicubic", "linear": ("linear", "bilinear", "trilinear")[rank(x) - 1]}.get(op.mode, op.mode)
    return nn.Upsample(**sized(op), mode=mode)


def attention(op: Any, *inputs: tuple[int, ...]) -> nn.Module:
    if op.key is not None or op.value is not None or op.out is not None or (op.joint and len(inputs) > 1):
        raise NotImplementedError("nn.MultiheadAttention has no such widths")
    asked = channels(inputs[-1])
    return nn.MultiheadAttention(
        channels(inputs[0]), int(op.heads), bias=bool(op.bias), kdim=asked, vdim=asked, batch_first=True
    )


def recurrent(cls: Any) -> Callable[..., nn.Module]:
    def make(op: Any, x: tuple[int, ...]) -> nn.Module:
        if op.biases == 1:
            raise NotImplementedError("PyTorch has two biases or none")
        return cls(
            channels(x), int(op.out), int(op.layers), bool(op.biases), batch_first=True,
            bidirectional=bool(op.bidirectional),
        )  # fmt: skip

    return make


def simple(make: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    return lambda op, *shapes: make(op)


def per_channel(make: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    return lambda op, x: make(op, channels(x))


MODULES: dict[str, Callable[..., nn.Module]] = {
    "conv": conv,
    "depthwise_conv": conv,
    "transposed_conv": transposed_conv,
    "linear": lambda op, x: nn.Linear(channels(x), int(op.out), bool(op.bias)),
    "max_pool": pool("MaxPool"),
    "avg_pool": pool("AvgPool"),
    "lp_pool": lp_pool,
    "global_avg_pool": adaptive("AdaptiveAvgPool"),
    "global_max_pool": adaptive("AdaptiveMaxPool"),
    "adaptive_avg_pool": adaptive("AdaptiveAvgPool"),
    "adaptive_max_pool": adaptive("AdaptiveMaxPool"),
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "local_response_norm": simple(lambda op: nn.LocalResponseNorm(int(op.size))),
    "relu": simple(lambda op: nn.ReLU()),
    "relu6": simple(lambda op: nn.ReLU6()),
    "leaky_relu": simple(lambda op: nn.LeakyReLU(float(op.slope))),
    "prelu": per_channel(lambda op, n: nn.PReLU(n if op.channelwise else 1)),
    "elu": simple(lambda op: nn.ELU()),
    "selu": simple(lambda op: nn.SELU()),
    "sigmoid": simple(lambda op: nn.Sigmoid()),
    "tanh": simple(lambda op: nn.Tanh()),
    "hard_sigmoid": simple(lambda op: nn.Hardsigmoid()),
    "silu": simple(lambda op: nn.SiLU()),
    "hard_swish": simple(lambda op: nn.Hardswish()),
    "gelu": simple(lambda op: nn.GELU()),
    "softplus": simple(lambda op: nn.Softplus()),
    "softmax": lambda op, x: nn.Softmax(-1 if len(x) < 3 else 1),
    "log_softmax": lambda op, x: nn.LogSoftmax(-1 if len(x) < 3 else 1),
    "dropout": simple(lambda op: nn.Dropout(float(op.rate))),
    "identity": simple(lambda op: nn.Identity()),
    "flatten": simple(lambda op: nn.Flatten()),
    "channel_shuffle": simple(lambda op: nn.ChannelShuffle(int(op.groups))),
    "pixel_shuffle": simple(lambda op: nn.PixelShuffle(int(op.scale))),
    "upsample": upsample,
    "embedding": lambda op, x: nn.Embedding(int(op.count), int(op.out)),
    "attention": attention,
    "lstm": recurrent(nn.LSTM),
    "gru": recurrent(nn.GRU),
}
"""The module that each operator is, by its arguments and input shapes; what is not here has none, and is a function or a sign."""


def plain(module: nn.Module, op: Op, x: Tensor) -> Tensor:
    return module(x)


def on_channels(module: nn.Module, op: Op, x: Tensor) -> Tensor:
    """On sequences, which archcalc has with the features last."""
    return channels_first(module(channels_first(x)))


def on_features(module: nn.Module, op: Any, x: Tensor) -> Tensor:
    over = getattr(op, "over", None)
    return plain(module, op, x) if over is not None else features_back(module(features_last(x)))


def vector(module: nn.Module, op: Op, x: Tensor) -> Tensor:
    return module(channels_first(x)).flatten(1)


def mha(module: nn.Module, op: Op, *inputs: Tensor) -> Tensor:
    return module(inputs[0], inputs[-1], inputs[-1], need_weights=False)[0]


def first(module: nn.Module, op: Op, x: Tensor) -> Tensor:
    return module(x)[0]


CHANNELS = (
    "conv depthwise_conv transposed_conv max_pool avg_pool lp_pool adaptive_avg_pool adaptive_max_pool batch_norm "
    "group_norm instance_norm prelu upsample local_response_norm channel_shuffle"
)
RUNS: dict[str, Callable[..., Tensor]] = {
    **dict.fromkeys(CHANNELS.split(), on_channels),
    "global_avg_pool": vector,
    "global_max_pool": vector,
    "layer_norm": on_features,
    "linear": on_features,
    "attention": mha,
    "lstm": first,
    "gru": first,
}


def signed(step: Callable[[Any, Any], Any]) -> Callable[..., Tensor]:
    return lambda call, *inputs: reduce(step, spread(inputs))


def position(call: Call, x: Tensor) -> Tensor:
    """With sizes that are numbers: PyTorch traces products of sizes."""
    sizes = [int(n) for n in x.shape[1:]]
    if not call.op.learned:
        return x + torch.zeros(sizes)
    table = call.weights["weight"]
    return x + (table[: sizes[0]] if call.op.count is not None else table.reshape(sizes))


SIGNS: dict[str, Callable[..., Any]] = {
    "position": position,
    "add": signed(lambda a, b: a + b),
    "multiply": signed(lambda a, b: a * b),
    "tokens": lambda call, x: x.reshape(x.shape[0], x.shape[1], x.shape[2] * x.shape[3]).permute(0, 2, 1),
    "mean": lambda call, *inputs: signed(lambda a, b: a + b)(call, *inputs) / len(inputs),
}
"""Operators that have no module, as code writes them without saying more."""


def convolved(call: Call, x: Tensor) -> Tensor:
    op: Any = call.op
    if op.padding != "same" or any(int(w.stride) != 1 for w in op.windows(maps.shape_of(channels_first(x)))):
        return maps.conv(call, x)
    x = channels_first(x)
    groups = int(getattr(op, "groups", x.shape[1]))
    dilation = per_axis(op.dilation, tuple(x.shape[1:]))
    run = maps.sized("conv", x)
    return channels_first(run(x, call.weights["weight"], call.weight("bias"), 1, "same", dilation, groups))


CALLED: dict[str, Callable[..., Any]] = {
    "position": position,
    "conv": convolved,
    "depthwise_conv": convolved,
    "relu": lambda call, x: functional.relu(x),
    "selu": lambda call, x: functional.selu(x),
    "elu": lambda call, x: functional.elu(x),
    "silu": lambda call, x: functional.silu(x),
    "gelu": lambda call, x: functional.gelu(x),
    "relu6": lambda call, x: functional.relu6(x),
    "hard_sigmoid": lambda call, x: functional.hardsigmoid(x),
    "hard_swish": lambda call, x: functional.hardswish(x),
    "sigmoid": lambda call, x: torch.sigmoid(x),
    "tanh": lambda call, x: torch.tanh(x),
    "add": signed(lambda a, b: torch.add(a, b)),  # noqa: PLW0108  # looked up late
    "multiply": signed(lambda a, b: torch.mul(a, b)),  # noqa: PLW0108
    "dropout": lambda call, x: functional.dropout(x, float(call.op.rate), training=False),
    "flatten": lambda call, x: torch.flatten(x, 1),
    "upsample": interpolate,
}
"""Functions, looked up when they are called: tools put others in their place."""
