"""The classification models of torchvision, with untrained weights."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch

DETECTION = ("nms", "qnms")
"""Compiled operators that torchvision describes as it is imported. A wheel for CUDA beside a PyTorch without has none, and then the
import fails, though classification does not use them."""


def classifier(name: str, **settings: Any) -> Any:
    """The model of this name, in evaluation mode; the auxiliary heads, which evaluation does not run, are there."""
    torch.manual_seed(0)
    return models().get_model(name, **settings).eval()


def models() -> Any:
    """The module torchvision.models."""
    try:
        return import_module("torchvision.models")
    except RuntimeError:
        for operator in DETECTION:
            torch.library.define(
                f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            )
        return import_module("torchvision.models")
