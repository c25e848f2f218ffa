"""The operators: one family per file, one class per operator, and this table of contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.ops.activation import (
    Dropout,
    DropPath,
    Elu,
    Gelu,
    HardSigmoid,
    HardSwish,
    Identity,
    LeakyRelu,
    LogSoftmax,
    Maxout,
    Prelu,
    Relu,
    Relu6,
    Selu,
    Sigmoid,
    Silu,
    Softmax,
    Softplus,
    Tanh,
)
from archcalc.ops.attention import Attention, Glimpse
from archcalc.ops.capsule import Capsule, Squash
from archcalc.ops.conv import Conv, DepthwiseConv, TransposedConv
from archcalc.ops.linear import Linear, RadialBasis
from archcalc.ops.merge import Add, Concat, HighwayGate, Max, Mean, Multiply
from archcalc.ops.norm import BatchNorm, GroupNorm, InstanceNorm, L2Norm, LayerNorm, LocalResponseNorm, Scale
from archcalc.ops.pool import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    LpPool,
    MaxPool,
)
from archcalc.ops.rearrange import ChannelShuffle, Crop, Flatten, Pad, Permute, Reshape, Select, Slice, Subsample
from archcalc.ops.recurrent import Gru, Lstm
from archcalc.ops.resample import PixelShuffle, Upsample
from archcalc.ops.sequence import ClassToken, Embedding, Position, Token, Tokens

if TYPE_CHECKING:
    from archcalc.ops.op import Op

OPS: dict[str, type[Op]] = {
    "conv": Conv,
    "transposed_conv": TransposedConv,
    "depthwise_conv": DepthwiseConv,
    "linear": Linear,
    "radial_basis": RadialBasis,
    "max_pool": MaxPool,
    "avg_pool": AvgPool,
    "lp_pool": LpPool,
    "global_avg_pool": GlobalAvgPool,
    "global_max_pool": GlobalMaxPool,
    "adaptive_avg_pool": AdaptiveAvgPool,
    "adaptive_max_pool": AdaptiveMaxPool,
    "batch_norm": BatchNorm,
    "layer_norm": LayerNorm,
    "group_norm": GroupNorm,
    "instance_norm": InstanceNorm,
    "l2_norm": L2Norm,
    "local_response_norm": LocalResponseNorm,
    "scale": Scale,
    "relu": Relu,
    "relu6": Relu6,
    "leaky_relu": LeakyRelu,
    "prelu": Prelu,
    "elu": Elu,
    "selu": Selu,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "hard_sigmoid": HardSigmoid,
    "silu": Silu,
    "hard_swish": HardSwish,
    "gelu": Gelu,
    "softplus": Softplus,
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
    "maxout": Maxout,
    "dropout": Dropout,
    "drop_path": DropPath,
    "identity": Identity,
    "flatten": Flatten,
    "reshape": Reshape,
    "permute": Permute,
    "pad": Pad,
    "crop": Crop,
    "subsample": Subsample,
    "slice": Slice,
    "select": Select,
    "channel_shuffle": ChannelShuffle,
    "upsample": Upsample,
    "pixel_shuffle": PixelShuffle,
    "concat": Concat,
    "add": Add,
    "multiply": Multiply,
    "mean": Mean,
    "max": Max,
    "highway_gate": HighwayGate,
    "embedding": Embedding,
    "position": Position,
    "class_token": ClassToken,
    "tokens": Tokens,
    "token": Token,
    "attention": Attention,
    "glimpse": Glimpse,
    "lstm": Lstm,
    "gru": Gru,
    "capsule": Capsule,
    "squash": Squash,
}
