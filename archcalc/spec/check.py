"""What can be wrong with a spec before it is unrolled: names nothing stands for, arguments nothing takes."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from archcalc.errors import SHOWN_PROBLEMS, ArchcalcError, Problem, did_you_mean, nearest
from archcalc.spec.language import Call, Expression, For, If, Merge, Output, Repeat, Step, flat_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archcalc.ops.op import Op
    from archcalc.spec.language import Arguments, Block, Branch
    from archcalc.spec.load import Spec
    from archcalc.spec.source import Node

_IN_LOOPS = frozenset(("index", "first", "last"))


class Known(NamedTuple):
    """What names stand for at one place of the text."""

    variables: frozenset[str]
    tensors: frozenset[str]


class Checker:
    """Walks a spec once; what is wrong is collected in `problems`."""

    def __init__(self, spec: Spec, ops: Mapping[str, type[Op]], words: frozenset[str]) -> None:
        self.spec = spec
        self.ops = ops
        self.words = words
        self.problems: list[Problem] = []
        self.used: set[str] = set()

    def run(self, *, whole: bool = True) -> list[Problem]:
        """Every mistake; not `whole` where parts of the text could not be read, which may use any name."""
        spec = self.spec
        shared = frozenset((*spec.hyperparameters, "training"))
        for value in spec.hyperparameters.values():
            self.expression(value, Known(shared, frozenset()))
        for _, shape in spec.inputs:
            self.expression(shape, Known(shared, frozenset()))
        for block in spec.blocks.values():
            self.block(block, shared)
        inputs = frozenset(name for name, _ in spec.inputs)
        self.steps(spec.layers, Known(shared | {"channels"}, named_tensors(spec.layers) | inputs))
        for name in spec.stated - self.used if whole and not self.problems else ():
            self.wrong(
                f"nothing uses the hyperparameter '{name}'",
                spec.hyperparameters[name].mark,
                self.near(name, self.used),
            )
        return self.problems

    def near(self, word: str, known: Iterable[str]) -> str | None:
        """A hint with the nearest known word; none for problems that are not shown any more."""
        return did_you_mean(word, known) if len(self.problems) < SHOWN_PROBLEMS else None

    def wrong(self, message: str, mark: Node, hint: str | None = None) -> None:
        """Note a mistake."""
        self.problems.append(mark.problem(ArchcalcError(message, hint=hint)))

    def expression(self, expression: Expression, known: Known, *, choosing: bool = False) -> None:
        """Every name stands for something."""
        parsed = expression.parsed
        if parsed.constant:
            return
        self.used |= parsed.names
        for name in sorted(parsed.names - known.variables):
            if name in known.tensors or name in self.words:
                continue
            if name in _IN_LOOPS:
                self.wrong(f"'{name}' has a meaning only inside 'repeat' and 'for'", expression.mark)
            elif name == "channels":
                self.wrong("'channels' has no meaning here: no tensor flows", expression.mark)
            else:
                candidates = chain(known.variables, known.tensors, self.words)
                self.wrong(f"nothing is called '{name}'", expression.mark, self.near(name, candidates))
        for name in sorted(parsed.tensors - known.tensors):
            self.wrong(f"no tensor is called '{name}'", expression.mark, self.near(name, known.tensors))

    def block(self, block: Block, shared: frozenset[str]) -> None:
        """A block's defaults and steps."""
        variables = shared | {"channels"}
        for name, default in block.parameters:
            if default is not None:
                self.expression(default, Known(variables, frozenset()))
            variables |= {name}
        self.steps(block.steps, Known(variables, named_tensors(block.steps)))

    def steps(self, steps: Iterable[Step], known: Known) -> None:
        """A list of steps."""
        for step in steps:
            if step.plain:
                self.action(step, known)
            else:
                self.step(step, known)

    def step(self, step: Step, known: Known) -> None:
        """One step with modifiers and what is inside it."""
        if step.chosen is not None:
            self.expression(step.chosen, known, choosing=True)
        for target in step.targets:
            if (
                target.name in known.variables - self.spec.hyperparameters.keys()
                or target.name in self.spec.hyperparameters
            ):
                self.wrong(f"'{target.name}' is a number already: a tensor needs a name of its own", target.mark)
            if target.place is not None:
                self.expression(target.place, known)
        for template in (step.name, step.share):
            for part in template.parts if template else ():
                if isinstance(part, Expression):
                    inside = (
                        Known(known.variables | _IN_LOOPS, known.tensors)
                        if isinstance(step.action, (Repeat, For))
                        else known
                    )
                    extra = frozenset(loop_names(step.action)) if isinstance(step.action, For) else frozenset()
                    self.expression(part, Known(inside.variables | extra, inside.tensors))
        if step.trainable is not None:
            self.expression(step.trainable, known)
        self.action(step, known)

    def action(self, step: Step, known: Known) -> None:
        """What a step does."""
        action = step.action
        if isinstance(action, Call):
            self.call(action, step.mark, known)
        elif isinstance(action, (Merge, Output)):
            self.branches(action.branches, known)
        elif isinstance(action, Repeat):
            self.expression(action.turns, known)
            self.steps(action.steps, Known(known.variables | _IN_LOOPS, known.tensors))
        elif isinstance(action, For):
            for items in action.lists:
                self.expression(items, known)
            self.steps(action.steps, Known(known.variables | _IN_LOOPS | frozenset(loop_names(action)), known.tensors))
        elif isinstance(action, If):
            self.expression(action.condition, known)
            self.steps((*action.then, *action.otherwise), known)

    def branches(self, branches: Iterable[Branch], known: Known) -> None:
        """Branches read the tensors around them and may name their own, but not give a name anew."""
        for branch in branches:
            if branch.when is not None:
                self.expression(branch.when, known)
            own = named_tensors(branch.steps)
            self.steps(branch.steps, Known(known.variables, known.tensors | own))

    def call(self, call: Call, mark: Node, known: Known) -> None:
        """An operator or a block, and its arguments."""
        for argument in (*call.arguments.ordered, *(value for _, value, _ in call.arguments.named)):
            self.expression(argument, known)
        if call.head in known.variables:
            self.used.add(call.head)
        elif call.head in self.spec.blocks:
            self.problems += argument_problems(call.head, self.spec.blocks[call.head].required, call.arguments, mark)
        elif call.head in self.ops:
            self.problems += argument_problems(call.head, self.ops[call.head].required, call.arguments, mark)
        else:
            candidates = chain(self.ops, self.spec.blocks, known.variables, ("repeat", "for", "if", "output"))
            self.wrong(f"there is no operator or block '{call.head}'", mark, self.near(call.head, candidates))


