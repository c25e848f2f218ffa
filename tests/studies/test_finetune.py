"""The cuts of finetuning: figures of real networks, small networks by hand, and what holds of every network."""

from __future__ import annotations

from fractions import Fraction

import pytest

import archcalc
from archcalc import Setup, UndecidedError, UsageError
from archcalc.studies.finetune import QUANTITIES

PERCEPTRON = "{input: [4], layers: [{linear: 8}, relu, {linear: 16}, relu, {linear: 2}]}"
SIZES = (8 * 5, 16 * 9, 2 * 17)  # weights and biases
BYTES = 4


def test_perceptron_by_hand() -> None:
    found = archcalc.finetune(PERCEPTRON, train_from="linear2", setup=Setup(optimizer="adam"))
    all_of_it = sum(SIZES)
    whole, part, head = found.cuts.values()
    assert [cut.train_from for cut in (whole, part, head)] == [None, "linear2", "linear3"]
    assert [cut.trainable_params for cut in (whole, part, head)] == [all_of_it, sum(SIZES[1:]), SIZES[2]]
    assert [cut.frozen_params for cut in (whole, part, head)] == [0, SIZES[0], sum(SIZES[:2])]
    assert {cut.weights_bytes for cut in (whole, part, head)} == {BYTES * all_of_it}
    assert [cut.gradients_bytes for cut in (whole, part, head)] == [BYTES * n for n in (218, 178, 34)]
    assert [cut.optimizer_bytes for cut in (whole, part, head)] == [2 * BYTES * n for n in (218, 178, 34)]
    assert [cut.saved_for_backward_bytes for cut in (whole, part, head)] == [BYTES * n for n in (28, 24, 16)]
    assert [cut.backward_mult_adds for cut in (whole, part, head)] == [352, 192, 32]
    assert [cut.training_mult_adds for cut in (whole, part, head)] == [544, 384, 224]
    # Of the head alone the most is its input and the gradients of its output and its weights.
    assert head.training_peak_bytes == BYTES * (218 + 2 * 34 + 16 + 2 + 34)
    assert found.ratio(part, "backward_mult_adds") == Fraction(6, 11)
    assert found.ratio(part, "frozen_params") is None


def test_resnet50() -> None:
    """Trained are the last stage and the classifier, as torchvision has them."""
    found = archcalc.finetune("resnet50", train_from="layer4")
    assert found.part is not None
    assert found.part.trainable_params == 14_964_736 + 2_049_000
    assert found.part.frozen_params == 25_557_032 - 17_013_736
    assert found.whole.buffers == found.head.buffers == 53_120
    assert found.whole.saved_for_backward_bytes == 84_516_352
    assert found.head.train_from == "fc"
    assert found.head.trainable_params == 2_049_000
    assert found.head.backward_mult_adds == 2048 * 1000
    assert found.head.saved_for_backward_bytes == 4 * 2048


def test_vgg16() -> None:
    found = archcalc.finetune("vgg16")
    assert found.part is None
    assert list(found.cuts) == ["whole", "head"]
    assert found.head.trainable_params == 4_097_000
    assert found.whole.backward_mult_adds == 2 * 15_470_264_320 - 86_704_128


@pytest.mark.parametrize("name", ["vgg16", "resnet50", "densenet121", "vit_b_16", "gpt2", "bert_base"])
def test_laws(name: str) -> None:
    """The cuts have the same weights; the higher the cut, the less there is of everything else."""
    report = archcalc.analyze(name)
    parts = list(dict.fromkeys(layer.path.split("/")[0] for layer in report.layers if layer.params))
    found = archcalc.finetune(name, train_from=parts[len(parts) // 2])
    assert found.part is not None
    for cut in found.cuts.values():
        assert cut.trainable_params + cut.frozen_params == report.totals.params
        assert cut.gradients_bytes == 4 * cut.trainable_params
        assert cut.forward_mult_adds == report.totals.mult_adds
        assert cut.training_mult_adds == cut.forward_mult_adds + cut.backward_mult_adds + cut.recomputed_mult_adds
    for quantity in QUANTITIES:
        if quantity != "frozen_params":
            whole, part, head = (getattr(cut, quantity) for cut in found.cuts.values())
            assert whole >= part >= head


def test_what_the_spec_freezes_stays_frozen() -> None:
    spec = "{input: [4], layers: [{linear: 8}, {linear: 16, trainable: false}, {linear: 2, trainable: false}]}"
    found = archcalc.finetune(spec)
    assert found.whole.trainable_params == found.head.trainable_params == SIZES[0]
    assert found.head.train_from == "linear1"
    assert found.whole.backward_mult_adds == 4 * 8 + 8 * 16 + 16 * 2  # the gradients pass through what is frozen


def test_weights_shared_across_the_cut_belong_below_it() -> None:
    """The head of GPT-2 has the weights of its embedding, so the last of its own are those of the norm before it."""
    found = archcalc.finetune("gpt2")
    assert found.head.train_from == "layer_norm"
    assert found.head.trainable_params == 2 * 768
    assert found.head.backward_mult_adds == 1024 * 768 * 50257  # through the head, down to the norm
    with pytest.raises(UsageError, match="nothing is trained from 'head' on") as refused:
        archcalc.finetune("gpt2", train_from="head")
    assert "layer_norm" in str(refused.value.hint)


def test_what_inference_alone_does_is_left_out() -> None:
    setup = Setup(fold_batch_norm=True, schedule="best")
    assert archcalc.finetune("resnet50", setup=setup).cuts == archcalc.finetune("resnet50").cuts


def test_free_symbols() -> None:
    found = archcalc.finetune("vgg16", train_from="conv5", free=["H"], batch="batch")
    known = archcalc.finetune("vgg16", train_from="conv5")
    assert found.head.trainable_params == known.head.trainable_params
    assert found.ratio(found.head, "trainable_params") == Fraction(4_097_000, 138_357_544)
    assert found.ratio(found.head, "saved_for_backward_bytes") is None


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("resnet50", {"train_from": "layer5"}, "there is no part 'layer5'"),
        ("vgg16_paper", {"train_from": "softmax"}, "nothing is trained from 'softmax' on"),
        ("{input: [4], layers: [relu]}", {}, "<text> has no weights that can be trained"),
        ("{input: [4], layers: [{linear: 2, trainable: false}]}", {}, "<text> has no weights that can be trained"),
    ],
)
def test_refusals(spec: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        archcalc.finetune(spec, **options)  # type: ignore[arg-type]


def test_a_free_count_is_refused() -> None:
    spec = "{hyperparameters: {n: 3}, input: [4], layers: [{repeat: n, layers: [{linear: 4}]}]}"
    with pytest.raises(UndecidedError):
        archcalc.finetune(spec, free=["n"])
