"""Operators on vectors, maps and volumes as functions of PyTorch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from .call import Call, along_features, channels_first, feature_axis, features_back, features_last, padded

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

AXES = {3: "1d", 4: "2d", 5: "3d"}


def sized(name: str, x: Tensor) -> Any:
    """The function of this name for the number of axes that `x` has."""
    return getattr(functional, f"{name}{AXES[x.dim()]}")


def shape_of(x: Tensor) -> tuple[int, ...]:
    """The shape as archcalc has it, of a tensor with its channels first."""
    return (x.shape[2], x.shape[1]) if x.dim() == 3 else tuple(x.shape[1:])


def conv(call: Call, x: Tensor) -> Tensor:
    x = channels_first(x)
    windows = call.op.windows(shape_of(x))
    groups = int(getattr(call.op, "groups", x.shape[1]))
    x, padding = padded(call, x, windows)
    strides, dilations = tuple(int(w.stride) for w in windows), tuple(int(w.dilation) for w in windows)
    run = sized("conv", x)
    return channels_first(
        run(x, call.weights["weight"], call.weight("bias"), strides, tuple(padding), dilations, groups)
    )


def transposed_conv(call: Call, x: Tensor) -> Tensor:
    x = channels_first(x)
    op, rank = call.op, x.dim() - 2
    windows = op.windows(shape_of(x))
    extra = tuple(
        int(n) for n in (op.output_padding if isinstance(op.output_padding, tuple) else (op.output_padding,) * rank)
    )
    y = sized("conv_transpose", x)(
        x,
        call.weights["weight"],
        call.weight("bias"),
        tuple(int(w.stride) for w in windows),
        tuple(int(w.before) for w in windows),
        extra,
        int(op.groups),
        tuple(int(w.dilation) for w in windows),
    )
    return channels_first(y)


def linear(call: Call, x: Tensor) -> Tensor:
    return features_back(functional.linear(features_last(x), call.weights["weight"], call.weight("bias")))


def radial_basis(call: Call, x: Tensor) -> Tensor:
    return (x[:, None] - call.weights["prototypes"]).square().sum(-1)


def max_pool(call: Call, x: Tensor) -> Tensor:
    x = channels_first(x)
    windows = call.op.windows(shape_of(x))
    x, padding = padded(call, x, windows, -math.inf)
    kernels, strides = [int(w.kernel) for w in windows], [int(w.stride) for w in windows]
    dilations = [int(w.dilation) for w in windows]
    return channels_first(sized("max_pool", x)(x, kernels, strides, padding, dilations, bool(call.op.ceil_mode)))


def avg_pool(call: Call, x: Tensor) -> Tensor:
    x = channels_first(x)
    windows = call.op.windows(shape_of(x))
    x, padding = padded(call, x, windows)
    kernels, strides = [int(w.kernel) for w in windows], [int(w.stride) for w in windows]
    return channels_first(sized("avg_pool", x)(x, kernels, strides, padding, bool(call.op.ceil_mode)))


def lp_pool(call: Call, x: Tensor) -> Tensor:
    x = channels_first(x)
    windows = call.op.windows(shape_of(x))
    x, _ = padded(call, x, windows)
    kernels: Any = [int(w.kernel) for w in windows]
    strides: Any = [int(w.stride) for w in windows]
    if len(windows) == 1:  # lp_pool1d takes no lists
        (kernels,), (strides,) = kernels, strides
    return channels_first(sized("lp_pool", x)(x, float(call.op.power), kernels, strides, bool(call.op.ceil_mode)))


def global_avg_pool(call: Call, x: Tensor) -> Tensor:
    x = channels_first(x)
    return x.mean(tuple(range(2, x.dim())))


def global_max_pool(call: Call, x: Tensor) -> Tensor:
    x = channels_first(x)
    return sized("adaptive_max_pool", x)(x, [1] * (x.dim() - 2)).flatten(1)


def adaptive(name: str) -> Callable[[Call, Tensor], Tensor]:
    def run(call: Call, x: Tensor) -> Tensor:
        x = channels_first(x)
        size = call.op.size
        sizes = [int(n) for n in size] if isinstance(size, tuple) else [int(size)] * (x.dim() - 2)
        return channels_first(sized(name, x)(x, sizes))

    return run


def batch_norm(call: Call, x: Tensor) -> Tensor:
    x = channels_first(x)
    mean, variance = call.weight("running_mean"), call.weight("running_variance")
    y = functional.batch_norm(
        x, mean, variance, call.weight("weight"), call.weight("bias"), training=call.training or mean is None
    )
    return channels_first(y)


def layer_norm(call: Call, x: Tensor) -> Tensor:
    weight, bias = call.weight("weight"), call.weight("bias")
    if call.op.over is None:
        return features_back(functional.layer_norm(features_last(x), [x.shape[feature_axis(x)]], weight, bias))
    over = sorted(int(axis) for axis in call.op.over)
    last = list(range(x.dim() - len(over), x.dim()))
    moved = x.movedim([axis + 1 for axis in over], last)
    y = functional.layer_norm(moved, list(moved.shape[-len(over) :]), weight, bias)
    return y.movedim(last, [axis + 1 for axis in over])


def group_norm(call: Call, x: Tensor) -> Tensor:
    y = functional.group_norm(channels_first(x), int(call.op.groups), call.weight("weight"), call.weight("bias"))
    return channels_first(y)


def instance_norm(call: Call, x: Tensor) -> Tensor:
    y = functional.instance_norm(channels_first(x), weight=call.weight("weight"), bias=call.weight("bias"))
    return channels_first(y)


def l2_norm(call: Call, x: Tensor) -> Tensor:
    return functional.normalize(x, dim=feature_axis(x))


def local_response_norm(call: Call, x: Tensor) -> Tensor:
    return channels_first(functional.local_response_norm(channels_first(x), int(call.op.size)))


def scale(call: Call, x: Tensor) -> Tensor:
    y = x * along_features(call.weights["weight"], x)
    bias = call.weight("bias")
    return y if bias is None else y + along_features(bias, x)


def pad(call: Call, x: Tensor) -> Tensor:
    from archcalc.ops.slide import sides

    x = channels_first(x)
    around = [*sides(call.op.padding, x.dim() - 2)][::-1] + [call.op.channels] * (x.dim() > 2)
    if x.dim() == 2:
        around = [call.op.channels]
    return channels_first(functional.pad(x, [int(n) for pair in around for n in pair]))


def crop(call: Call, x: Tensor) -> Tensor:
    x = channels_first(x)
    for axis, (before, after) in enumerate(call.op.cuts(shape_of(x)), start=2):
        x = x.narrow(axis, int(before), x.shape[axis] - int(before) - int(after))
    return channels_first(x)


def subsample(call: Call, x: Tensor) -> Tensor:
    from archcalc.ops.slide import axes

    x = channels_first(x)
    steps = axes(call.op.stride, x.dim() - 2, "stride")
    return channels_first(x[(..., *(slice(None, None, int(step)) for step in steps))])


def slice_(call: Call, x: Tensor) -> Tensor:
    return x.narrow(feature_axis(x), int(call.op.start), int(call.op.stop) - int(call.op.start))


def select(call: Call, x: Tensor) -> Tensor:
    return x.index_select(feature_axis(x), torch.tensor([int(i) for i in call.op.features]))


def channel_shuffle(call: Call, x: Tensor) -> Tensor:
    # as torchvision's ShuffleNetV2 writes it; torch.channel_shuffle is the same and also copies once
    groups, axis = int(call.op.groups), feature_axis(x) % x.dim()
    return x.unflatten(axis, (groups, -1)).transpose(axis, axis + 1).flatten(axis, axis + 1)


INTERPOLATIONS = {"nearest": "nearest", "cubic": "bicubic"}
LINEAR = {3: "linear", 4: "bilinear", 5: "trilinear"}


def upsample(call: Call, x: Tensor) -> Tensor:
    x = channels_first(x)
    sizes = call.op.output(shape_of(x))
    sizes = sizes[:1] if x.dim() == 3 else sizes[1:]
    mode = LINEAR[x.dim()] if call.op.mode == "linear" else INTERPOLATIONS[call.op.mode]
    return channels_first(functional.interpolate(x, [int(n) for n in sizes], mode=mode))


def pixel_shuffle(call: Call, x: Tensor) -> Tensor:
    return functional.pixel_shuffle(x, int(call.op.scale))


def flatten(call: Call, x: Tensor) -> Tensor:
    return x.flatten(1)


def reshape(call: Call, x: Tensor) -> Tensor:
    return x.reshape(x.shape[0], *[int(n) for n in call.op.shape])


def permute(call: Call, x: Tensor) -> Tensor:
    return x.permute(0, *[int(axis) + 1 for axis in call.op.axes])


FUNCTIONS: dict[str, Any] = {
    "conv": conv,
    "depthwise_conv": conv,
    "transposed_conv": transposed_conv,
    "linear": linear,
    "radial_basis": radial_basis,
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "lp_pool": lp_pool,
    "global_avg_pool": global_avg_pool,
    "global_max_pool": global_max_pool,
    "adaptive_avg_pool": adaptive("adaptive_avg_pool"),
    "adaptive_max_pool": adaptive("adaptive_max_pool"),
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "l2_norm": l2_norm,
    "local_response_norm": local_response_norm,
    "scale": scale,
    "pad": pad,
    "crop": crop,
    "subsample": subsample,
    "slice": slice_,
    "select": select,
    "channel_shuffle": channel_shuffle,
    "upsample": upsample,
    "pixel_shuffle": pixel_shuffle,
    "flatten": flatten,
    "reshape": reshape,
    "permute": permute,
}
