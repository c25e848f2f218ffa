"""Design 3, "File": the keys of a file, and files that extend others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from asking import messages, refusal

import archcalc

if TYPE_CHECKING:
    from pathlib import Path

PARENT = """
name: parent
cite: a paper
hyperparameters: {width: 4, kernel: 3, unused_by_child: 5}
input: [6, 8, 8]
blocks:
  unit(out): [{conv: [out, kernel]}, relu]
  tail: [flatten, {linear: unused_by_child}]
layers: [{unit: width}, tail]
expect: [{params: 1}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parent.yaml").write_text(PARENT)
    return tmp_path


def child(folder: Path, text: str, name: str = "child.yaml") -> archcalc.Spec:
    path = folder / name
    path.write_text(text)
    return archcalc.load(path)


def test_the_stem_is_the_name(tmp_path: Path) -> None:
    path = tmp_path / "some_net.yaml"
    path.write_text("input: [3]\nlayers: [relu]\n")
    assert archcalc.analyze(path).name == "some_net"


def test_a_stated_name_and_source_are_reported(folder: Path) -> None:
    report = archcalc.analyze(folder / "parent.yaml")
    assert (report.name, report.cite) == ("parent", "a paper")


@pytest.mark.parametrize("name", ["3", "1.50", "yes", "null", "2024-01-01", "0x10", "'true'"])
def test_name_and_cite_are_text_as_written(name: str) -> None:
    report = archcalc.analyze(f"name: {name}\ncite: {name}\ninput: [3]\nlayers: [relu]\n")
    assert report.name == report.cite == name.strip("'")


def test_unknown_keys_are_errors_with_did_you_mean() -> None:
    said = refusal("input: [3]\nlayres: [relu]\nhyperparameter: {a: 1}\nlayers: [relu]\n")
    assert messages(said) == ["a spec has no key 'layres'", "a spec has no key 'hyperparameter'"]
    assert "did you mean 'layers'?" in said
    assert "did you mean 'hyperparameters'?" in said


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("layers: [relu]\n", "no input"),
        ("input: [3]\n", "no layers"),
        ("name: x\n# nothing\n", "no input and no layers"),
    ],
)
def test_input_and_layers_must_be_there(text: str, missing: str) -> None:
    assert messages(refusal(text)) == [f"the spec states {missing}"]


@pytest.mark.parametrize("key", ["hyperparameters", "input", "blocks", "layers", "expect"])
def test_a_key_twice_is_an_error(key: str) -> None:
    said = refusal(f"input: [3]\nlayers: [relu]\nhyperparameters: {{}}\nblocks: {{}}\nexpect: []\n{key}: []\n")
    assert f"'{key}' stands here twice" in said


@pytest.mark.parametrize("shape", ["[7]", "[5, 7]", "[3, 5, 7]", "[3, 5, 7, 9]"])
def test_inputs_have_one_to_four_axes(shape: str) -> None:
    report = archcalc.analyze(f"input: {shape}\nlayers: [relu]\n")
    assert str(list(report.inputs[0].shape)) == shape


@pytest.mark.parametrize(
    "shape", ["[]", "[1, 2, 3, 4, 5]", "3", "[3, 0]", "[3, -1]", "[3, 1/2]", "[3, [4]]", "[true]", "[relu]"]
)
def test_other_inputs_are_errors(shape: str) -> None:
    refusal(f"input: {shape}\nlayers: [relu]\n")


def test_an_input_may_be_an_expression_with_a_list() -> None:
    text = "hyperparameters: {shape: [3, 8, 8]}\ninput: shape\nlayers: [relu]\n"
    assert archcalc.analyze(text).inputs[0].shape == (3, 8, 8)


# extends


def test_everything_is_inherited_but_name_cite_and_expect(folder: Path) -> None:
    spec = child(folder, "extends: parent.yaml\n")
    assert (spec.name, spec.cite, spec.expect) == ("child", None, ())
    assert archcalc.analyze(spec).totals == archcalc.analyze(folder / "parent.yaml").totals


