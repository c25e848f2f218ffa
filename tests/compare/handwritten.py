"""Four networks of PyTorch with every layer a module, as tools are usually shown them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


def vgg16() -> nn.Sequential:
    """Simonyan and Zisserman 2015, column D."""
    layers: list[nn.Module] = []
    channels = 3
    for depth, width in zip([2, 2, 3, 3, 3], [64, 128, 256, 512, 512], strict=True):
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    classifier = [nn.Linear(25088, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout()]
    return nn.Sequential(*layers, nn.Flatten(), *classifier, nn.Linear(4096, 1000))


def unit(channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution, batch norm and ReLU."""
    conv = nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(out), nn.ReLU()]


def head(features: int) -> list[nn.Module]:
    """The pool over all positions, and the classifier."""
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, 1000)]


class Bottleneck(nn.Module):  # type: ignore[misc]
    """He et al. 2016, Figure 5, with the stride in the 3x3."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        last = unit(width, 4 * width, 1)[:2]
        self.body = nn.Sequential(*unit(channels, width, 1), *unit(width, width, 3, stride), *last)
        fits = stride == 1 and channels == 4 * width
        self.shortcut = nn.Identity() if fits else nn.Sequential(*unit(channels, 4 * width, 1, stride)[:2])
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both paths, rectified."""
        return self.relu(self.body(x) + self.shortcut(x))


def resnet50() -> nn.Sequential:
    """Version 1.5."""
    layers = [*unit(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for depth, width in zip([3, 4, 6, 3], [64, 128, 256, 512], strict=True):
        for index in range(depth):
            layers.append(Bottleneck(channels, width, 2 if index == 0 and width > 64 else 1))
            channels = 4 * width
    return nn.Sequential(*layers, *head(2048))


def mobilenet_v1() -> nn.Sequential:
    """Howard et al. 2017, Table 1."""
    layers = unit(3, 32, 3, 2)
    channels = 32
    strides = {128: 2, 256: 2, 512: 2, 1024: 2}
    for width in [64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]:
        stride = strides.pop(width, 1)
        layers += [*unit(channels, channels, 3, stride, channels), *unit(channels, width, 1)]
        channels = width
    return nn.Sequential(*layers, *head(1024))


class DenseLayer(nn.Module):  # type: ignore[misc]
    """Huang et al. 2017, with bottleneck."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, 128, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.Conv2d(128, 32, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The features with those of this layer."""
        return torch.cat([x, self.body(x)], 1)


def densenet121() -> nn.Sequential:
    """Huang et al. 2017, Table 1."""
    layers = [*unit(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for depth in [6, 12, 24, 16]:
        if channels > 64:
            conv = nn.Conv2d(channels, channels // 2, 1, bias=False)
            layers += [nn.BatchNorm2d(channels), nn.ReLU(), conv, nn.AvgPool2d(2)]
            channels //= 2
        for _ in range(depth):
            layers.append(DenseLayer(channels))
            channels += 32
    return nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.ReLU(), *head(channels))


NETWORKS: dict[str, Callable[[], Any]] = {
    "vgg16_handwritten": vgg16,
    "resnet50_handwritten": resnet50,
    "mobilenet_v1_handwritten": mobilenet_v1,
    "densenet121_handwritten": densenet121,
}
"""Each by its spec in ../counting/specs."""
