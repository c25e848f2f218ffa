"""archcalc: exact sizes of neural-network architectures, from a YAML spec and without running anything.

>>> import archcalc
>>> archcalc.analyze("vgg16").totals.params
138357544
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archcalc.analysis.setup import USUAL, Setup, checked
from archcalc.errors import (
    ArchcalcError,
    ArgumentError,
    LimitError,
    NotFoundError,
    ShapeError,
    SpecError,
    UndecidedError,
    UsageError,
    did_you_mean,
)
from archcalc.graph import Graph
from archcalc.limits import LIMITS, Limits
from archcalc.ops import OPS
from archcalc.recorded import Recorded
from archcalc.report import Report, report
from archcalc.spec.build import build
from archcalc.spec.load import Spec, is_name, load
from archcalc.version import __version__ as __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from archcalc.analysis.memory import Memory
    from archcalc.counting.count import Counted
    from archcalc.counting.reconcile import Waterfall
    from archcalc.ops.op import Op
    from archcalc.recorded import Number, Size
    from archcalc.studies.claim import Claim
    from archcalc.studies.compare import Comparison
    from archcalc.studies.compile import Compiled
    from archcalc.studies.deploy import Deployment
    from archcalc.studies.expected import Expected
    from archcalc.studies.finetune import Finetuning
    from archcalc.studies.fit import Fit
    from archcalc.studies.formula import Formulas
    from archcalc.studies.solve import Solution
    from archcalc.studies.sweep import Sweep
    from archcalc.studies.transfer import Transfer


BATCH = "batch"

__all__ = [
    "LIMITS",
    "OPS",
    "ArchcalcError",
    "ArgumentError",
    "Graph",
    "LimitError",
    "Limits",
    "NotFoundError",
    "Report",
    "Setup",
    "ShapeError",
    "Spec",
    "SpecError",
    "UndecidedError",
    "UsageError",
    "analyze",
    "claim",
    "compare",
    "compile",
    "count",
    "deploy",
    "expected",
    "finetune",
    "fit",
    "formula",
    "graph",
    "load",
    "memory",
    "reconcile",
    "solve",
    "sweep",
    "transfer",
]


def graph(
    spec: str | Path | Mapping[str, Any] | Spec,
    *,
    settings: Mapping[str, object] | None = None,
    free: Iterable[str] = (),
    training: bool = False,
    ops: Mapping[str, type[Op]] = OPS,
    limits: Limits = LIMITS,
) -> Graph:
    """The network that a spec states, as a graph of operators with their shapes; arguments as for `analyze`."""
    read = _read(spec, settings, ops)
    names = tuple(free)
    for name in names:
        if name not in read.hyperparameters:
            listed = ", ".join(read.hyperparameters)
            hint = did_you_mean(name, read.hyperparameters) or (
                f"hyperparameters: {listed}" if listed else "it has no hyperparameters"
            )
            raise UsageError(f"{read.name} has no hyperparameter '{name}' to leave free", hint=hint)
    return build(read, ops=ops, free=names, training=training, limits=limits)


def analyze(
    spec: str | Path | Mapping[str, Any] | Spec,
    *,
    settings: Mapping[str, object] | None = None,
    free: Iterable[str] = (),
    batch: int | str = 1,
    dtype: str = "float32",
    training: bool = False,
    setup: Setup = USUAL,
    count: str | Path | None = None,
    ops: Mapping[str, type[Op]] = OPS,
    limits: Limits = LIMITS,
) -> Report:
    """All answers about the network that a spec states.

    `spec` is a name of the zoo, a path, the text of a spec, a parsed mapping, or a loaded Spec. `settings` gives other
    values to hyperparameters, `free` leaves some as symbols; `batch` is a number or the name of a symbol and multiplies
    bytes only; `dtype` is the precision of an element; `training` turns on the parts that only training has; `setup`
    says how it is run and trained, as far as memory depends on it; `count` is a counting profile, by name or path,
    whose number stands under `counted`; `ops` is the table of operators. Raises an ArchcalcError: NotFoundError,
    SpecError or UsageError.
    """
    read, names = _read(spec, settings, ops), list(free)
    if BATCH in names and BATCH not in read.hyperparameters:
        if str(batch) not in ("1", BATCH):
            raise UsageError("the batch is both set and left free")
        batch, names = BATCH, [name for name in names if name != BATCH]
    run = _setup(setup, batch, dtype)
    built = graph(read, free=names, training=training, ops=ops, limits=limits)
    found = report(
        built,
        name=read.name,
        cite=read.cite,
        hyperparameters=built.hyperparameters,
        training=training,
        setup=run,
    )
    return found if count is None else found._replace(counted=_counted(found, count, ops))


def count(report: Report, profile: str | Path) -> Counted:
    """What another tool prints of the network of a report: a shipped profile by its name, or a file of that form.

    Raises NotFoundError, SpecError, or UsageError for an operator that the profile does not know.
    """
    return _counted(report, profile, OPS)


def claim(
    *specs: str | Path | Mapping[str, Any] | Spec,
    params: str | int | None = None,
    flops: str | int | None = None,
    mult_adds: str | int | None = None,
    settings: Mapping[str, object] | None = None,
    training: bool = False,
    ops: Mapping[str, type[Op]] = OPS,
    limits: Limits = LIMITS,
) -> Claim:
    """Which convention, resolution and variant of these networks give the figures that a paper or a tool states.

    Figures are texts as printed, such as "25.5M"; `flops` may count a multiply-accumulate as one or as two, `mult_adds`
    as one. Other arguments are those of `analyze`. Raises an ArchcalcError.
    """
    from archcalc.studies.claim import claim as claimed
    from archcalc.studies.claim import read_stated
    from archcalc.studies.variants import Source

    stated = read_stated(params, flops, mult_adds)
    return claimed([Source(_read(spec, settings, ops), training, ops, limits) for spec in specs], stated)


def compare(a: Report, b: Report) -> Comparison:
    """Two reports side by side: every total with its difference A - B and its ratio A / B, layers matched by path.

    Reports with free symbols give exact quotients, such as 1/out + 1/kernel**2. Raises UsageError for reports of
    unequal precision, or where one name stands for a whole number and for a fraction.
    """
    from archcalc.studies.compare import compare as compared

    return compared(a, b)


def reconcile(report: Report, start: str | Path, end: str | Path) -> Waterfall:
    """How the number of one counting profile becomes that of another on the network of a report, per sample.

    Each step is an operator, the difference of the two rules, and what that comes to; all steps together are the
    difference of the numbers. Raises what `count` raises.
    """
    from archcalc.counting.profile import profile
    from archcalc.counting.reconcile import reconcile as reconciled

    return reconciled(report.graph, profile(start), profile(end), training=report.mode == "training")


def transfer(
    a: str | Path | Mapping[str, Any] | Spec | Graph, b: str | Path | Mapping[str, Any] | Spec | Graph
) -> Transfer:
    """Which weights of network `a` can be loaded into network `b`, bottom up to the first layer that does not fit.

    The n-th layer with weights goes into the n-th where the operator, the names of the weights and their shapes are the
    same; what lies beyond and has equal paths and shapes is told apart. Each is a graph, or a spec as `graph` takes it.
    Raises an ArchcalcError; UndecidedError where free names leave open whether shapes are equal.
    """
    from archcalc.studies.transfer import transfer as transferred

    source, target = (network if isinstance(network, Graph) else graph(network) for network in (a, b))
    return transferred(source, target)


def compile(  # the verb of the library: archcalc.compile
    spec: str | Path | Mapping[str, Any] | Spec,
    *,
    free: Iterable[str],
    of: Iterable[str] = ("params", "mult_adds", "activations"),
    settings: Mapping[str, object] | None = None,
    batch: int | str = 1,
    dtype: str = "float32",
    training: bool = False,
    setup: Setup = USUAL,
    ops: Mapping[str, type[Op]] = OPS,
    limits: Limits = LIMITS,
) -> Compiled:
    """Exact functions of the free hyperparameters, for whole arrays of their values.

    `of` names the quantities: those of the totals, output_shape, receptive_field and its stride and start; the other
    arguments are those of `analyze`. Raises an ArchcalcError, as `analyze` does.
    """
    from archcalc.studies.compile import compiled

    options: dict[str, Any] = {"settings": settings, "batch": batch, "dtype": dtype, "training": training}
    return compiled(analyze(spec, free=free, setup=setup, ops=ops, limits=limits, **options), of)


def expected(spec: str | Path | Mapping[str, Any] | Spec, **options: Any) -> Expected:
    """What a forward pass of training costs on average where branches that end in drop_path are dropped at random.

    The options are those of `analyze`; `training` turns on auxiliary heads. Raises an ArchcalcError, as `analyze`
    does, and UsageError for a network that drops nothing or that may drop all ways to an operator at once.
    """
    from archcalc.studies.expected import expected as averaged

    return averaged(analyze(spec, **options))


def formula(
    spec: str | Path | Mapping[str, Any] | Spec,
    *,
    free: Iterable[str],
    of: Iterable[str] = ("params", "mult_adds", "activations"),
    layers: bool = False,
    assume: Iterable[str] = (),
    **options: Any,
) -> Formulas:
    """Closed forms of the quantities `of` a network in its free hyperparameters, with the conditions they hold under.

    `layers` adds those of each layer; `assume` takes texts such as "H % 32 == 0" for granted; other options are those
    of `analyze`. Raises an ArchcalcError, as `analyze` does.
    """
    from archcalc.studies.formula import assumption, formulas

    return formulas(analyze(spec, free=free, **options), of, layers=layers, assume=[assumption(a) for a in assume])


def memory(spec: str | Path | Mapping[str, Any] | Spec, **options: Any) -> Memory:
    """The bytes of a network: weights, what is alive at inference, what training keeps, and the most of each.

    The options are those of `analyze`; `dtype` may also be "mixed". Raises an ArchcalcError, as `analyze` does, and
    where the count of a loop is free.
    """
    return analyze(spec, **options).memory


def sweep(
    spec: str | Path | Mapping[str, Any] | Spec,
    *,
    over: Mapping[str, object],
    of: Iterable[str] = ("params", "mult_adds", "activations"),
    where: str | None = None,
    pareto: Iterable[str] = (),
    sort: Iterable[str] = (),
    top: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    settings: Mapping[str, object] | None = None,
    batch: int | str = 1,
    dtype: str = "float32",
    training: bool = False,
    setup: Setup = USUAL,
    ops: Mapping[str, type[Op]] = OPS,
    limits: Limits = LIMITS,
) -> Sweep:
    """The network at many values of its hyperparameters, exactly; iterating gives a mapping for each row.

    `over` gives each name a list of values, or a text as "128,160,192" or "0.25:1:0.25", the stop included; the last
    name is the fastest. `where` is a condition on the columns; `pareto` keeps the configurations that none is better
    than in these ("max:name": large is better), `sort` orders them, `top` keeps the first; `sample` draws so many
    configurations at random, with replacement. What is no network is counted in `refused`. The other arguments are
    those of `compile`. Raises an ArchcalcError.
    """
    from archcalc.studies.grid import grid
    from archcalc.studies.structures import Network
    from archcalc.studies.sweep import sweep as swept

    read, run = _read(spec, settings, ops), _setup(setup, batch, dtype)
    _apart(run, settings, over, "the batch of a sweep is a number", "--over batch=1,8,64 sweeps it", "swept")
    network = Network(read, run, training, ops, limits, ())
    return swept(network, grid(over, sample, seed), of=tuple(of), where=where, pareto=pareto, sort=sort, top=top)


def solve(
    spec: str | Path | Mapping[str, Any] | Spec,
    over: str | Iterable[str] | Mapping[str, object],
    targets: str | Iterable[str],
    *,
    where: str | None = None,
    top: int = 10,
    settings: Mapping[str, object] | None = None,
    batch: int | str = 1,
    dtype: str = "float32",
    training: bool = False,
    setup: Setup = USUAL,
    ops: Mapping[str, type[Op]] = OPS,
    limits: Limits = LIMITS,
) -> Solution:
    """The values of hyperparameters, or of the batch, that reach figures or keep bounds: "mult_adds <= 300M".

    `over` names what is solved for; a mapping also gives each name the values that are tried, as for `sweep`. `where`
    is a condition on names and quantities, `top` how many answers are wanted where several names are solved for; the
    other arguments are those of `analyze`. Every answer is worked out anew by the numeric engine. Raises an
    ArchcalcError.
    """
    from archcalc.studies.solve import solve as solved
    from archcalc.studies.structures import Network
    from archcalc.studies.targets import read_target

    names = _asked(over)
    read, run = _read(spec, settings, ops), _setup(setup, batch, dtype)
    _apart(run, settings, names, "the batch of a question is a number", "--for batch solves for it", "solved for")
    network = Network(read, run, training, ops, limits, ())
    stated = [targets] if isinstance(targets, str) else targets
    return solved(network, names, [read_target(text) for text in stated], where=where, top=top)


def fit(
    spec: str | Path | Mapping[str, Any] | Spec,
    memory: Number | str,
    over: str | Iterable[str] | Mapping[str, object] = BATCH,
    *,
    during: str = "inference",
    settings: Mapping[str, object] | None = None,
    batch: int | str | None = None,
    dtype: str = "float32",
    training: bool = False,
    setup: Setup = USUAL,
    ops: Mapping[str, type[Op]] = OPS,
    limits: Limits = LIMITS,
) -> Fit:
    """The largest batch that fits into a memory of so many bytes, or "24GiB", `during` inference or training.

    `over` asks for the largest value of another name, at the given `batch`: {"H": "32:512:32"}; with "batch" beside
    it, for the largest batch of each value. The other arguments are those of `analyze`: `training` turns on auxiliary
    heads, `dtype` may also be "mixed". Raises an ArchcalcError, as `analyze` does.
    """
    from archcalc.studies.fit import fit as fitted
    from archcalc.studies.fit import read_memory
    from archcalc.studies.structures import Network

    names = _asked(over)
    read, run = _read(spec, settings, ops), _setup(setup, 1 if batch is None else batch, dtype)
    _apart(run, settings, names, "a batch that is given is a number", "--for batch solves for it", "tried")
    network = Network(read, run, training, ops, limits, ())
    return fitted(network, read_memory(memory), names, during=during, batched=batch is not None)


def deploy(
    spec: str | Path | Mapping[str, Any] | Spec,
    *,
    flops_per_second: Number | str | None = None,
    bandwidth: Number | str | None = None,
    weights: str | None = None,
    setup: Setup = USUAL,
    **options: Any,
) -> Deployment:
    """The size on disk in several precisions, the arithmetic intensity of every layer, and what a machine makes of it.

    A machine is two numbers, or texts such as "2T" and "50GB": with them come the layers that memory limits, lower
    bounds on latency, and the batches from which layers become compute-bound. `weights` is their precision, that of
    all else unless given; of a `setup` precisions and `fold_batch_norm` count here; other options are those of
    `analyze`. Raises an ArchcalcError, as `analyze` does.
    """
    from archcalc.studies.deploy import deployment
    from archcalc.studies.machine import read_machine

    machine = read_machine(flops_per_second, bandwidth)
    run = setup if weights is None else setup._replace(weights=weights)
    return deployment(analyze(spec, setup=run, **options), machine)


def finetune(
    spec: str | Path | Mapping[str, Any] | Spec,
    *,
    train_from: str | None = None,
    setup: Setup = USUAL,
    **options: Any,
) -> Finetuning:
    """What finetuning trains and costs: all of a network, its part from the path `train_from` on, its head only.

    Each cut has its trainable and frozen parameters, the bytes that training takes and the mult-adds of a training
    step; `setup` says how it is trained, other options are those of `analyze`. Raises an ArchcalcError, as `analyze`
    does, and UsageError where there is no such part or where nothing is trained.
    """
    from archcalc.studies.finetune import finetuning

    run = setup if train_from is None else setup._replace(train_from=train_from)
    return finetuning(analyze(spec, setup=run, **options))


def _read(
    spec: str | Path | Mapping[str, Any] | Spec, settings: Mapping[str, object] | None, ops: Mapping[str, type[Op]]
) -> Spec:
    read = spec if isinstance(spec, Spec) else load(spec, ops)
    if not settings:
        return read
    from archcalc.spec.given import with_settings

    return with_settings(read, settings)


def _counted(found: Report, profile: str | Path, ops: Mapping[str, type[Op]]) -> Counted:
    from archcalc.counting.count import count as counted
    from archcalc.counting.profile import profile as named

    return counted(found.graph, named(profile, ops), training=found.mode == "training", batch=found.batch)


def _asked(over: str | Iterable[str] | Mapping[str, object]) -> dict[str, object]:
    """The names that are asked for, with the values to try where these are given."""
    names = [over] if isinstance(over, str) else over
    return {**over} if hasattr(over, "items") else dict.fromkeys(names)  # type: ignore[dict-item]


def _apart(
    run: Setup,
    settings: Mapping[str, object] | None,
    names: Iterable[str],
    number: str,
    hint: str,
    done: str,
) -> None:
    """Raise UsageError where the batch is no number, or where a name is set and is to take many values too."""
    if isinstance(run.batch, Recorded):
        raise UsageError(number, hint=hint)
    for name in settings or ():
        if name in names:
            raise UsageError(f"{name} is both set and {done}")


def _setup(setup: Setup, batch: int | str, dtype: str) -> Setup:
    return checked(setup._replace(batch=_batch(batch)), dtype)


def _batch(batch: int | str) -> Size:
    if isinstance(batch, str) and is_name(batch):
        return Recorded(batch)
    number = int(batch) if isinstance(batch, str) and re.fullmatch("[0-9]{1,1000}", batch) else batch
    if type(number) is not int or not 1 <= number < 2**LIMITS.integer_bits:
        said = "" if isinstance(batch, int) else f", not '{batch}'"
        raise UsageError(f"a batch is a whole number, at least 1 and not beyond reason, or the name of a symbol{said}")
    return number
