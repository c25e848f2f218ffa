"""Which storages PyTorch keeps for the backward pass, and how many bytes of them live at once."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from .call import Copies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor


class Saved(NamedTuple):
    """The bytes kept for the backward pass, each storage once."""

    floating: int
    integer: int
    padding_copies: int  # what it is more because copies are kept of inputs that are padded unequally


class Peaks(NamedTuple):
    """The most bytes of floating-point storages alive at once."""

    anywhere: int  # inside an operator too, where it is made of several functions
    between: int  # when an operator has written its output and still holds its inputs


def storage(tensor: Tensor) -> int:
    """What tells one storage from another, as long as both live."""
    return int(tensor.untyped_storage()._cdata)


def packed(run: Callable[[], Any]) -> tuple[list[Tensor], Any]:
    """Every tensor that autograd packed while running, without its history, and what the run gave."""
    kept: list[Tensor] = []

    def pack(tensor: Tensor) -> Tensor:
        kept.append(tensor.detach())  # with its history, it would hold what holds it
        return kept[-1]

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = run()
    return kept, result


def distinct(tensors: Iterable[Tensor], without: Iterable[Tensor] = ()) -> list[Tensor]:
    """One tensor for each storage of at least a byte, but for those of `without`."""
    seen = {storage(tensor) for tensor in without}
    found = []
    for tensor in tensors:
        if storage(tensor) not in seen and tensor.untyped_storage().nbytes():
            seen.add(storage(tensor))
            found.append(tensor)
    return found


def saved(run: Callable[[Copies], Any], weights: Iterable[Tensor]) -> Saved:
    """What is kept for the backward pass of a run, the weights left out; it writes down which copies it makes."""
    copies = Copies()
    kept, result = packed(lambda: run(copies))
    everything = distinct(kept, weights)
    originals = {storage(copy): original for copy, original in copies.made}
    found = distinct([originals.get(storage(tensor), tensor) for tensor in everything])
    floating, integer = (_bytes(found, floating=kind) for kind in (True, False))
    del result
    return Saved(floating, integer, _bytes(everything, floating=True) - floating)


def _bytes(tensors: list[Tensor], *, floating: bool) -> int:
    return sum(t.untyped_storage().nbytes() for t in tensors if t.is_floating_point() == floating)


class Alive(TorchDispatchMode):  # type: ignore[misc]
    """Sums the bytes of storages as they come and go: those of floating point, or all; those of `without` never count."""

    def __init__(self, without: Iterable[Tensor] = (), *, floating: bool = True) -> None:
        super().__init__()
        self.held: set[int] = {storage(tensor) for tensor in without}
        self.floating = floating
        self.adds_in_place = False
        self.now = self.most = self.between = 0

    def see(self, tensor: Tensor) -> None:
        """Count a storage from now until nobody holds it."""
        key = storage(tensor)
        if key in self.held or (self.floating and not tensor.is_floating_point()):
            return
        bytes_ = tensor.untyped_storage().nbytes()
        self.held.add(key)
        self.now += bytes_
        self.most = max(self.most, self.now)
        weakref.finalize(tensor.untyped_storage(), self._gone, key, bytes_)

    def _gone(self, key: int, bytes_: int) -> None:
        self.held.discard(key)
        self.now -= bytes_

    def look(self) -> None:
        """Take what is alive now as the state between two operators."""
        self.between = max(self.between, self.now)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self.adds_in_place and func is torch.ops.aten.add.Tensor and _is_alone(args[0]):
            return args[0].add_(args[1])
        result = func(*args, **(kwargs or {}))
        for value in tree_iter(result):
            if isinstance(value, torch.Tensor):
                self.see(value)
        return result


def _is_alone(tensor: Tensor) -> bool:
    """Whether nobody else has the tensor or its storage, the caller and Python's own references aside."""
    uses: int = torch._C._storage_Use_Count(tensor.untyped_storage()._cdata)
    return int(tensor._use_count()) <= 4 and uses <= 2


def peaks(
    run: Callable[[list[Tensor], Callable[[], None]], Any], inputs: list[Tensor], weights: Iterable[Tensor]
) -> Peaks:
    """The most bytes alive in a run, which is given the inputs to use up, and what to call between two operators."""
    alive = Alive(weights)
    for index in range(len(inputs)):
        alive.see(inputs[index])
    with torch.no_grad(), alive:
        result = run(inputs, alive.look)
    del result
    return Peaks(alive.most, alive.between)


def training_peak(run: Callable[[list[Tensor]], list[Tensor]], inputs: list[Tensor], weights: Iterable[Tensor]) -> int:
    """The most bytes alive in the backward pass of a run, weights left out, their gradients not.

    Backward starts from the outputs times 1; these and their gradients are held from outside and taken off. Autograd
    adds a gradient into one that it has already in place, but not under a dispatch mode, which therefore does it itself.
    """
    alive = Alive(weights, floating=False)
    for index in range(len(inputs)):
        alive.see(inputs[index])
    with alive:
        ends = [output * 1 for output in run(inputs)]
        grown = [torch.ones_like(end) for end in ends]
        alive.most, alive.adds_in_place = alive.now, True
        torch.autograd.backward(ends, grown)
    held: int = sum(end.untyped_storage().nbytes() for end in [*ends, *grown])
    return alive.most - held