def argument_problems(head: str, parameters: Mapping[str, bool], given: Arguments, mark: Node) -> list[Problem]:
    """What is wrong with these arguments; `parameters` tells which must be given."""
    present = {*list(parameters)[: len(given.ordered)], *[name for name, _, _ in given.named]}
    missing = [name for name, needed in parameters.items() if needed and name not in present]
    if not missing and present <= parameters.keys() and len(given.ordered) <= len(parameters):
        return []
    takes = f"{head} takes: {', '.join(parameters)}" if parameters else f"{head} takes no arguments"
    problems = []
    for name, _, place in given.named:
        if name not in parameters:
            near = did_you_mean(name, parameters)
            hint = f"{near}  {takes}" if near else takes
            problems.append(place.problem(ArchcalcError(f"{head} has no argument '{name}'", hint=hint)))
    if len(given.ordered) > len(parameters):
        extra = given.ordered[len(parameters)].mark
        problems.append(
            extra.problem(
                ArchcalcError(f"{head} takes {len(parameters)} arguments, not {len(given.ordered)}", hint=takes)
            )
        )
    misspelt = {nearest(name, parameters) for name in present - parameters.keys()}
    missing = [name for name in missing if name not in misspelt]
    if missing:
        problems.append(
            mark.problem(ArchcalcError(f"{head} needs {' and '.join(repr(name) for name in missing)}", hint=takes))
        )
    return problems


def loop_names(action: For) -> list[str]:
    """The variables of a loop."""
    return [name for names, _ in action.names for name in flat_names(names)]


def named_tensors(steps: Iterable[Step]) -> frozenset[str]:
    """The names that the steps of one body give to tensors, in its loops and choices too."""
    names: set[str] = set()
    for step in steps:
        names |= {target.name for target in step.targets}
        if isinstance(step.action, (Repeat, For)):
            names |= named_tensors(step.action.steps)
        elif isinstance(step.action, If):
            names |= named_tensors((*step.action.then, *step.action.otherwise))
    return frozenset(names)
