"""What fits: by hand, beside brute force over all batches, and on every network of the zoo."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from asking import spec
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

import archcalc
from archcalc import Setup, zoo
from archcalc.analysis.memory import Memory
from archcalc.studies.fit import read_memory
from archcalc.studies.largest_batch import INFERENCE, TRAINING, largest_batch

if TYPE_CHECKING:
    from archcalc.studies.fit import Fit, Row

GIB = 2**30
DURING = (INFERENCE, TRAINING)
TWO_LAYERS = spec("[{conv: {out: 4, kernel: 3, bias: false}}, flatten, {linear: 10}]", "[3, 8, 8]")
WAVE = spec(
    "[{conv: {out: (k - 12) * (k - 12) + 1, kernel: 1}}, {conv: {out: 4, kernel: 1}}]",
    "[2, 6, 6]",
    hyperparameters="{k: 3}",
)


def needed(found: Memory, during: str) -> int:
    """What must fit, said once more."""
    if during == TRAINING:
        return int(found.training_peak_bytes + found.buffers_bytes)
    return int(found.weights_bytes + found.buffers_bytes + found.peak_inference_bytes)


def need(network: Any, batch: int, during: str, **options: Any) -> int:
    return needed(archcalc.memory(network, batch=batch, **options), during)


def only(found: Fit) -> Row:
    (row,) = found.rows
    return row


# By hand.


def test_two_layers_at_inference() -> None:
    """108 + 1450 weights; the convolution reads 192 numbers of a sample and writes 144, more than the linear layer."""
    row = only(archcalc.fit(TWO_LAYERS, 10_000))
    assert row.batch == (10_000 - 4 * 1558) // (4 * 336) == 2
    assert row.need is not None
    assert row.following is not None
    assert (row.need.bytes, row.following.bytes) == (6232 + 2 * 1344, 6232 + 3 * 1344)
    assert row.closed_form == (6232, 1344, 1, None, "conv")


@pytest.mark.parametrize(("optimizer", "copies"), [("sgd", 0), ("momentum", 1), ("adam", 2)])
def test_two_layers_in_training(optimizer: str, copies: int) -> None:
    """The most is alive while the linear layer runs backward: both inputs, two gradients, and that of its weights."""
    row = only(archcalc.fit(TWO_LAYERS, "1MB", during=TRAINING, setup=Setup(optimizer=optimizer)))
    fixed, per_sample = 4 * 1558 * (1 + copies) + 4 * 1450, 4 * (192 + 144 + 10 + 144)
    assert row.closed_form == (fixed, per_sample, 1, None, "linear")
    assert row.batch == (1_000_000 - fixed) // per_sample


def test_statistics_of_batch_norm_are_of_the_whole_batch() -> None:
    """Six channels: 12 weights, their gradients, 12 buffers and 12 statistics do not grow; input and gradient do."""
    row = only(archcalc.fit(spec("[batch_norm]"), "1MB", during=TRAINING))
    assert row.closed_form == (4 * 12 * 4, 4 * 2 * 384, 1, None, "batch_norm")


def test_half_bytes_are_rounded_up_for_the_whole_batch() -> None:
    """Three numbers of 4 bits a sample in and out: ceil(1.5*n) bytes each, so an even batch is a byte cheaper."""
    network = spec("[sigmoid]", "[3]")
    batches = [
        only(archcalc.fit(network, size, dtype="int4", setup=Setup(inplace=False))).batch
        for size in (3, 4, 5, 6, 9, 10)
    ]
    assert batches == [0, 1, 1, 2, 2, 3]


def test_one_more_byte_is_one_more_sample() -> None:
    for batch in (1, 2, 295):
        exactly = need("resnet50", batch, TRAINING)
        assert only(archcalc.fit("resnet50", exactly, during=TRAINING)).batch == batch
        assert only(archcalc.fit("resnet50", exactly - 1, during=TRAINING)).batch == batch - 1


def test_not_even_one_sample() -> None:
    found = archcalc.fit("resnet50", "100MB")
    row = only(found)
    assert not found.fits
    assert (found.answer, row.fits, row.batch, row.need, row.closed_form) == (None, False, 0, None, None)
    assert row.following is not None
    assert row.following.bytes == 102_440_608 + 9_633_792
    assert (row.following.weights_bytes, row.following.buffers_bytes) == (102_228_128, 212_480)


# Brute force.

STEPS = st.sampled_from(
    [
        "{conv: [5, 3, 1, 1]}",
        "{conv: {out: 40, kernel: 1}}",
        "relu",
        "sigmoid",
        "batch_norm",
        "dropout",
        "{max_pool: [3, 1, 1]}",
        "{add: {a: [{conv: [5, 1]}], b: [{conv: [5, 1]}, relu]}}",
        "{concat: {a: [], b: [{conv: [3, 1]}]}}",
    ]
)
WAYS = st.sampled_from(
    [
        {},
        {"setup": Setup(optimizer="adam")},
        {"setup": Setup(inplace=False, keep_input=True, dropout_mask="byte")},
        {"setup": Setup(schedule="best", fold_batch_norm=True, concat="shared")},
        {"setup": Setup(weights="int4", optimizer="momentum")},
    ]
)


@given(
    st.lists(STEPS, min_size=1, max_size=5),
    st.sampled_from(["float32", "mixed", "int8", "int4", "int3", "int5"]),
    st.sampled_from(DURING),
    WAYS,
    st.integers(0, 20),
    st.integers(-1, 1),
)
@examples(max_examples=150)
def test_all_batches(steps: list[str], dtype: str, during: str, options: dict[str, Any], batch: int, more: int) -> None:
    """The need at every batch: the largest that fits is found, and the closed form is the need where it says so."""
    network = archcalc.load(spec(f"[{', '.join(steps)}, flatten, {{linear: 9}}]", "[5, 3, 3]"))
    plain = options.get("setup", Setup())
    unfolded = plain._replace(fold_batch_norm=plain.fold_batch_norm and during == INFERENCE)
    needs = [need(network, n, during, dtype=dtype, setup=unfolded) for n in range(1, 40)]
    assert needs == sorted(needs)
    size = needs[batch] + more
    row = only(archcalc.fit(network, size, during=during, dtype=dtype, **options))
    assert row.batch == sum(one <= size for one in needs)
    assert row.following is not None
    assert row.following.bytes == needs[row.batch]
    assert (row.closed_form is None) == (row.batch == 0 or dtype in ("int4", "int3", "int5"))
    if row.closed_form is not None:
        fixed, per_sample, first, last, _ = row.closed_form
        assert (size - fixed) // per_sample == row.batch
        assert first <= row.batch + 1
        where = [n for n, one in enumerate(needs, 1) if one == fixed + per_sample * n]
        assert where == [n for n in range(1, 40) if n >= first and (last is None or n <= last)]


# The zoo.


def fits_exactly(name: str, sizes: tuple[int, ...], setups: tuple[Setup, ...]) -> None:
    graph = archcalc.graph(name)
    for during in DURING:
        for setup in setups if during == TRAINING else setups[:1]:
            some = needed(Memory(graph, setup._replace(batch=3)), during)
            for size in (*sizes, some, some - 1):
                batch = largest_batch(graph, setup, size, during).batch
                assert batch == 0 or needed(Memory(graph, setup._replace(batch=batch)), during) <= size
                assert needed(Memory(graph, setup._replace(batch=batch + 1)), during) > size


@pytest.mark.parametrize(
    "name",
    [
        "alexnet",
        "densenet121",
        "gpt2",
        "inception_v3",
        "lenet5",
        "mobilenet_v2",
        "resnet18",
        "unet",
        "vgg16",
        "vit_b_16",
    ],
)
def test_some_of_the_zoo(name: str) -> None:
    fits_exactly(name, (100 << 20, 24 * GIB), (Setup(), Setup(optimizer="adam")))


@pytest.mark.thorough
@pytest.mark.parametrize("name", zoo.specs())
def test_all_of_the_zoo(name: str) -> None:
    setups = (Setup(), Setup(optimizer="adam"), Setup(activations="float16", master_weights=True, optimizer="adamw"))
    fits_exactly(name, (10 << 20, 100 << 20, GIB, 24 * GIB, 80 * 10**9), setups)
    fits_exactly(name, (GIB, 24 * GIB), (Setup(activations="int4"),))
    fits_exactly(name, (GIB,), (Setup(activations="int3"),))


# Other names.


@pytest.mark.parametrize("during", DURING)
def test_the_largest_resolution_at_a_batch(during: str) -> None:
    sizes = range(32, 257, 32)
    found = archcalc.fit("resnet18", "1GiB", {"H": "32:256:32"}, batch=32, during=during)
    needs = [need("resnet18", 32, during, settings={"H": size}) for size in sizes]
    assert [(row.value, row.need and row.need.bytes) for row in found.rows] == list(zip(sizes, needs, strict=True))
    assert [row.fits for row in found.rows] == [one <= GIB for one in needs]
    assert found.answer is not None
    assert found.answer.value == max(size for size, one in zip(sizes, needs, strict=True) if one <= GIB)


def test_needs_that_fall_and_rise_again() -> None:
    """At k = 12 the first convolution has one channel; next to it more and more."""
    for size in range(0, 60_000, 1000):
        found = archcalc.fit(WAVE, size + 1, {"k": "1:25"}, batch=3)
        fitting = [k for k in range(1, 26) if need(WAVE, 3, INFERENCE, settings={"k": k}) <= size + 1]
        assert [row.value for row in found.rows if row.fits] == fitting
        assert (found.answer and found.answer.value) == (fitting[-1] if fitting else None)


@pytest.mark.parametrize("over", [["alpha", "batch"], ["batch", "alpha"]])
def test_the_largest_batch_of_each_width(over: list[str]) -> None:
    asked = {name: "0.25:1:0.25" if name == "alpha" else None for name in over}
    found = archcalc.fit("mobilenet_v1", "2GiB", asked, during=TRAINING)
    assert found.answer is None
    assert found.fits
    assert [row.value for row in found.rows] == [Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), 1]
    for row in found.rows:
        alone = archcalc.fit("mobilenet_v1", "2GiB", settings={"alpha": row.value}, during=TRAINING)
        assert row == only(alone)._replace(value=row.value)


def test_words_have_batches() -> None:
    found = archcalc.fit("resnet50", "8GiB", {"batch": None, "block": "plain,basic,bottleneck"})
    assert [row.value for row in found.rows] == ["plain", "basic", "bottleneck"]
    assert all(row.fits for row in found.rows)


def test_batches_of_which_one_is_wanted() -> None:
    found = archcalc.fit("resnet50", "24GiB", {"batch": "512:32:-32"}, during=TRAINING)
    assert found.answer is not None
    assert found.answer.value == found.answer.batch == 288  # of multiples of 32 the largest up to 295


def test_values_that_give_no_network() -> None:
    found = archcalc.fit(spec("[{conv: [4, 7]}]", "[3, H, H]", hyperparameters="{H: 8}"), "1MB", {"H": [4, 7, 9]})
    assert [(row.value, row.refusal is None) for row in found.rows] == [(4, False), (7, True), (9, True)]
    assert found.answer is not None
    assert found.answer.value == 9


# Bad input.


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("24GiB", 24 * GIB), ("24 GiB", 24 * GIB), ("1.5KiB", 1536), ("80GB", 80 * 10**9), ("0.3KB", 300),
        ("1TiB", 2**40), ("1,024", 1024), (4096, 4096), (Fraction(7, 2), 3), ("1.5", 1), ("2TB", 2 * 10**12),
        ("512MiB", 2**29), ("3MB", 3 * 10**6),
    ],
)  # fmt: skip
def test_memory(text: Any, size: int) -> None:
    assert read_memory(text) == size


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("24G", "memory: '24G' has no unit of bytes"),
        ("24B", "memory: '24B' has no unit of bytes"),
        ("much", "memory: 'much' is no number of bytes"),
        ("", "memory: '' is no number of bytes"),
        ("at most 4GiB", "memory: 'at most 4GiB' is a bound, not a number of bytes"),
        ("0", "memory is at least a byte, not 0"),
        ("-4GiB", "memory is at least a byte, not -4GiB"),
        (0.5, "memory is a whole number, a fraction or a text, not 0.5"),
        (True, "memory is a whole number, a fraction or a text, not True"),
    ],
)
def test_no_memory(text: Any, said: str) -> None:
    with pytest.raises(archcalc.UsageError) as caught:
        archcalc.fit("lenet5", text)
    assert str(caught.value) == f"{said}\n  write 24GiB, 512MiB, 80GB, or a number of bytes"


BOTH = "the batch is both given and looked for"


@pytest.mark.parametrize(
    ("over", "options", "said"),
    [
        ("batch", {"batch": 4}, BOTH),
        ({"batch": None, "H": "32:64:32"}, {"batch": 4}, BOTH),
        ({"batch": "1:9"}, {"batch": 4}, BOTH),
        ("H", {"batch": "n"}, "a batch that is given is a number"),
        ("H", {}, "which values of H are tried?"),
        ([], {}, "nothing is asked"),
        ({"height": "1:9"}, {}, "LeNet-5 has no hyperparameter 'height'"),
        ({"H": "32:64:32", "classes": "1:9"}, {}, "the values of one name are tried, not of H and classes"),
        ({"H": "1:9"}, {"settings": {"H": 28}}, "H is both set and tried"),
        ({"H": "1:9999"}, {}, "there are 9,999 values of H to try, more than 2,000"),
        ({"batch": "0:9"}, {}, "batch takes whole numbers from 1"),
        ({"batch": "1/2,1"}, {}, "batch takes whole numbers from 1"),
        ({"H": "true,false"}, {}, "the values of H are no numbers, so none is the largest"),
        ("batch", {"during": "sleep"}, "a network fits during inference or training, not 'sleep'"),
    ],
)
def test_questions_that_are_none(over: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(archcalc.UsageError) as caught:
        archcalc.fit("lenet5", "1GiB", over, **options)
    assert caught.value.message == said


def test_there_is_an_end() -> None:
    with pytest.raises(archcalc.LimitError) as caught:
        archcalc.fit("lenet5", f"9{'0' * 20}TiB")
    assert caught.value.message.startswith("more than 1,099,511,627,776 samples fit into ")
