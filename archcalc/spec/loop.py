"""Loops whose count is left free: the first pass as it is, and one that stands for all the others.

By induction: when pass i takes in features + growth*(i - 2), with the same sizes of space, it gives out
features + growth*(i - 1); so what flows in front of every pass is known, and so is what flows out of the last.
"""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING

from archcalc.errors import LimitError
from archcalc.graph import Condition, Loop, Section
from archcalc.notation import write
from archcalc.recorded import Recorded, Shape, Size, free_names
from archcalc.shape import features, space, with_features, written
from archcalc.spec.failure import wrong

if TYPE_CHECKING:
    from archcalc.graph import Graph
    from archcalc.spec.build import Flow, Unroller
    from archcalc.spec.language import Repeat, Step
    from archcalc.spec.scope import Frame
    from archcalc.spec.source import Node

NAMES = "ijklmnopqrstuvw"


def repeated(builder: Unroller, repeat: Repeat, turns: Recorded, step: Step, frame: Frame, flow: Flow) -> Flow:
    """What flows out of a loop with a free count; raises Failed where one pass cannot stand for the others."""
    graph, mark = builder.graph, repeat.turns.mark
    said = write(turns)
    if not turns.integral:
        graph.conditions.append(Condition(turns % 1, "==", 0, len(graph.nodes)))
    graph.conditions.append(Condition(1, "<=", turns, len(graph.nodes)))
    known = dict(frame.body.tensors)
    outputs = len(builder.extra_outputs)

    def gives_nothing() -> None:
        if frame.body.tensors != known or len(builder.extra_outputs) != outputs:
            raise wrong(mark, f"'{said}' is free, and the loop gives names or outputs that would be as many")

    flow = builder.one_pass(repeat.steps, step, frame, flow, index=0, first=True)
    gives_nothing()
    if len(flow) != 1:
        raise wrong(mark, f"'{said}' is free, but {len(flow)} tensors flow from pass to pass, where one can")
    pass_name = _unused_name(builder)
    turn = Recorded(pass_name)
    entry = graph.nodes[flow[0]].shape
    growth = _growth(builder, repeat, step, frame, flow, turn)
    gives_nothing()
    section = frame.section.section(f"{pass_name}=2..{said.replace('/', chr(0xF7))}")
    inside = frame.inner(section=section)
    start = graph.add_passage("pass", flow[0], _grown(entry, growth, turn - 2), section, step)
    conditions = len(graph.conditions)
    (out,) = builder.one_pass(repeat.steps, step, inside, (start,), index=turn - 1, first=False)
    _check_shape(graph, out, _grown(entry, growth, turn - 1), said, mark)
    stop = graph.add_passage("passes", out, _grown(entry, growth, turns - 1), section, step)
    graph.loops.append(Loop(pass_name, turns - 1, start, stop))
    _check_costs(graph, start, stop, pass_name, conditions, said, mark)
    return (stop,)


def _unused_name(builder: Unroller) -> str:
    taken = {loop.name for loop in builder.graph.loops} | builder.shared.keys()
    taken |= set(free_names(size for node in builder.graph.nodes for size in node.shape))
    names = chain(NAMES, (f"{letter}{number}" for number in count(1) for letter in NAMES))
    return next(name for name in names if name not in taken)


def _growth(builder: Unroller, repeat: Repeat, step: Step, frame: Frame, flow: Flow, turn: Recorded) -> Size:
    """By how many features a pass changes its tensor, tried on a pass that is taken back."""
    graph = builder.graph
    before = (len(graph.nodes), len(graph.conditions), len(graph.sharing))
    loops = len(graph.loops)
    trial = frame.inner(section=Section())
    ends = builder.one_pass(repeat.steps, step, trial, flow, index=turn - 1, first=False)
    entry, out = graph.nodes[flow[0]].shape, graph.nodes[ends[0]].shape if len(ends) == 1 else ()
    graph.forget(*before)
    del graph.loops[loops:]
    if len(out) != len(entry):
        message = f"one pass makes {written(out) if out else 'several tensors'} of {written(entry)}"
        raise wrong(repeat.turns.mark, f"the count is free, but {message}", "give it a number with --set")
    return features(out) - features(entry)


def _grown(shape: Shape, growth: Size, times: Size) -> Shape:
    steady = not isinstance(growth, Recorded) and growth == 0
    return shape if steady else with_features(shape, features(shape) + growth * times)


def _check_shape(graph: Graph, out: int, wanted: Shape, count: str, mark: Node) -> None:
    from archcalc.symbolic.bounds import certainly

    def equal(one: Shape, other: Shape) -> bool:
        return all(certainly(a, "==", b) for a, b in zip(one, other, strict=True))

    shape = graph.nodes[out].shape
    if len(shape) == len(wanted) and equal(shape, wanted):
        return
    same_space = len(shape) == len(wanted) and equal(space(shape), space(wanted))
    what = "changes the features by another number each time" if same_space else "changes the size of its tensor"
    raise wrong(mark, f"'{count}' is free, but one pass {what}", "give it a number with --set")


def _check_costs(graph: Graph, start: int, stop: int, name: str, conditions: int, count: str, mark: Node) -> None:
    """Every cost of a pass is a polynomial in its number, and no condition depends on that."""
    from archcalc.symbolic.bounds import degree

    for node in graph.nodes[start + 1 : stop]:
        if any(i < start for i in node.inputs):
            raise wrong(mark, f"'{count}' is free, but {node.current_path()} reads a tensor from outside the loop")
        if node.facts is None:
            continue
        sizes = [*node.shape, *(weight.size for weight in node.facts.weights.values()), *node.facts.work]
        for size in sizes:
            try:
                polynomial = degree(size, name) is not None
            except LimitError:
                polynomial = False
            if not polynomial:
                message = f"what {node.current_path()} costs is no polynomial in the number of the pass: {write(size)}"
                raise wrong(mark, f"'{count}' is free, but {message}")
    for condition in graph.conditions[conditions:]:
        if name in free_names([condition.left, condition.right]):
            said = f"{write(condition.left)} {condition.relation} {write(condition.right)}"
            raise wrong(mark, f"'{count}' is free, but whether a pass is valid depends on its number: {said}")
