"""What names stand for while a spec is unrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcalc.errors import UndecidedError, did_you_mean
from archcalc.graph import Condition, Graph, Section
from archcalc.recorded import Quantity, Shape, is_free
from archcalc.shape import features
from archcalc.spec.values import Collection, ExpressionError, Items, Tensors

if TYPE_CHECKING:
    from archcalc.graph import Share
    from archcalc.recorded import Size

_AXIS_POSITION = {"length": {2: 0}, "height": {3: 1, 4: 2}, "width": {3: 2, 4: 3}, "depth": {4: 1}}


class Body:
    """The tensors that are named in one body: the layers, a block's body, or a branch, which reads those around it."""

    __slots__ = ("around", "tensors")

    def __init__(self, around: Body | None = None) -> None:
        self.around = around
        self.tensors: dict[str, Tensors | Collection] = {}

    def find(self, name: str) -> Tensors | Collection | None:
        """The tensors of that name, here or around."""
        body: Body | None = self
        while body is not None:
            if name in body.tensors:
                return body.tensors[name]
            body = body.around
        return None


class Frame:
    """Where a step runs: what names stand for, what flows in, and to which part of the network it belongs."""

    __slots__ = ("body", "choosing", "flow", "frozen", "graph", "items", "section", "share", "variables", "words")

    def __init__(
        self,
        graph: Graph,
        variables: dict[str, Any],
        words: frozenset[str],
        items: Items,
        body: Body,
        section: Section,
        *,
        frozen: bool = False,
        share: Share | None = None,
    ) -> None:
        self.graph = graph
        self.variables = variables
        self.words = words
        self.items = items
        self.body = body
        self.section = section
        self.frozen = frozen
        self.share = share
        self.flow: tuple[int, ...] = ()
        self.choosing = False

    def inner(
        self,
        variables: dict[str, Any] | None = None,
        body: Body | None = None,
        section: Section | None = None,
        *,
        frozen: bool = False,
        share: Share | None = None,
    ) -> Frame:
        """A frame inside this one."""
        return Frame(
            self.graph,
            self.variables if variables is None else variables,
            self.words,
            self.items,
            body or self.body,
            section or self.section,
            frozen=frozen or self.frozen,
            share=share or self.share,
        )

    def missing(self, name: str) -> Any:
        """The value of a name that is no variable: `channels`, a tensor, or a word."""
        if name == "channels":
            return self._channels()
        if name == "last":
            raise UndecidedError(
                "which pass is the last depends on a free symbol", hint="give the count a number with --set"
            )
        tensors = self.body.find(name)
        if tensors is not None:
            if not self.choosing:
                raise ExpressionError(
                    f"'{name}' is a tensor",
                    hint=f"its sizes are {name}.channels, {name}.height, {name}.width, {name}.length",
                )
            return tensors
        if name in self.words:
            return name
        known = [*self.variables, *self.body.tensors]
        raise ExpressionError(f"nothing is called '{name}' here", hint=did_you_mean(name, known))

    def size(self, tensor: str, axis: str) -> Quantity:
        """A size of a tensor, as in x.channels."""
        tensors = self.body.find(tensor)
        if tensors is None:
            raise ExpressionError(f"no tensor is called '{tensor}' here", hint=did_you_mean(tensor, self.body.tensors))
        if isinstance(tensors, Collection) or len(tensors.ids) != 1:
            raise ExpressionError(f"'{tensor}' is several tensors: they have no {axis} in common")
        shape = self.graph.nodes[tensors.ids[0]].shape
        return axis_size(shape, axis, f"'{tensor}'")

    def distinct(self, left: Quantity, right: Quantity) -> None:
        """Note that two sizes which free symbols could make equal count as different."""
        if is_free(left) or is_free(right):
            self.graph.conditions.append(Condition(left, "!=", right, max(0, len(self.graph.nodes) - 1)))  # type: ignore[arg-type]

    def _channels(self) -> Size:
        if len(self.flow) != 1:
            raise ExpressionError(f"'channels' has no meaning here: {len(self.flow) or 'no'} tensors flow in")
        return features(self.graph.nodes[self.flow[0]].shape)


def axis_size(shape: Shape, axis: str, what: str) -> Size:
    """The size of a named axis; raises ExpressionError if the shape has none."""
    if axis == "channels":
        return features(shape)
    position = _AXIS_POSITION[axis].get(len(shape))
    if position is None:
        raise ExpressionError(f"{what} has {len(shape)} axes and no {axis}")
    return shape[position]
