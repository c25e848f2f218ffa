"""Unrolls a spec into a Graph: blocks, loops, choices and branches become operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from archcalc.errors import ArgumentError, LimitError, Problem, ShapeError, SpecError, UndecidedError
from archcalc.graph import MODULE, Graph, Section, Share, TieError, numbered
from archcalc.limits import LIMITS, Limits
from archcalc.ops import OPS
from archcalc.ops.arguments import count, shown
from archcalc.recorded import Recorded, is_free
from archcalc.spec.check import argument_problems
from archcalc.spec.failure import Failed, wrong
from archcalc.spec.hyperparameters import work_out
from archcalc.spec.language import Call, Expression, For, If, Located, Merge, Output, Repeat, Step
from archcalc.spec.load import words
from archcalc.spec.operators import Operators, check_arguments, require, values_of
from archcalc.spec.scope import Body, Frame
from archcalc.spec.values import ExpressionError, Items, Tensors, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from archcalc.ops.op import Op
    from archcalc.recorded import Size
    from archcalc.spec.language import Block, Names, Template
    from archcalc.spec.load import Spec
    from archcalc.spec.source import Node

Flow: TypeAlias = "tuple[int, ...]"
LONGEST_NAME = 200


def build(
    spec: Spec,
    *,
    ops: Mapping[str, type[Op]] = OPS,
    free: Iterable[str] = (),
    training: bool = False,
    limits: Limits = LIMITS,
) -> Graph:
    """The graph of a spec, with the named hyperparameters left free; raises SpecError."""
    names = frozenset(free)
    if names:
        limits = limits._replace(layers=min(limits.layers, limits.free_layers))
    builder = Unroller(spec, ops, words(spec.blocks, ops), limits, symbolic=bool(names))
    try:
        builder.run(names, training=training)
    except Failed as error:
        raise SpecError(error.problems) from None
    except Located as error:
        raise SpecError([error.mark.problem(error)]) from None
    except RecursionError:
        raise SpecError([Problem(f"{spec.name} is nested too deeply", spec.source.place(1, 1))]) from None
    return builder.graph


class Unroller:
    """Turns the steps of one spec into nodes of one graph."""

    def __init__(
        self, spec: Spec, ops: Mapping[str, type[Op]], words: frozenset[str], limits: Limits, *, symbolic: bool
    ) -> None:
        self.spec = spec
        self.ops = ops
        self.words = words
        self.limits = limits
        self.graph = Graph(limits, symbolic=symbolic)
        self.shared: dict[str, Any] = {}  # what every body sees: `training` and the hyperparameters
        self.checked: set[tuple[int, str]] = set()  # the calls by a name whose arguments suit its value
        self.operators = Operators(ops, self.graph)
        self.items = Items(limits.items)
        self.steps_run = 0
        self.depth = 0
        self.extra_outputs: list[tuple[str, int]] = []

    def run(self, free: frozenset[str], *, training: bool) -> None:
        """Everything, from the hyperparameters to the outputs."""
        graph = self.graph
        frame = Frame(graph, self.shared, self.words, self.items, Body(), graph.root)
        self.shared["training"] = training
        graph.hyperparameters = work_out(self.spec.hyperparameters, free, frame, self.limits.recursion)
        flow = tuple(self._input(name, shape, frame) for name, shape in self.spec.inputs)
        flow = self.run_steps(self.spec.layers, frame, flow)
        outputs = [*(("output", index) for index in flow), *self.extra_outputs]
        for name, (_, index) in zip(numbered([name for name, _ in outputs]), outputs, strict=True):
            graph.add_output(name, index)
        graph.steps = self.steps_run
        graph.close()
        self._check_ends()

    def _input(self, name: str, expression: Expression, frame: Frame) -> int:
        if name in self.shared:
            raise wrong(expression.mark, f"the input '{name}' has the name of a hyperparameter")
        sizes = expression.value(frame)
        if not isinstance(sizes, tuple) or not 1 <= len(sizes) <= 4:
            raise wrong(expression.mark, f"an input is a list of 1 to 4 sizes, not {shown(sizes)}")
        try:
            shape = tuple(count(size) for size in sizes)
        except ArgumentError as error:
            raise wrong(expression.mark, f"an input size {error.message}") from None
        require(self.graph, shape, 1, whole=True, mark=expression.mark)
        index = self.graph.add_input(name, shape, expression.mark)
        frame.body.tensors[name] = Tensors((index,))
        return index

    def _check_ends(self) -> None:
        """Every result reaches an output, and shared weights fit."""
        problems: dict[int, Problem] = {}
        for node in self.graph.unused():
            if isinstance(node.step, Step):
                message = f"the result of {node.path} reaches no output"
                problems.setdefault(id(node.step), wrong(node.step.mark, message).problems[0])
        if problems:
            raise Failed(problems.values())
        try:
            self.graph.owners()
        except TieError as error:
            if not isinstance(error.node.step, Step):
                raise
            raise wrong(error.node.step.mark, error) from None

    def run_steps(self, steps: tuple[Step, ...], frame: Frame, flow: Flow) -> Flow:
        """What flows out of a list of steps."""
        self.steps_run += len(steps)
        if self.steps_run > self.limits.steps:
            raise wrong(steps[0].mark, LimitError(f"the spec runs more than {self.limits.steps:,} steps"))
        constant = self.operators.constant
        for step in steps:
            action = step.action
            if not step.plain or type(action) is not Call:
                flow = self.step(step, frame, flow)
            elif (op := constant.get(id(action))) is not None:
                flow = self.add(action.head, op, flow, action.head, frame.section, step, frame, frame.share)
            else:
                frame.flow = flow
                flow = self.call(action, step, frame, flow)
        return flow

    def step(self, step: Step, frame: Frame, flow: Flow) -> Flow:
        """What flows out of a step that has modifiers, or other steps inside."""
        if step.chosen is not None:
            from archcalc.spec.tensors import chosen

            flow = chosen(self, step.chosen, frame, flow)
        frame.flow = flow
        if step.action is not None:
            inner = frame
            if step.trainable is not None and not self.holds(step.trainable, frame):
                inner = frame.inner(frozen=True)
                inner.flow = flow
            flow = _ACTIONS[type(step.action)](self, step.action, step, inner, flow)
        if step.targets:
            from archcalc.spec.tensors import give_names

            frame.flow = flow
            give_names(step.targets, frame, flow)
        return flow

    def holds(self, expression: Expression, frame: Frame) -> bool:
        """Whether a condition holds."""
        try:
            return truth(expression.value(frame))
        except ExpressionError as error:
            raise wrong(expression.mark, error) from None

    def section(self, template: Template | None, frame: Frame, default: str | None) -> Section:
        """The part of the network that a step is, if it has a name."""
        name = self.text(template, frame) if template is not None else default
        return frame.section if name is None else frame.section.section(name)

    def text(self, template: Template, frame: Frame) -> str:
        """A text with the values of its expressions; raises Failed where it cannot be a name."""
        text = ""
        for part in template.parts:
            if isinstance(part, str):
                text += part
            else:
                value = part.value(frame)
                text += shown(value)
        if not text.strip() or not text.isprintable() or "/" in text or len(text) > LONGEST_NAME:
            raise wrong(template.mark, f"'{text[:40]}' cannot be a name: it is empty, too long, or holds '/'")
        return text

    def deeper(self, mark: Node) -> None:
        """Note that what follows stands one level deeper; raises Failed where that is too deep."""
        self.depth += 1
        if self.depth > self.limits.recursion:
            message = f"blocks, branches and loops stand more than {self.limits.recursion} deep inside one another"
            raise wrong(mark, LimitError(message))

    def call(self, call: Call, step: Step, frame: Frame, flow: Flow) -> Flow:
        """An operator, a block, or a name whose value is one."""
        head = call.head
        if head in frame.variables:
            value = frame.variables[head]
            if not isinstance(value, str) or (value not in self.spec.blocks and value not in self.ops):
                raise wrong(step.mark, f"'{head}' is {shown(value)}, which is no operator and no block")
            head = value
        block = self.spec.blocks.get(head)
        if block is not None:
            if step.call != MODULE:
                raise wrong(step.mark, f"'call' belongs to an operator, but '{head}' is a block")
            return self.block(block, call, step, frame, flow)
        op = self.operators.constant.get(id(call)) or self.operators.of(head, call, step, frame)
        name = head if step.name is None else self.text(step.name, frame)
        share = frame.share if step.share is None else Share(self.text(step.share, frame), None)
        return self.add(head, op, flow, name, frame.section, step, frame, share)

    def block(self, block: Block, call: Call, step: Step, frame: Frame, flow: Flow) -> Flow:
        """A block: its steps, seeing its arguments, the hyperparameters and what flows in."""
        if call.head != block.name and (id(call), block.name) not in self.checked:
            check_arguments(argument_problems(block.name, block.required, call.arguments, step.mark))
            self.checked.add((id(call), block.name))
        self.deeper(step.mark)
        given = values_of(call.arguments, [name for name, _ in block.parameters], frame)
        section = self.section(step.name, frame, block.name)
        share = frame.share if step.share is None else Share(self.text(step.share, frame), section)
        inner = Frame(
            self.graph, dict(self.shared), self.words, self.items, Body(), section, frozen=frame.frozen, share=share
        )
        inner.flow = flow
        for name, default in block.parameters:
            if name in given:
                inner.variables[name] = given[name]
            elif default is not None:
                inner.variables[name] = default.value(inner)
        flow = self.run_steps(block.steps, inner, flow)
        self.depth -= 1
        return flow

    def add(
        self,
        kind: str,
        op: Op,
        flow: Flow,
        name: str,
        section: Section,
        step: Step,
        frame: Frame,
        share: Share | None,
        labels: Sequence[str] = (),
    ) -> Flow:
        """One operator; what it refuses is raised with its place."""
        try:
            return (self.graph.add(kind, op, flow, name, section, step, frame.frozen, share, step.call),)
        except (ArgumentError, LimitError) as error:
            raise wrong(step.mark, error) from None
        except (ShapeError, UndecidedError) as error:
            if len(flow) < 2:
                raise wrong(step.mark, error) from None
            from archcalc.spec.mismatch import mismatch

            raise mismatch(step.mark, error, [self.graph.nodes[index] for index in flow], labels) from None

    def merge(self, merge: Merge, step: Step, frame: Frame, flow: Flow) -> Flow:
        """Named branches, each from what flows in, joined in written order."""
        from archcalc.spec.branches import merged

        return merged(self, merge, step, frame, flow)

    def output(self, output: Output, step: Step, frame: Frame, flow: Flow) -> Flow:
        """Branches that end outside; what flows in passes on."""
        from archcalc.spec.branches import led_out

        return led_out(self, output, step, frame, flow)

    def repeat(self, repeat: Repeat, step: Step, frame: Frame, flow: Flow) -> Flow:
        """The same steps so many times."""
        turns = repeat.turns.value(frame)
        if isinstance(turns, Recorded) and is_free(turns):
            from archcalc.spec.loop import repeated

            return repeated(self, repeat, turns, step, frame, flow)
        if type(turns) is not int or turns < 0:
            raise wrong(repeat.turns.mark, f"'repeat' takes a whole number, at least 0, not {shown(turns)}")
        return self._loop(repeat.steps, turns, (), step, frame, flow)

    def one_pass(
        self, steps: tuple[Step, ...], step: Step, frame: Frame, flow: Flow, *, index: Size, first: bool
    ) -> Flow:
        """One pass of a loop of which it is not known how many there are, and so which is the last."""
        self.deeper(step.mark)
        variables = {**frame.variables, "index": index, "first": first}
        variables.pop("last", None)
        inner = frame.inner(variables)
        inner.flow = flow
        if step.name is not None:
            inner.section = frame.section.section(self.text(step.name, inner))
        flow = self.run_steps(steps, inner, flow)
        self.depth -= 1
        return flow

    def for_each(self, loop: For, step: Step, frame: Frame, flow: Flow) -> Flow:
        """The same steps for each row of lists of equal length."""
        columns: list[tuple[Any, ...]] = []
        for (_, mark), expression in zip(loop.names, loop.lists, strict=True):
            items = expression.value(frame)
            if not isinstance(items, tuple):
                raise wrong(expression.mark, f"'for' walks lists, not {shown(items)}")
            if columns and len(items) != len(columns[0]):
                message = f"the lists of one 'for' have equal length, but this has {len(items)} items"
                raise wrong(mark, f"{message} and the first {len(columns[0])}")
            columns.append(items)
        rows = []
        for row in zip(*columns, strict=True):
            variables: dict[str, Any] = {}
            for (names, mark), value in zip(loop.names, row, strict=True):
                _take_apart(names, value, variables, mark)
            rows.append(variables)
        return self._loop(loop.steps, len(rows), rows, step, frame, flow)

    def _loop(
        self, steps: tuple[Step, ...], turns: int, rows: Sequence[dict[str, Any]], step: Step, frame: Frame, flow: Flow
    ) -> Flow:
        left = self.limits.steps - self.steps_run
        if turns * max(1, len(steps)) > left:
            message = f"{turns:,} turns of {len(steps)} steps are more than are left of {self.limits.steps:,} steps"
            raise wrong(step.mark, LimitError(message))
        self.deeper(step.mark)
        for index in range(turns):
            variables = {**frame.variables, "index": index, "first": index == 0, "last": index == turns - 1}
            if rows:
                variables |= rows[index]
            inner = frame.inner(variables)
            inner.flow = flow
            if step.name is not None:
                inner.section = frame.section.section(self.text(step.name, inner))
            self.steps_run += not steps  # an empty turn is a step too
            flow = self.run_steps(steps, inner, flow)
        self.depth -= 1
        return flow

    def choice(self, choice: If, step: Step, frame: Frame, flow: Flow) -> Flow:
        """One of two lists of steps."""
        chosen = choice.then if self.holds(choice.condition, frame) else choice.otherwise
        if not chosen:
            return flow
        self.deeper(step.mark)
        inner = frame if step.name is None else frame.inner(section=self.section(step.name, frame, None))
        flow = self.run_steps(chosen, inner, flow)
        self.depth -= 1
        return flow


_ACTIONS: dict[type, Callable[..., Flow]] = {
    Call: Unroller.call,
    Merge: Unroller.merge,
    Repeat: Unroller.repeat,
    For: Unroller.for_each,
    If: Unroller.choice,
    Output: Unroller.output,
}


def _take_apart(names: Names, value: Any, variables: dict[str, Any], mark: Node) -> None:
    """Give the items of a row their names."""
    if isinstance(names, str):
        variables[names] = value
        return
    if not isinstance(value, tuple) or len(value) != len(names):
        raise wrong(mark, f"a row of {len(names)} names cannot take apart {shown(value)[:60]}")
    for name, item in zip(names, value, strict=True):
        _take_apart(name, item, variables, mark)
