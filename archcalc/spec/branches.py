"""Branches: merges, which join them, and outputs, which lead out of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcalc.graph import Share
from archcalc.spec.failure import Failed, wrong
from archcalc.spec.language import Located
from archcalc.spec.operators import made
from archcalc.spec.scope import Body

if TYPE_CHECKING:
    from archcalc.errors import Problem
    from archcalc.graph import Section
    from archcalc.spec.build import Flow, Unroller
    from archcalc.spec.language import Branch, Merge, Output, Step
    from archcalc.spec.scope import Frame


def merged(builder: Unroller, merge: Merge, step: Step, frame: Frame, flow: Flow) -> Flow:
    """Named branches, each from what flows in, joined in written order."""
    section = builder.section(step.name, frame, merge.head)
    joined: list[int] = []
    labels: list[str] = []
    if step.share is not None:
        frame = frame.inner(share=Share(builder.text(step.share, frame), section))
    for branch, ends in _branches(builder, merge.branches, frame, section, flow):
        joined.extend(ends)
        labels.extend([branch.name] * len(ends))
    if not joined:
        raise wrong(step.mark, f"no branch of '{merge.head}' is there")
    op = made(builder.ops[merge.head])  # type: ignore[arg-type]  # a class has a hash
    return builder.add(merge.head, op, tuple(joined), "", section, step, frame, frame.share, labels)


def led_out(builder: Unroller, output: Output, step: Step, frame: Frame, flow: Flow) -> Flow:
    """Branches that end outside; what flows in passes on."""
    section = builder.section(step.name, frame, None)
    for branch, ends in _branches(builder, output.branches, frame, section, flow):
        if len(ends) != 1:
            raise wrong(branch.mark, f"an output is one tensor, but {len(ends)} flow out of '{branch.name}'")
        builder.extra_outputs.append((branch.name, ends[0]))
    return flow


def _branches(
    builder: Unroller, branches: tuple[Branch, ...], frame: Frame, section: Section, flow: Flow
) -> list[tuple[Branch, Flow]]:
    """What flows out of each branch that is there; the first mistake of each is collected."""
    ends: list[tuple[Branch, Flow]] = []
    problems: list[Problem] = []
    for branch in branches:
        if not branch.steps and branch.when is None:
            ends.append((branch, flow))
            continue
        builder.deeper(branch.mark)
        depth = builder.depth
        frame.flow = flow
        try:
            if branch.when is None or builder.holds(branch.when, frame):
                inner = frame.inner(body=Body(frame.body), section=section.section(branch.name))
                ends.append((branch, builder.run_steps(branch.steps, inner, flow)))
        except Failed as error:
            if error.final:
                raise
            problems.extend(error.problems)
        except Located as error:
            if error.final:
                raise
            problems.append(error.mark.problem(error))
        builder.depth = depth - 1
    if problems:
        raise Failed(problems)
    return ends