def test_hyperparameters_are_laid_over_entry_by_entry(folder: Path) -> None:
    spec = child(folder, "extends: parent.yaml\nhyperparameters: {width: 10}\n")
    report = archcalc.analyze(spec)
    assert report.layers[0].params == 10 * 6 * 9 + 10
    assert report.layers[-1].output_shape == (5,)


def test_hyperparameters_of_the_parent_use_those_of_the_child(folder: Path) -> None:
    (folder / "base.yaml").write_text("hyperparameters: {a: b + 1, b: 2}\ninput: [3]\nlayers: [{linear: a}]\n")
    assert archcalc.analyze(child(folder, "extends: base.yaml\nhyperparameters: {b: 9}\n")).totals.params == 40


def test_a_child_may_add_a_hyperparameter_that_it_uses(folder: Path) -> None:
    text = "extends: parent.yaml\nhyperparameters: {width: 2 * more, more: 3}\n"
    assert archcalc.analyze(child(folder, text)).layers[0].output_shape == (6, 6, 6)


def test_blocks_are_laid_over_entry_by_entry(folder: Path) -> None:
    text = "extends: parent.yaml\nblocks: {tail: [global_avg_pool, {linear: unused_by_child}]}\n"
    report = archcalc.analyze(child(folder, text))
    assert [layer.op for layer in report.layers] == ["conv", "relu", "global_avg_pool", "linear"]


def test_a_block_may_change_its_parameters(folder: Path) -> None:
    text = "extends: parent.yaml\nblocks: {'unit(out, twice=2 * out)': [{conv: [twice, kernel]}]}\n"
    assert archcalc.analyze(child(folder, text)).layers[0].output_shape == (8, 6, 6)


def test_layers_of_the_child_replace_those_of_the_parent(folder: Path) -> None:
    report = archcalc.analyze(child(folder, "extends: parent.yaml\nlayers: [{unit: 7}]\n"))
    assert [layer.op for layer in report.layers] == ["conv", "relu"]


def test_input_of_the_child_replaces_that_of_the_parent(folder: Path) -> None:
    report = archcalc.analyze(child(folder, "extends: parent.yaml\ninput: [1, 5, 5]\n"))
    assert report.layers[0].params == 4 * 9 + 4


def test_a_chain_of_files(folder: Path) -> None:
    child(folder, "extends: parent.yaml\nhyperparameters: {width: 5}\n", "second.yaml")
    spec = child(folder, "extends: second.yaml\nhyperparameters: {kernel: 1}\n", "third.yaml")
    assert archcalc.analyze(spec).layers[0].params == 5 * 6 + 5


def test_extends_means_a_file_beside_even_when_asked_from_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    spec_path = folder / "child.yaml"
    spec_path.write_text("extends: parent.yaml\n")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert archcalc.analyze(spec_path).layers[0].output_shape == (4, 6, 6)


@pytest.mark.parametrize("name", ["vgg16.yaml", "vgg16"])
def test_extends_means_the_zoo_where_nothing_is_beside(folder: Path, name: str) -> None:
    report = archcalc.analyze(child(folder, f"extends: {name}\nhyperparameters: {{classes: 10}}\n"))
    assert report.totals.params == 138357544 - 990 * 4097


def test_a_file_beside_comes_before_the_zoo(folder: Path) -> None:
    (folder / "vgg16.yaml").write_text(PARENT)
    assert archcalc.analyze(child(folder, "extends: vgg16.yaml\n")).layers[0].output_shape == (4, 6, 6)


def test_a_file_of_the_current_folder_is_not_beside(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "vgg16.yaml").write_text(PARENT)
    monkeypatch.chdir(elsewhere)
    report = archcalc.analyze(child(folder, "extends: vgg16.yaml\n"))
    assert report.totals.params == 138357544


def test_a_text_may_extend_the_zoo() -> None:
    assert archcalc.analyze("extends: vgg16.yaml\nname: mine\n").totals.params == 138357544


