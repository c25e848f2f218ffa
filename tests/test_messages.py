"""Error messages are an interface: their exact text, in the format of design 6."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from asking import messages, refusal, spec

import archcalc
from archcalc.cli import main

if TYPE_CHECKING:
    from pathlib import Path


def text(written: str) -> str:
    return dedent(written).strip("\n") + "\n"


WHOLE: list[tuple[str, str]] = [
    (
        """
        input: [3, 224, 224]
        layers:
          - conv: {out: 64, kernal: 3}
        """,
        """
        <text>:3:21: conv has no argument 'kernal'
          3 |   - conv: {out: 64, kernal: 3}
            |                     ^^^^^^
          did you mean 'kernel'?  conv takes: out, kernel, stride, padding, dilation, groups, bias
        """,
    ),
    (
        """
        input: [256, 56, 56]
        layers:
          - add:
              body:
                - {conv: [128, 1]}
                - {max_pool: 2}
              shortcut:
                - {conv: [64, 1]}
        """,
        """
        <text>:3:5: cannot add (128, 28, 28) and (64, 56, 56)
          body      add/body/max_pool  (128, 28, 28)  line 6
          shortcut  add/shortcut/conv  (64, 56, 56)   line 8
          the shortcut needs stride 2 and 128 channels to match
        """,
    ),
    (
        """
        input: [64, 56, 56]
        layers:
          - add: {body: [{conv: [128, 3, 1, 1]}], shortcut: []}
        """,
        """
        <text>:3:5: cannot add (128, 56, 56) and (64, 56, 56)
          body      add/body/conv  (128, 56, 56)  line 3
          shortcut  input          (64, 56, 56)   line 1
          the shortcut needs 128 channels to match
        """,
    ),
    (
        """
        input: [64, 56, 56]
        layers:
          - {add: {body: [{max_pool: 4}], shortcut: []}}
        """,
        """
        <text>:3:6: cannot add (64, 14, 14) and (64, 56, 56)
          body      add/body/max_pool  (64, 14, 14)  line 3
          shortcut  input              (64, 56, 56)  line 1
          the shortcut needs stride 4 to match
        """,
    ),
    (
        """
        input: [4, 8, 8]
        layers:
          - as: a
          - {max_pool: 2, as: b}
          - {concat, from: [a, b]}
        """,
        """
        <text>:5:6: cannot concatenate (4, 8, 8) and (4, 4, 4)
          tensor 1  input     (4, 8, 8)  line 1
          tensor 2  max_pool  (4, 4, 4)  line 4
        """,
    ),
    (
        """
        input: [3, 8, 8]
        layers: [{linear: 3}]
        """,
        """
        <text>:2:11: linear works on vectors and on the tokens of a sequence, not on the map (3, 8, 8)
          2 | layers: [{linear: 3}]
            |           ^^^^^^
          flatten or pool first
        """,
    ),
    (
        """
        input: [3, 8, 8]
        layers:
          - rleu
        """,
        """
        <text>:3:5: there is no operator or block 'rleu'
          3 |   - rleu
            |     ^^^^
          did you mean 'relu'?
        """,
    ),
    (
        """
        input: [3, 8, 8]
        layers: [{conv: [3, 9]}]
        """,
        """
        <text>:2:11: the kernel spans 9, but the input with its padding is only 8
          2 | layers: [{conv: [3, 9]}]
            |           ^^^^
        """,
    ),
    (
        """
        input: [3, 8, 8]
        layers: [{conv: {out: 4, kernel: 3, groups: 2}}]
        """,
        """
        <text>:2:11: 3 channels do not split into 2 groups
          2 | layers: [{conv: {out: 4, kernel: 3, groups: 2}}]
            |           ^^^^
        """,
    ),
    (
        """
        hyperparameters: {alpha: 0.3}
        input: [3, 8, 8]
        layers:
          - conv: [alpha * 32, 3]
        """,
        """
        <text>:4:12: out must be whole, not 48/5
          4 |   - conv: [alpha * 32, 3]
            |            ^^^^^^^^^^
        """,
    ),
    (
        """
        input: [3, 8, 8]
        layers:
          - conv: {out: 4, kernel: 3, padding: sane}
        """,
        """
        <text>:3:40: nothing is called 'sane'
          3 |   - conv: {out: 4, kernel: 3, padding: sane}
            |                                        ^^^^
          did you mean 'same'?
        """,
    ),
    (
        """
        input: [3, 8, 8]
        layers:
          - conv: {out: 4, kernel: 3, padding: relu}
        """,
        """
        <text>:3:40: padding must be same or valid, not relu
          3 |   - conv: {out: 4, kernel: 3, padding: relu}
            |                                        ^^^^
        """,
    ),
    (
        """
        blcoks: {}
        input: [3, 8, 8]
        layers: [relu]
        """,
        """
        <text>:1:1: a spec has no key 'blcoks'
          1 | blcoks: {}
            | ^^^^^^
          did you mean 'blocks'?  a spec has: name, cite, extends, hyperparameters, input, blocks, layers, expect
        """,
    ),
    (
        """
        hyperparameters: {width: 3, widht: 4}
        input: [3, 8, 8]
        layers: [{conv: [width, 3]}]
        """,
        """
        <text>:1:36: nothing uses the hyperparameter 'widht'
          1 | hyperparameters: {width: 3, widht: 4}
            |                                    ^
          did you mean 'width'?
        """,
    ),
    (
        """
        hyperparameters: {a: b, b: a}
        input: [3, 8, 8]
        layers: [{conv: [a, 3]}]
        """,
        """
        <text>:1:22: hyperparameters go round in a circle: a -> b -> a
          1 | hyperparameters: {a: b, b: a}
            |                      ^
        """,
    ),
    (
        """
        input: [3, 8, 8]
        layers:
          - {as: x}
          - {conv: [4, 3]}
          - {relu, from: x}
        """,
        """
        <text>:4:6: the result of conv reaches no output
          4 |   - {conv: [4, 3]}
            |      ^^^^
        """,
    ),
    (
        """
        input: [3, 8, 8]
        layers:
        \t- relu
        """,
        """
        <text>:3:1: a tab cannot indent in YAML
          3 | \t- relu
            | ^
          indent with spaces
        """,
    ),
    (
        """
        input: [3]
        layers:
          - linear: *x
        """,
        """
        <text>:3:13: '*x' is an alias of YAML, which specs do not use
          3 |   - linear: *x
            |             ^
          quote it if a product is meant; a block serves to say a thing once
        """,
    ),
    (
        """
        input: [3]
        layers: &all [relu]
        """,
        """
        <text>:2:9: '&all' is an anchor of YAML, which specs do not use
          2 | layers: &all [relu]
            |         ^
          a block serves to say a thing once
        """,
    ),
    (
        """
        input: [3]
        layers:
          - {if: !training, then: [relu]}
        """,
        """
        <text>:3:10: '!training' is a tag of YAML, which specs do not use
          3 |   - {if: !training, then: [relu]}
            |          ^
          quote the text, or write 'not' where that is meant
        """,
    ),
    (
        """
        input: [3]
        layers: [relu]
        layers: [tanh]
        """,
        """
        <text>:3:1: 'layers' stands here twice
          3 | layers: [tanh]
            | ^^^^^^
        """,
    ),
    (
        """
        - relu
        - relu
        """,
        """
        <text>:1:1: a spec is a mapping with 'input' and 'layers'
          1 | - relu
            | ^
        """,
    ),
    (
        """
        input: [6, 8, 8]
        layers: [{max_pool: {kernel: 2, padding: 2}}]
        """,
        """
        <text>:2:11: padding 2 is more than half of the kernel: a window would see nothing but padding
          2 | layers: [{max_pool: {kernel: 2, padding: 2}}]
            |           ^^^^^^^^
        """,
    ),
    (
        """
        input: [3]
        layers:
        - relu
         relu
        """,
        """
        <text>:3:3: 'relu relu' is no operator or block
          3 | - relu
            |   ^
        """,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WHOLE, ids=[case[1].split(": ")[1][:50] for case in WHOLE])
def test_whole_message(written: str, said: str) -> None:
    assert refusal(text(written)) == text(said).rstrip("\n")


def test_the_file_is_named_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.yaml").write_text("input: [3]\nlayers: [rleu]\n")
    assert refusal(tmp_path / "mine.yaml").startswith(f"{tmp_path / 'mine.yaml'}:2:10: ")
    monkeypatch.chdir(tmp_path)
    assert refusal("mine.yaml").startswith("mine.yaml:2:10: ")
    assert refusal("./mine.yaml").partition(":")[0] in ("mine.yaml", "./mine.yaml")


def test_a_path_comes_before_the_zoo_and_a_miss_names_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = refusal("vgg166.yaml")
    assert said == "there is no file vgg166.yaml here, and no spec of that name in the zoo\n  did you mean 'vgg16'?"
    (tmp_path / "vgg16.yaml").write_text("input: [3]\nlayers: [relu]\n")
    assert archcalc.analyze("vgg16.yaml").totals.params == 0
    assert archcalc.analyze("vgg16").totals.params == 138357544


def test_a_name_with_a_slash_never_means_the_zoo() -> None:
    assert (
        refusal("./vgg16.yaml")
        == "there is no file ./vgg16.yaml\n  a name with a slash is a path; the zoo is asked for bare names"
    )


def test_mistakes_stand_in_the_order_of_the_text() -> None:
    written = """
        layers:
          - rleu
          - {conv: {out: 4, kernal: 3}}
          - {linear: 3 +}
        hyperparameter: {a: 3}
        input: [3, 8, 8]
        blocks:
          unit(a, a): [tnah]
    """
    said = refusal(text(written))
    assert messages(said) == [
        "there is no operator or block 'rleu'",
        "conv has no argument 'kernal'",
        "this is no expression: 3 +",
        "a spec has no key 'hyperparameter'",
        "the parameter 'a' stands here twice",
        "there is no operator or block 'tnah'",
    ]


def test_one_mistake_is_told_once() -> None:
    """A misspelt argument is not also missing; a misspelt word is not also no step."""
    assert len(messages(refusal(spec("[{conv: {out: 3, kernal: 3}}]")))) == 1
    assert len(messages(refusal(spec("[{conv: {uot: 3, kernel: 3}}]")))) == 1


def test_the_same_mistake_in_a_loop_is_told_once() -> None:
    assert len(messages(refusal(spec("[{repeat: 5, layers: [{conv: [3, 9]}]}]")))) == 1


def test_at_most_twenty_and_then_a_count() -> None:
    said = refusal("input: [3]\nlayers:\n" + "- rleu\n" * 23)
    lines = said.splitlines()
    assert sum(line.startswith("<text>") for line in lines) == 20
    assert lines[-1] == "... and 3 more"
    exactly = refusal("input: [3]\nlayers:\n" + "- rleu\n" * 20)
    assert "more" not in exactly.splitlines()[-1]


def test_all_of_them_are_in_the_exception() -> None:
    with pytest.raises(archcalc.SpecError) as caught:
        archcalc.analyze("input: [3]\nlayers:\n" + "- rleu\n" * 23)
    assert len(caught.value.problems) == 23
    assert [problem.place.line for problem in caught.value.problems if problem.place] == list(range(3, 26))


def test_of_shapes_the_first_per_branch_and_nothing_that_follows() -> None:
    written = """
        input: [6, 8, 8]
        layers:
          - concat:
              a: [{conv: [3, 9]}, {conv: [3, 99]}]
              b: [relu]
              c: [{linear: 3}, {linear: 4}]
          - {linear: 3}
    """
    assert messages(refusal(text(written))) == [
        "the kernel spans 9, but the input with its padding is only 8",
        "linear works on vectors and on the tokens of a sequence, not on the map (6, 8, 8)",
    ]


def test_a_mistake_in_a_block_is_told_at_the_block() -> None:
    written = """
        input: [6, 8, 8]
        blocks:
          unit(k): [{conv: [3, k]}]
        layers:
          - {unit: 3}
          - {unit: 9}
    """
    assert refusal(text(written)).startswith(
        "<text>:3:14: the kernel spans 9, but the input with its padding is only 6"
    )


def test_a_long_line_is_cut_around_the_place() -> None:
    said = refusal(f"input: [3]\nlayers: [{'relu, ' * 100}rleu{', relu' * 100}]\n").splitlines()
    assert len(said[1]) < 120
    at = said[2].index("^")
    assert said[1][at : at + 4] == "rleu"


def test_carets_stand_below_tabs() -> None:
    said = refusal("input: [3]\nlayers: [relu,\trleu]\n").splitlines()
    at = said[2].index("^")
    assert said[1][at : at + 4] == "rleu"
    assert said[2].count("\t") == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\N{LINE SEPARATOR}"])
def test_lines_end_as_yaml_ends_them(end: str) -> None:
    said = refusal(end.join(["# one", "input: [3]", "layers:", "- relu", "- rleu", ""]) + "\n")
    assert said.splitlines()[:2] == ["<text>:5:3: there is no operator or block 'rleu'", "  5 | - rleu"]


def test_wide_characters_before_the_place() -> None:
    said = refusal('input: [3]\nlayers: [{relu, name: "\N{SNOWMAN}"}, rleu]\n').splitlines()
    assert said[0].startswith("<text>:2:29: ")


def test_the_line_number_of_a_late_line() -> None:
    said = refusal("input: [3]\n" + "# comment\n" * 1233 + "layers: [rleu]\n").splitlines()
    assert said[0].startswith("<text>:1235:10: ")
    assert said[1:3] == ["  1235 | layers: [rleu]", "       |          ^^^^"]


SHORT: dict[str, str] = {
    "input: [4]\nlayers: [{max_pool: 2}]\n": "a pool needs a sequence, map or volume, not the vector (4)",
    "input: [4, 8, 8]\nlayers: [{max_pool: {kernel: [2, 2, 2]}}]\n": "kernel lists 3 axes, but the input has 2",
    "input: [4, 8, 8]\nlayers: [{conv: [3, 3, [1]]}]\n": "stride lists 1 axes, but the input has 2",
    "input: [4, 8, 8]\nlayers: [{conv: [3, 3, 1, [1, 1, 1]]}]\n": "padding lists 3 axes, but the input has 2",
    "input: [4, 8, 8]\nlayers: [{conv: [3, 3, 0]}]\n": "stride must be at least 1, not 0",
    "input: [4, 8, 8]\nlayers: [{conv: [3, 3, 1, -1]}]\n": "padding must be at least 0, not -1",
    "input: [4, 8, 8]\nlayers: [{conv: [3, 3, 1, [[1, 2, 3], 1]]}]\n": "padding must be one number or [before, after], not [1, 2, 3]",
    "input: [4, 8, 8]\nlayers: [{conv: [3, relu]}]\n": "kernel must be a whole number, not relu",
    "input: [4, 8, 8]\nlayers: [{conv: {out: 3, kernel: 3, bias: 1}}]\n": "bias must be true or false, not 1",
    "input: [4, 8, 8]\nlayers: [{slice: [3, 3]}]\n": "start 3 is not below stop 3",
    "input: [4, 8, 8]\nlayers: [{slice: [3, 7]}]\n": "stop 7 is past the 4 features of the input",
    "input: [4, 8, 8]\nlayers: [{select: [[4]]}]\n": "feature 4 is not among the 4 features of the input",
    "input: [4, 8, 8]\nlayers: [{select: [[]]}]\n": "features lists none",
    "input: [4, 8, 8]\nlayers: [{select: 3}]\n": "features must be a list of whole numbers, not 3",
    "input: [4, 8, 8]\nlayers: [{crop: 9}]\n": "the input is smaller than what is to be left of it",
    "input: [4, 8, 8]\nlayers: [crop]\n": "crop takes either size or margin",
    "input: [4, 8, 8]\nlayers: [{crop: {size: 3, margin: 3}}]\n": "crop takes either size or margin",
    "input: [4, 8, 8]\nlayers: [{upsample: {size: 3, scale: 3}}]\n": "upsample takes either scale or size",
    "input: [4, 8, 8]\nlayers: [{upsample: {mode: same}}]\n": "mode must be nearest or linear or cubic, not same",
    "input: [4, 8, 8]\nlayers: [{permute: [[0, 1]]}]\n": "axes [0, 1] is no order of the 3 axes of (4, 8, 8)",
    "input: [4, 8, 8]\nlayers: [{reshape: [[3, 3]]}]\n": "256 elements of (4, 8, 8) do not fill (3, 3), which holds 9",
    "input: [4, 8, 8]\nlayers: [{pixel_shuffle: 3}]\n": "4 channels do not fill blocks of 9 positions",
    "input: [4, 8, 8]\nlayers: [{group_norm: 3}]\n": "4 channels do not split into 3 groups",
    "input: [4, 8, 8]\nlayers: [{channel_shuffle: 3}]\n": "4 channels do not split into 3 groups",
    "input: [4, 8, 8]\nlayers: [{maxout: 3}]\n": "4 channels do not split into 3 pieces",
    "input: [4, 8, 8]\nlayers: [{conv: {out: 3, kernel: 3, groups: 2}}]\n": "3 filters do not split into 2 groups",
    "input: [4, 8, 8]\nlayers: [{transposed_conv: {out: 3, kernel: 1, padding: 4}}]\n": "nothing is left of an axis: its size is 0",
    "input: [0, 8, 8]\nlayers: [relu]\n": "an input size must be at least 1, not 0",
    "input: 3\nlayers: [relu]\n": "an input is a list of 1 to 4 sizes, not 3",
    "input: [1, 2, 3, 4, 5]\nlayers: [relu]\n": "an input is a list of 1 to 4 sizes",
}


@pytest.mark.parametrize("written", SHORT)
def test_message(written: str) -> None:
    assert messages(refusal(written)) == [SHORT[written]]


def test_the_command_line_prints_the_same_and_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("input: [3]\nlayers: [rleu]\n")
    assert main(["report", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        f"{path}:2:10: there is no operator or block 'rleu'\n  2 | layers: [rleu]\n    |          ^^^^\n  did you mean 'relu'?\n"
    )


def test_errors_without_a_place_say_who_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reprot"]) == 2
    assert capsys.readouterr().err == "archcalc: there is no command 'reprot'\n  did you mean 'report'?\n"
