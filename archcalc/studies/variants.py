"""The variants of a network that a claim may be about: resolution, classes, switches, training parts, siblings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from archcalc import zoo
from archcalc.analysis.cost import costs
from archcalc.analysis.paths import depths
from archcalc.errors import ArchcalcError
from archcalc.recorded import known
from archcalc.spec.build import build
from archcalc.spec.given import with_settings
from archcalc.spec.load import load
from archcalc.studies.conventions import PARAMS, mult_adds_of, of_params

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archcalc.graph import Graph
    from archcalc.limits import Limits
    from archcalc.ops.op import Op
    from archcalc.spec.load import Spec
    from archcalc.studies.conventions import Convention

HEIGHT, WIDTH, CLASSES = "H", "W", "classes"
RESOLUTIONS = (
    32, 64, 96, 128, 160, 192, 224, 227, 231, 240, 256, 260, 288, 299, 300, 320, 331, 336, 380, 384, 416, 448, 456,
    480, 512, 518, 528, 600, 608, 640,
)  # fmt: skip
"""The resolutions at which papers and tools report image classifiers and their backbones."""
FEW_CLASSES = (10, 100)
MANY_CLASSES = (1000, 1001, 21841)
"""CIFAR-10 and CIFAR-100; ImageNet, the same with a background class, ImageNet-21k."""
RESOLUTION = "resolution"


class Change(NamedTuple):
    """One departure from a spec as it stands: its kind, words for it, and the hyperparameters it sets."""

    kind: str
    text: str
    settings: Mapping[str, object] = {}
    size: int | None = None  # of a resolution


TRAINING_PARTS = Change("training", "with the parts that only training has")


class Network(NamedTuple):
    """A variant that is a network: what its spec is called, what was changed, and its graph."""

    name: str
    changes: tuple[Change, ...]
    graph: Graph
    training: bool
    mult_adds: int

    @property
    def params(self) -> list[Convention]:
        """What a number of parameters may count here."""
        return of_params(self.graph, training=self.training)

    @property
    def side(self) -> int | None:
        """The side of a square input; None where it is none."""
        first = self.graph.nodes[self.graph.inputs[0]].shape
        return int(known(first[1])) if len(first) == 3 and first[1] == first[2] else None


class Source(NamedTuple):
    """A spec whose variants are looked at, and how graphs are made of it."""

    spec: Spec
    training: bool
    ops: Mapping[str, type[Op]]
    limits: Limits

    @property
    def name(self) -> str:
        """The name of the file if there is one, which tells variants of a network apart."""
        source = self.spec.source
        return Path(source.name).stem if source.folder is not None else self.spec.name

    def network(self, changes: tuple[Change, ...] = ()) -> Network:
        """The network with these changes; raises ArchcalcError where there is none."""
        training = self.training or TRAINING_PARTS in changes
        settings = {name: value for change in changes for name, value in change.settings.items()}
        spec = with_settings(self.spec, settings) if settings else self.spec
        graph = build(spec, ops=self.ops, training=training, limits=self.limits)
        return Network(self.name, changes, graph, training, mult_adds_of(graph))

    def tried(self, changes: tuple[Change, ...]) -> Network | None:
        """The same, None where there is no such network."""
        try:
            return self.network(changes)
        except ArchcalcError:
            return None

    def changes(self) -> Iterator[Change]:
        """What can be changed, whether or not a network comes out."""
        stated = self.spec.hyperparameters
        if HEIGHT in stated and (WIDTH not in stated or stated[WIDTH].text in (HEIGHT, stated[HEIGHT].text)):
            square = {WIDTH: HEIGHT} if WIDTH in stated else {}
            for size in RESOLUTIONS:
                if str(size) != stated[HEIGHT].text:
                    yield Change(RESOLUTION, f"at {size} x {size}", {HEIGHT: size, **square}, size)
        if CLASSES in stated:
            few = stated[CLASSES].text in map(str, FEW_CLASSES)  # such networks are not meant for ImageNet
            for classes in FEW_CLASSES if few else (*FEW_CLASSES, *MANY_CLASSES):
                if str(classes) != stated[CLASSES].text:
                    yield Change(CLASSES, f"with {classes:,} classes", {CLASSES: classes})
        for name, value in stated.items():
            if value.text in ("true", "false"):
                other = value.text == "false"
                yield Change(name, f"with {name}: {'true' if other else 'false'}", {name: other})
        if not self.training:
            yield TRAINING_PARTS


def siblings(source: Source, network: Network) -> Iterator[Source]:
    """The specs of the zoo that are the same network in another variant.

    They lie in the same family, agree in the numbers of all hyperparameters that both have, resolution and classes
    apart, have the same depth, and parameters that differ by less than 2%.
    """
    folder = source.spec.source.folder
    if folder is None or folder.parent != zoo.folder():
        return
    params, depth = _size(network.graph)
    for path in sorted(folder.glob("*.yaml")):
        if path.stem == source.name:
            continue
        other = source._replace(spec=load(path))
        if not _agree(source.spec, other.spec) or (built := other.tried(())) is None:
            continue
        others, as_deep = _size(built.graph)
        if as_deep == depth and 50 * abs(others - params) < params:
            yield other


def _size(graph: Graph) -> tuple[int, object]:
    params = next(way.value for way in of_params(graph, training=False) if way.name == PARAMS)
    return params, known(depths(graph, costs(graph))[0])


def _agree(a: Spec, b: Spec) -> bool:
    """Whether the numbers of hyperparameters that both have are the same; words and truth values may differ."""
    shared = (a.hyperparameters.keys() & b.hyperparameters.keys()) - {HEIGHT, WIDTH, CLASSES}
    pairs = [(a.hyperparameters[name].text, b.hyperparameters[name].text) for name in shared]
    return all(x == y or (x.isidentifier() and y.isidentifier()) for x, y in pairs)