@pytest.mark.parametrize("name", ["/abs/parent.yaml", "../parent.yaml", "sub/../parent.yaml"])
def test_extends_stays_in_its_folder(folder: Path, name: str) -> None:
    (folder / "sub").mkdir()
    with pytest.raises(archcalc.SpecError):
        child(folder, f"extends: {name}\n")


def test_extends_of_nothing_names_the_nearest_spec(folder: Path) -> None:
    with pytest.raises(archcalc.SpecError) as caught:
        child(folder, "extends: vgg166.yaml\n")
    assert "did you mean 'vgg16'?" in str(caught.value)


def test_files_that_extend_each_other(folder: Path) -> None:
    (folder / "a.yaml").write_text("extends: b.yaml\n")
    (folder / "b.yaml").write_text("extends: a.yaml\n")
    refusal(folder / "a.yaml")


def test_mistakes_of_the_parent_name_its_file_and_line(folder: Path) -> None:
    (folder / "wrong.yaml").write_text("input: [3]\nlayers:\n- rleu\n")
    with pytest.raises(archcalc.SpecError) as caught:
        archcalc.analyze(child(folder, "extends: wrong.yaml\n"))
    assert str(caught.value).startswith(f"{folder / 'wrong.yaml'}:3:3: there is no operator or block 'rleu'")


# what nothing uses


def test_a_hyperparameter_that_nothing_uses_is_an_error() -> None:
    said = refusal("hyperparameters: {width: 3, widht: 4}\ninput: [3]\nlayers: [{linear: width}]\n")
    assert messages(said) == ["nothing uses the hyperparameter 'widht'"]
    assert "did you mean 'width'?" in said


def test_a_misspelt_override_is_an_error(folder: Path) -> None:
    with pytest.raises(archcalc.SpecError) as caught:
        archcalc.analyze(child(folder, "extends: parent.yaml\nhyperparameters: {widht: 4}\n"))
    assert messages(str(caught.value))[0].endswith("nothing uses the hyperparameter 'widht'")


def test_an_inherited_one_that_the_child_no_longer_uses_is_none(folder: Path) -> None:
    archcalc.analyze(child(folder, "extends: parent.yaml\nlayers: [relu]\n"))


def test_one_that_the_child_states_and_no_longer_uses_is_an_error(folder: Path) -> None:
    with pytest.raises(archcalc.SpecError):
        archcalc.analyze(child(folder, "extends: parent.yaml\nhyperparameters: {width: 3}\nlayers: [relu]\n"))


@pytest.mark.parametrize(
    "use",
    [
        "input: [a]\nlayers: [relu]\n",
        "input: [3]\nlayers: [{if: a > 1, then: [relu]}]\n",
        "input: [3]\nlayers: [{repeat: a, layers: [relu]}]\n",
        "input: [3]\nlayers: [{relu, name: 'x{a}'}]\n",
        "input: [3]\nlayers: [{linear: 3, share: 'x{a}'}]\n",
        "input: [3]\nlayers: [{linear: 3, trainable: a == 2}]\n",
        "input: [3]\nlayers: [{add: {x: {when: a == 2, layers: []}}}]\n",
        "input: [3]\nblocks: {'b(n=a)': [{linear: n}]}\nlayers: [b]\n",
        "input: [3]\nlayers: [{as: 'x[a]'}, {from: 'x[2]'}]\n",
        "input: [3]\nlayers: [{for: {i: '[a]'}, layers: [relu]}]\n",
    ],
)
def test_every_place_counts_as_a_use(use: str) -> None:
    archcalc.analyze(f"hyperparameters: {{a: 2}}\n{use}")


def test_a_block_used_by_a_hyperparameter_alone_counts_as_used() -> None:
    text = "hyperparameters: {unit: wide}\ninput: [3]\nblocks: {wide: [{linear: 7}]}\nlayers: [unit]\n"
    assert archcalc.analyze(text).totals.params == 28
