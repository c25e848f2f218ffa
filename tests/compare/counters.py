"""What tools that count operations print of a PyTorch module, each called as its README says.

thop and ultralytics-thop both are the package `thop`. The latter is the one that is installed; the former is loaded beside it from
the directory that the environment variable ORIGINAL_THOP names (pip install --no-deps --target DIRECTORY thop).
"""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import inspect
import io
import logging
import os
import sys
import warnings
from importlib.metadata import distributions, version
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn

from .classifiers import models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

PACKAGES = {
    "torchinfo": "torchinfo",
    "fvcore": "fvcore",
    "ptflops": "ptflops",
    "ptflops-aten": "ptflops",
    "thop": "thop",
    "ultralytics-thop": "ultralytics-thop",
    "calflops": "calflops",
    "calflops-macs": "calflops",
    "deepspeed": "deepspeed",
    "deepspeed-macs": "deepspeed",
    "torchprofile": "torchprofile",
    "flop_counter": "torch",
}
"""The package that each tool is in."""

PATCHED = (torch, torch.Tensor, nn.functional)
"""What tools patch while they count, and leave patched where they fail."""


class Counted(NamedTuple):
    """What a tool says of a network on a batch; no operations where it fails, and the reason."""

    operations: int | None
    params: int  # all of them, where the tool fails or counts none
    reason: str = ""


def packaged(tool: str) -> str:
    """The version of the package that the tool is in."""
    if tool == "thop":
        found = next(iter(distributions(name="thop", path=[os.environ["ORIGINAL_THOP"]])))
        return found.version.replace("-", ".post")
    return version(PACKAGES[tool]).partition("+")[0]


@contextlib.contextmanager
def restored() -> Iterator[None]:
    """The functions of PyTorch are afterwards what they were before."""
    before = [(owner, dict(vars(owner))) for owner in PATCHED]
    try:
        yield
    finally:
        for owner, names in before:
            for name in vars(owner).keys() - names.keys():
                if callable(vars(owner)[name]):
                    delattr(owner, name)
            for name, value in names.items():
                if vars(owner).get(name) is not value:
                    setattr(owner, name, value)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing is printed, logged or warned of."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def exact(number: float) -> int:
    """The integer that a tool gives as a float; a ValueError if it is none."""
    if number != int(number):
        raise ValueError(f"{number} is not a whole number")
    return int(number)


def params_of(model: nn.Module) -> int:
    """All parameters, shared ones once."""
    return sum(weight.numel() for weight in model.parameters())


def tool(count: Callable[[nn.Module, tuple[Tensor, ...]], tuple[float, float]]) -> Callable[..., Counted]:
    """A tool that sees a copy of the model in evaluation mode, and leaves nothing behind; one not installed raises ImportError."""

    @functools.wraps(count)
    def run(model: nn.Module, inputs: tuple[Tensor, ...]) -> Counted:
        with restored(), quiet():
            try:
                operations, params = count(copy.deepcopy(model).eval(), inputs)
                return Counted(exact(operations), exact(params))
            except ImportError:
                raise
            except Exception as error:
                return Counted(None, params_of(model), f"{type(error).__name__}: {error}".partition("\n")[0])

    return run


@tool
def torchinfo(model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[float, float]:
    from torchinfo import summary

    statistics = summary(model, input_data=inputs, verbose=0)
    return statistics.total_mult_adds, statistics.total_params


@tool
def fvcore(model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[float, float]:
    from fvcore.nn import FlopCountAnalysis, parameter_count

    return FlopCountAnalysis(model, inputs).total(), parameter_count(model)[""]


def ptflops(backend: str) -> Callable[..., Counted]:
    @tool
    def count(model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[float, float]:
        models()  # ptflops imports torchvision
        from ptflops import get_model_complexity_info

        names = list(inspect.signature(model.forward).parameters)
        given: Any = inputs[0] if len(inputs) == 1 else dict(zip(names, inputs, strict=False))
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            macs, params = get_model_complexity_info(
                model,
                tuple(inputs[0].shape),
                input_constructor=lambda _: given,
                print_per_layer_stat=False,
                as_strings=False,
                backend=backend,
            )
        if macs is None:
            raise RuntimeError(said.getvalue().strip().partition("'>: ")[2])
        return macs, params

    return count


@functools.cache
def original_thop() -> Any:
    """The package `thop` of the directory ORIGINAL_THOP, beside the one that is installed."""

    def hidden() -> dict[str, Any]:
        return {name: sys.modules.pop(name) for name in [*sys.modules] if name.partition(".")[0] == "thop"}

    installed = hidden()
    sys.path.insert(0, os.environ["ORIGINAL_THOP"])
    try:
        return importlib.import_module("thop")
    finally:
        sys.path.pop(0)
        hidden()
        sys.modules.update(installed)


@tool
def thop(model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[float, float]:
    macs, params = original_thop().profile(model, inputs=inputs, verbose=False)
    return macs, params


@tool
def ultralytics_thop(model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[float, float]:
    from thop import profile

    macs, params = profile(model, inputs=inputs, verbose=False)
    return macs, params


def calflops(which: int) -> Callable[..., Counted]:
    @tool
    def count(model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[float, float]:
        from calflops import calculate_flops, calculate_pipline

        calculate_pipline.module_flop_count.clear()  # a failure before leaves what it had counted
        calculate_pipline.module_mac_count.clear()
        found = calculate_flops(model, args=[*inputs], print_results=False, output_as_string=False)
        return found[which], found[2]

    return count


def deepspeed(which: int) -> Callable[..., Counted]:
    @tool
    def count(model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[float, float]:
        from deepspeed.profiling.flops_profiler import get_model_profile

        found = get_model_profile(model, args=[*inputs], print_profile=False, as_string=False)
        return found[which], found[2]

    return count


@tool
def torchprofile(model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[float, float]:
    from torchprofile import profile_macs

    return profile_macs(model, inputs), params_of(model)


@tool
def flop_counter(model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[float, float]:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(*inputs)
    return counter.get_total_flops(), params_of(model)


TOOLS: dict[str, Callable[[nn.Module, tuple[Tensor, ...]], Counted]] = {
    "torchinfo": torchinfo,
    "fvcore": fvcore,
    "ptflops": ptflops("pytorch"),
    "ptflops-aten": ptflops("aten"),
    "thop": thop,
    "ultralytics-thop": ultralytics_thop,
    "calflops": calflops(0),
    "calflops-macs": calflops(1),
    "deepspeed": deepspeed(0),
    "deepspeed-macs": deepspeed(1),
    "torchprofile": torchprofile,
    "flop_counter": flop_counter,
}
"""Each tool by the name of its profile."""
