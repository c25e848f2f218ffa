"""The contract of an operator: pure functions of its own arguments and its input shapes.

What needs the graph, a precision, a unit or a neighbour is an analysis and has no place here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, dataclass_transform

from archcalc.errors import ArgumentError, did_you_mean
from archcalc.ops.arguments import KINDS, Kind
from archcalc.products import WEIGHTS, Factor, Product
from archcalc.recorded import Shape, Size, product
from archcalc.saved import NOTHING, Saved
from archcalc.window import Reach
from archcalc.work import NO_WORK, Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archcalc.saved import Part

NEW = "new"  # the output is written to storage of its own
VIEW = "view"  # the output is the input's storage, seen otherwise: nothing is written
MAY_OVERWRITE = "may overwrite"  # written in place of the input where nobody reads that later

WHOLE: None = None  # the reach of an operator whose output sees its whole input, or keeps no space axes
POINT = Reach()

REQUIRED: Any = object()
VARIADIC = 0x04  # code.co_flags: the function takes *args


class Field(NamedTuple):
    """One argument of an operator: its name, its kind, its default (REQUIRED where there is none)."""

    name: str
    kind: Kind
    default: Any
    optional: bool


class Weight(NamedTuple):
    """The shape of a stored array; one that is not learned is a buffer."""

    shape: Shape
    learned: bool = True

    @property
    def size(self) -> Size:
        """How many scalars it holds."""
        return product(self.shape)


class Requirement(NamedTuple):
    """What must hold of sizes: left == right or left <= right; `otherwise` says what is wrong if not.

    `otherwise` may mention {left} and {right}.
    """

    left: Size
    relation: str
    right: Size
    otherwise: str


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Op:
    """An operator: its arguments, and the rules that follow from them and from its input shapes."""

    fields: ClassVar[dict[str, Field]] = {}
    required: ClassVar[dict[str, bool]] = {}
    """Whether each argument must be given, by its name."""
    words: ClassVar[tuple[str, ...]] = ()
    arity: ClassVar[int | None] = 1
    storage: ClassVar[str] = NEW
    whole: ClassVar[bool] = True
    """Whether a view shows all elements of its input."""
    idle_at_inference: ClassVar[bool] = False
    takes_ids: ClassVar[bool] = False
    """Whether the input holds token ids: whole numbers, which have no gradient."""
    keeps: ClassVar[Saved | None] = None
    """What its backward pass needs, where that does not depend on shapes."""
    example: ClassVar[str] = ""
    """A step that uses the operator, as a spec writes it, on an input of `example_input`."""
    example_input: ClassVar[str] = "[6, 8, 8]"
    """The shape that flows in, or a mapping of names to shapes where several tensors do."""

    def __init_subclass__(cls) -> None:
        fields = {}
        for name, annotation in vars(cls).get("__annotations__", {}).items():
            if not isinstance(annotation, str):
                raise TypeError(f"{cls.__name__}: write 'from __future__ import annotations' above an operator")
            if not annotation.startswith("ClassVar"):
                kind, _, optional = annotation.partition(" | ")
                fields[name] = Field(name, KINDS[kind], vars(cls).get(name, REQUIRED), optional == "None")
        cls.fields = fields | {name: field for name, field in cls.fields.items() if name not in fields}
        cls.required = {name: field.default is REQUIRED for name, field in cls.fields.items()}
        cls.words = tuple(word for field in cls.fields.values() for word in field.kind.words)
        code = cls.output.__code__
        cls.arity = None if code.co_flags & VARIADIC else code.co_argcount - 1

    def __init__(self, **arguments: Any) -> None:
        kept = self.__dict__
        for name, value in arguments.items():
            field = self.fields.get(name)
            if field is None:
                raise ArgumentError(f"there is no argument '{name}'", hint=did_you_mean(name, self.fields))
            if value is None and field.optional:
                continue
            try:
                kept[name] = field.kind.check(value)
            except ArgumentError as error:
                refused = ArgumentError(f"{name} {error.message}", hint=error.hint)
                refused.argument = name
                raise refused from None
        for name, field in self.fields.items():
            if field.default is REQUIRED and name not in kept:
                raise ArgumentError(f"'{name}' is missing")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("operators do not change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("operators do not change")

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Every argument with its value, defaults included."""
        return {name: getattr(self, name) for name in self.fields}

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self.arguments == getattr(other, "arguments", None))

    def __hash__(self) -> int:
        kept = self.__dict__
        if "_hash" not in kept:
            kept["_hash"] = hash((type(self), *self.arguments.values()))
        return kept["_hash"]  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.arguments.items())})"

    def requires(self, *inputs: Any) -> Iterable[Requirement]:
        """What must hold of the input sizes; checked before the output is worked out."""
        return ()

    def output(self, *inputs: Any) -> Shape:
        """The shape of the one output, without batch axis; raises ShapeError for kinds of input it does not take."""
        raise NotImplementedError

    def weights(self, *inputs: Any) -> Mapping[str, Weight]:
        """The arrays it stores, by name."""
        return {}

    def work(self, output: Shape, *inputs: Any) -> Work:
        """The arithmetic done for one sample at inference; `output` is the shape that `output` gave."""
        raise NotImplementedError

    def useful_mult_adds(self, output: Shape, *inputs: Any) -> Size:
        """Its mult-adds without multiplications by the zeros of its own padding; unless said otherwise all of them."""
        return self.work(output, *inputs).multiply_accumulates

    def reach(self, output: Shape, *inputs: Any) -> tuple[Reach, ...] | None:
        """For each space axis what an output position sees of that axis of every input, or WHOLE."""
        raise NotImplementedError

    def saved(self, output: Shape, *inputs: Any) -> Saved:
        """What its backward pass needs of the forward pass: what it `keeps`, else its inputs, which always suffice."""
        return Saved(inputs=tuple(range(len(inputs)))) if self.keeps is None else self.keeps

    def parts(self, output: Shape, *inputs: Any, fused: bool = True) -> tuple[Part, ...]:
        """The steps it is made of, in order; none where it is one step. `fused`: attention stores no scores."""
        return ()

    def bias_adds(self, output: Shape, *inputs: Any) -> Size:
        """How many of its additions are those of biases; unless said otherwise all, if it has mult-adds at all."""
        work = self.work(output, *inputs)
        return 0 if work.multiply_accumulates == 0 else work.adds

    def products(self, output: Shape, *inputs: Any) -> tuple[Product, ...]:
        """The matrix products that its mult-adds are; unless said otherwise one, of its inputs and learned weights."""
        count = self.work(output, *inputs).multiply_accumulates
        if count == 0:
            return ()
        learned = any(weight.learned for weight in self.weights(*inputs).values())
        return (Product(count, (*([WEIGHTS] if learned else []), *[Factor((i,)) for i in range(len(inputs))])),)


class Pointwise(Op):
    """Each output element is a function of the input element at its position, done in `per_element` operations."""

    per_element: ClassVar[Work] = NO_WORK

    def output(self, x: Shape) -> Shape:
        """The input's shape."""
        return x

    def work(self, output: Shape, x: Shape) -> Work:
        """`per_element` for every element."""
        if self.per_element is NO_WORK:
            return NO_WORK
        elements = product(output)
        return Work(*[n and (elements if n == 1 else n * elements) for n in self.per_element])

    def reach(self, output: Shape, x: Shape) -> tuple[Reach, ...] | None:
        """A position sees itself."""
        return (POINT,) * (len(output) - 1)


class View(Op):
    """The same elements under another shape, or some of them: nothing is computed and nothing is written."""

    storage: ClassVar[str] = VIEW
    keeps: ClassVar[Saved | None] = NOTHING

    def work(self, output: Shape, *inputs: Any) -> Work:
        """None."""
        return NO_WORK
