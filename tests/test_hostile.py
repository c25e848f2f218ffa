"""Hostile input: one clear error each; no traceback, no hang, no memory eaten, and nothing a terminal would obey."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asking import is_clear, is_plain, refusal, spec

import archcalc
from archcalc.cli import main

BOUNDED = 60  # seconds after which conftest stops a test that hangs; none takes two

LAYERS = "input: [6, 8, 8]\nlayers: "


def command(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


# Texts that are no YAML of ours.

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{c}: &{c} [*{b}, *{b}, *{b}, *{b}]\n" for b, c in zip("abcdefgh", "bcdefghi", strict=True)
)

TEXTS: dict[str, str] = {
    "nothing": "\n",
    "only a comment": "# nothing\n",
    "only a number": "3\n\n",
    "only a list": "- relu\n- relu\n",
    "only null": "null\n",
    "an anchor": f"{LAYERS}&x [relu]\n",
    "an anchor on a scalar": "name: &x relu\nlayers: []\n",
    "an alias": "input: [6, 8, 8]\nlayers: [relu, *x]\n",
    "a billion laughs": LAUGHS,
    "an alias of itself": "a: &a [*a]\n",
    "a merge key": f"<<: {{input: [6, 8, 8]}}\n{LAYERS}[relu]\n",
    "a merge key inside": f"{LAYERS}[{{conv: {{<<: {{out: 3}}, kernel: 3}}}}]\n",
    "a tag": f"{LAYERS}!!seq [relu]\n",
    "a tag of python": f"{LAYERS}!!python/object/apply:os.system ['true']\n",
    "a tag on a scalar": f"{LAYERS}[!!str relu]\n",
    "a tag of its own": f"{LAYERS}[!x relu]\n",
    "a binary tag": "name: !!binary aGVsbG8=\nlayers: []\n",
    "the empty tag": f"{LAYERS}[! relu]\n",
    "a second document": f"{LAYERS}[relu]\n---\n{LAYERS}[relu]\n",
    "an empty second document": f"{LAYERS}[relu]\n---\n",
    "a third document": "---\n---\n---\n",
    "a directive": f"%YAML 1.1\n---\n{LAYERS}[relu]\n%TAG ! x\n",
    "text after the end": f"{LAYERS}[relu]\n...\nmore\n",
    "a list as key": "? [a, b]\n: c\n",
    "a mapping as key": "{? {a: b} : c}\n",
    "a null character": f"{LAYERS}[relu]\n\0",
    "a null character in quotes": f'{LAYERS}[{{relu, name: "a\\0b"}}]\n',
    "a bell": f"name: \a\n{LAYERS}[relu]\n",
    "an escape": f"name: \x1b[31m\n{LAYERS}[relu]\n",
    "a delete": f"{LAYERS}[relu\x7f]\n",
    "a lone surrogate": f"name: \ud800\n{LAYERS}[relu]\n",
    "a lone surrogate in quotes": f'{LAYERS}[{{relu, name: "\\ud800"}}]\n',
    "a swapped byte order mark": f"\ufffe{LAYERS}[relu]\n",
    "a mark in the middle": f"{LAYERS}[\ufeffrelu]\n",
    "lists too deep": f"{LAYERS}{'[' * 5000}{']' * 5000}\n",
    "lists that never close": f"{LAYERS}{'[' * 100_000}\n",
    "mappings too deep": f"{LAYERS}{'{a: ' * 5000}{'}' * 5000}\n",
    "mappings that never close": f"{LAYERS}{'{a: ' * 50_000}\n",
    "indented too deep": "".join(f"{' ' * depth}a:\n" for depth in range(1000)),
    "items too deep": f"{LAYERS}\n{'- ' * 5000}relu\n",
    "branches too deep": f"{LAYERS}{'[{add: {a: ' * 300}[]{'}}]' * 300}\n",
    "nothing but colons": ":" * 10_000 + "\n",
    "nothing but question marks": "?\n" * 10_000,
    "nothing but dashes": "- " * 10_000 + "\n",
    "nothing but braces": "}{" * 10_000 + "\n",
    "a quote that never closes": f'{LAYERS}["relu\n',
    "a tab": "input:\n\t- 3\n",
    "a text block": f"{LAYERS}[relu]\nname: |\n  x\n  y\nhyperparameters: >\n  x\n",
    "one line too long": f"{LAYERS}[{', '.join(['relu'] * 200_000)}]\n",
    "too many lines": f"{LAYERS}\n" + "- relu\n" * 200_000,
    "a key without end": f"{'k' * 500_000}: 3\nb: 3\n",
    "a key of the class": "__class__: 3\n__init__: {}\n",
    "keys twice": f"{LAYERS}[relu]\nlayers: [relu]\n",
    "100,000 unknown keys": "".join(f"k{i}: 1\n" for i in range(50_000)),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_is_refused(name: str) -> None:
    assert is_clear(refusal(TEXTS[name]))


@pytest.mark.parametrize(
    "text", ["", " ", "\0", "\ud800", "a" * 100_000, "../../../etc/passwd", "/", ".", "~", "-", "*"]
)
def test_a_name_of_nothing(text: str) -> None:
    assert is_clear(refusal(text))


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "marked.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + f"{LAYERS}[relu]\n".encode())
    assert archcalc.analyze(path).totals.activations == 384
    assert archcalc.analyze(f"\ufeff{LAYERS}[relu]\n").totals.activations == 384


def test_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"input: [6, 8, 8]\r\nlayers:\r\n- relu\r\n- {conv: [4, 3]}\r\n")
    assert archcalc.analyze(path).totals.params == 4 * 6 * 9 + 4


# Files that are no specs.


def test_file_larger_than_allowed(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text(f"{LAYERS}[relu]\n#{' ' * (1 << 20)}\n")
    assert "1,048,576 bytes" in refusal(path)


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"layers: \xc3\x28\n", "layers: []\n".encode("utf-16"), b"\x00" * 99]
)
def test_file_that_is_no_text(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bytes.yaml"
    path.write_bytes(data)
    assert is_clear(refusal(path))


def test_directory(tmp_path: Path) -> None:
    assert is_clear(refusal(tmp_path))
    assert is_clear(refusal(str(tmp_path)))


def test_fifo_does_not_block(tmp_path: Path) -> None:
    path = tmp_path / "fifo.yaml"
    os.mkfifo(path)
    assert is_clear(refusal(path))
    assert is_clear(refusal(str(path)))


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_device(device: str) -> None:
    assert is_clear(refusal(Path(device)))
    assert is_clear(refusal(device))


def test_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.yaml")
        assert is_clear(refusal("./socket.yaml"))


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "b.yaml")
    (tmp_path / "b.yaml").symlink_to(tmp_path / "a.yaml")
    assert is_clear(refusal(tmp_path / "a.yaml"))
    assert is_clear(refusal(str(tmp_path / "a.yaml")))


def test_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "none.yaml")
    assert is_clear(refusal(tmp_path / "a.yaml"))


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text(f"{LAYERS}[relu]\n")

    def refuse(*_: object, **__: object) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(path) == f"cannot read {path}: Permission denied"


@pytest.mark.parametrize(
    "name", ["x" * 5000, "x/" * 3000 + "y", "a\0b", "/dev/null/x", "./" + "x" * 300, "a\x1b[31mb/c"]
)
def test_impossible_path(name: str) -> None:
    assert is_clear(refusal(name))
    assert is_clear(refusal(Path(name)))


# extends

CHILD = "extends: {}\nname: child\n"


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd", "../parent.yaml", "a/../../b.yaml", "..", ".", "/", "~/x.yaml", "C:\\x.yaml", "..\\x.yaml", '"\\0"',
        '"a\\0.yaml"', '"\\e[31m"', '""', "[]", "{}", "file:///etc/passwd", "http://example.org/x.yaml", "x" * 5000,
        "/dev/zero", "fifo.yaml", "folder", "loop.yaml", "itself.yaml", "circle.yaml", "/dev/stdin", "none.yaml",
        "link_to_zero.yaml", "binary.yaml", "wrong.yaml",
    ],
)  # fmt: skip
def test_extends_what_it_may_not(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "link_to_zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\x00")
    (tmp_path / "wrong.yaml").write_text("layres: []\n")
    (tmp_path / "circle.yaml").write_text("extends: itself.yaml\n")
    path = tmp_path / "itself.yaml"
    path.write_text(CHILD.format(name))
    assert is_clear(refusal(path))


def test_extends_without_end(tmp_path: Path) -> None:
    for i in range(100):
        (tmp_path / f"s{i}.yaml").write_text(f"extends: s{i + 1}.yaml\n")
    (tmp_path / "s100.yaml").write_text(f"{LAYERS}[relu]\n")
    assert "more than 16 files extend one another" in refusal(tmp_path / "s0.yaml")
    assert archcalc.analyze(tmp_path / "s90.yaml").totals.activations == 384


def test_a_text_extends_nothing_of_the_folder_it_happens_to_be_run_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beside.yaml").write_text(f"{LAYERS}[relu]\n")
    monkeypatch.chdir(tmp_path)
    assert "beside" in refusal("extends: beside.yaml\nname: text\n")


# Sizes, counts and recursion.

BLOCKS = """
blocks:
  forever: [forever]
  doubled: [doubled, doubled]
  ping: [pong]
  pong: [ping]
  down(n): [{if: n > 0, then: [{down: n - 1}]}]
  tree(n): [{if: n > 0, then: [{tree: n - 1}, {tree: n - 1}]}]
  fan(n): [{if: n > 0, then: [{add: {a: [{fan: n - 1}], b: [{fan: n - 1}]}}]}]
  grow(x): [{grow: [[x, x]]}]
  wide(n): [{if: n > 0, then: [{as: a}, {wide: n - 1, from: [a, a]}]}]
"""

FEWER_STEPS = archcalc.LIMITS._replace(steps=20_000)
LAYER_LISTS = {
    "a repeat of 10**12": "[{repeat: 10**12, layers: [relu]}]",
    "a repeat of 9**9**9": "[{repeat: 9**9**9, layers: [relu]}]",
    "an empty repeat of 10**12": "[{repeat: 10**12, layers: []}]",
    "an empty repeat inside": "[{repeat: 10**5, layers: [{repeat: 10**5, layers: []}]}]",
    "empty passes many times": "[{repeat: 2000, layers: [{repeat: 2000, layers: [{if: false, then: [relu]}]}]}]",
    "empty branches many times": "[{repeat: 10**6, layers: [{output: {}}]}]",
    "a repeat below 0": "[{repeat: -1, layers: [relu]}]",
    "half a repeat": "[{repeat: 1/2, layers: [relu]}]",
    "a truth as repeat": "[{repeat: true, layers: [relu]}]",
    "a list as repeat": "[{repeat: [1], layers: [relu]}]",
    "too many layers": "[{repeat: 200_001, layers: [relu]}]".replace("_", ""),
    "too many layers by loops": "[{repeat: 500, layers: [{repeat: 500, layers: [relu]}]}]",
    "too long a range": "[{for: {i: range(10**12)}, layers: [relu]}]",
    "too long a range backwards": "[{for: {i: 'range(0, 0 - 10**12, 0 - 1)'}, layers: [relu]}]",
    "a range in steps of 0": "[{for: {i: 'range(1, 9, 0)'}, layers: [relu]}]",
    "a range of a fraction": "[{for: {i: range(1/2)}, layers: [relu]}]",
    "lists doubled": f"[{{for: {{i: '{'+'.join(['range(99999)'] * 3)}'}}, layers: [relu]}}]",
    "recursion without end": "[forever]",
    "doubled recursion without end": "[doubled]",
    "recursion over two": "[ping]",
    "recursion too deep": "[{down: 10**6}]",
    "a tree of calls": "[{tree: 100}]",
    "a tree of branches": "[{fan: 100}]",
    "arguments that double": "[{grow: 1}]",
    "tensors that double": "[{wide: 50}]",
    "9**9**9 filters": "[{conv: [9**9**9, 3]}]",
    "2**(2**40) filters": "[{conv: [2**(2**40), 3]}]",
    "10**1000 to the power": "[{conv: [(10**1000)**1000, 3]}]",
    "a negative power": "[{conv: [2**(0-10**9), 3]}]",
    "a fraction to the power": "[{conv: ['(1/3)**10**9', 3]}]",
    "a digit string": f"[{{conv: [{'9' * 5000}, 3]}}]",
    "a digit string with a point": f"[{{dropout: 0.{'9' * 5000}}}]",
    "zeros behind the point": f"[{{dropout: 0.{'0' * 900}1}}, {{linear: 3}}]",
    "exponents of floats": "[{conv: [1e5, 3]}]",
    "hexadecimal": "[{conv: [0x10, 3]}]",
    "underscores": "[{conv: [1_000, 3]}]",
    "an octal": "[{conv: [017, 3]}]",
    "clock time": "[{conv: [1:30, 3]}]",
    "infinity": "[{conv: [.inf, 3]}]",
    "not a number": "[{conv: [.nan, 3]}]",
    "a date": "[{conv: [2001-01-01x, 3]}]",
    "0 filters": "[{conv: [0, 3]}]",
    "filters below 0": "[{conv: [-4, 3]}]",
    "half a filter": "[{conv: [1/2, 3]}]",
    "a kernel of 10**1000": "[{conv: [4, 10**1000]}]",
    "a kernel of 0": "[{max_pool: 0}]",
    "a stride of 0": "[{max_pool: [2, 0]}]",
    "a dilation of 0": "[{max_pool: {kernel: 2, dilation: 0}}]",
    "10**9 groups": "[{conv: {out: 10**9, kernel: 1, groups: 10**9}}]",
    "0 groups": "[{conv: {out: 6, kernel: 1, groups: 0}}]",
    "padding below 0": "[{conv: {out: 6, kernel: 1, padding: -1}}]",
    "padding of 10**1000 on a pool": "[{max_pool: {kernel: 2, padding: 10**1000}}]",
    "a dilation of 10**1000": "[{max_pool: {kernel: 2, dilation: 10**1000}}]",
    "a pixel shuffle of 10**9": "[{pixel_shuffle: 10**9}]",
    "a permutation of too much": "[{permute: [[10**9, 1, 2]]}]",
    "a permutation of a long list": "[{permute: [range(99999)]}]",
    "a reshape to nothing": "[{reshape: [[]]}]",
    "a reshape of a long list": "[{reshape: [range(1, 99999)]}]",
    "a select past the end": "[{select: [[10**1000]]}]",
    "a select below 0": "[{select: [[-1]]}]",
    "a slice past the end": "[{slice: [0, 10**100]}]",
    "a slice turned round": "[{slice: [4, 2]}]",
    "a crop of more than there is": "[{crop: 10**9}]",
    "a crop of all": "[{crop: {margin: 4}}]",
    "a chain of sums": f"[{{conv: [{'+'.join(['1'] * 9000)}, 3]}}]",
    "calls too deep": f"[{{conv: ['{'abs(' * 150}1{')' * 150}', 3]}}]",
    "brackets far too deep": f"[{{conv: ['{'(' * 4000}1{')' * 4000}', 3]}}]",
    "signs too deep": f"[{{conv: ['{'-' * 4000}1', 3]}}]",
    "nots too deep": f"[{{if: '{'not ' * 2000}true', then: [relu]}}]",
    "choices too deep": f"[{{conv: ['{'1 if true else ' * 500}1', 3]}}]",
    "powers too deep": f"[{{conv: ['{'**'.join(['1'] * 2000)}', 3]}}]",
    "indices too deep": f"[{{conv: ['x{'[0]' * 2000}', 3]}}]",
    "an expression too long": f"[{{conv: ['{' ' * 20_000}3', 3]}}]",
    "a list of lists of lists": "[{conv: [4, [[[3]]]]}]",
    "a comparison of everything": f"[{{if: '{' < '.join(['1'] * 3000)}', then: [relu]}}]",
    "a name of 10**1000": "[{relu, name: 'x{10**1000}'}]",
    "a name of a list": "[{relu, name: 'x{range(10000)}'}]",
    "a name that is long": f"[{{relu, name: {'x' * 10_000}}}]",
    "a name of a slash": "[{relu, name: a/b}]",
    "a name that escapes": '[{relu, name: "\\e[31m"}]',
    "a name of line breaks": '[{relu, name: "a\\nb"}]',
    "a name that turns round": '[{relu, name: "\\u202Eabc"}]',
    "a name of a mapping": "[{relu, name: {a: b}}]",
    "a name without end": "[{relu, name: 'a{'}]",
    "a label without end": "[{relu, share: 'a{'}]",
    "an argument called __class__": "[{conv: {__class__: 3}}]",
    "an argument called self": "[{conv: {self: 3, out: 4, kernel: 3}}]",
    "an operator called __init__": "[__init__]",
    "an operator called fields": "[{conv: {out: 4, kernel: 3, fields: 3}}]",
    "a word of python": "[lambda]",
    "null": "[null]",
    "nothing as a step": "[relu, ]\n- x",
    "a number as a step": "[3]",
    "a list as a step": "[[relu]]",
    "an empty step": "[{}]",
    "an empty text as step": "['']",
    "an upsample of a free mode": "[{upsample: {mode: lambda}}]",
}  # fmt: skip


@pytest.mark.parametrize("name", LAYER_LISTS)
def test_layers_are_refused(name: str) -> None:
    assert is_clear(refusal(LAYERS + LAYER_LISTS[name] + BLOCKS, limits=FEWER_STEPS))


def test_all_the_steps_there_are() -> None:
    said = refusal(LAYERS + "[{repeat: 2000, layers: [{repeat: 2000, layers: [{if: false, then: [relu]}]}]}]")
    assert "1,000,000 steps" in said


HUGE = {
    "an upsample to 10**9": "[{upsample: {size: 10**9}}]",
    "an upsample by 10**9": "[{upsample: 10**9}, {conv: [4, 3]}, {max_pool: 3}]",
    "a linear upsample to a prime": "[{upsample: {size: 10**9 + 7, mode: linear}}, {conv: [4, 3]}]",
    "an adaptive pool to 10**9": "[{adaptive_avg_pool: 10**9}, {conv: [4, 3]}]",
    "an adaptive pool to a prime": "[{adaptive_max_pool: 10**9 + 7}]",
    "a stride of 10**9": "[{conv: [4, 3, 10**9]}, {conv: [4, 1, 10**9]}]",
    "a transposed stride of 10**9": "[{transposed_conv: [4, 3, 10**9]}, {conv: [4, 3]}]",
    "a pixel shuffle of 4,099": "[{conv: [4099**2, 1]}, {pixel_shuffle: 4099}]",
    "periods that multiply": f"[{', '.join(f'{{upsample: {p}}}, {{max_pool: [3, 2]}}' for p in (61, 59, 53, 47, 43))}]",
    "same padding with a huge dilation": "[{conv: {out: 4, kernel: 3, padding: same, dilation: 10**9}}]",
    "a huge pad": "[{pad: 10**100}, relu]",
    "a kernel of 10**9 that fits": "[{conv: {out: 4, kernel: 10**9, padding: 10**9}}]",
    "10**9 branches of nothing": "[{output: {}}]",
}


@pytest.mark.parametrize("name", HUGE)
def test_huge_sizes_are_worked_out_at_once_or_refused(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "huge.yaml"
    path.write_text(f"{LAYERS}{HUGE[name]}\n")
    code, _, errors = command("report", str(path), "--format", "json", capsys=capsys)
    assert code == 0 or (code == 2 and is_clear(errors))


GROWING = {
    "sizes that square": "[{repeat: 60, layers: [{upsample: [2**(2**index) if index < 12 else 2**4000]}]}]",
    "sizes by 10**1000 again and again": "[{repeat: 5000, layers: [{upsample: 10**1000}]}]",
    "channels of many digits": "[{conv: [10**1200, [10**1200, 10**1200], 1, 10**1200]}, {conv: [10**1200, 1]}]",
    "padding again and again": "[{repeat: 5000, layers: [{pad: 10**1200}, {upsample: 10**1200}]}]",
    "concatenated without end": "[{repeat: 100000, layers: [{concat: {a: [], b: []}}]}]",
    "volumes of 10**1200": "[{conv: [10**1200, 1, 1, 10**1200]}, {pad: 10**1200}, {conv: [10**1200, 1]}]",
}


@pytest.mark.parametrize("name", GROWING)
def test_sizes_that_grow_without_end(name: str) -> None:
    """An integer has at most 4,096 bits, also one that operators work out."""
    said = refusal(f"{LAYERS}{GROWING[name]}\n")
    assert is_clear(said)
    assert "4,096 bits" in said


def test_growing_hyperparameters() -> None:
    lines = ["h0: 3"] + [f"h{i}: h{i - 1} * h{i - 1}" for i in range(1, 100)]
    said = refusal(spec("[{linear: h99}]", "[4]", hyperparameters="\n".join(lines)))
    assert "4,096 bits" in said


def test_growing_lists() -> None:
    lines = ["h0: [1, 2]"] + [f"h{i}: h{i - 1} + h{i - 1}" for i in range(1, 100)]
    said = refusal(spec("[{linear: h99}]", "[4]", hyperparameters="\n".join(lines)))
    assert "the list is longer than 100,000" in said


def test_lists_of_lists_that_grow() -> None:
    """Each list holds the one before twice, and nothing says how long it would be if it were written out."""
    lines = ["h0: [1, 2]"] + [f"h{i}: [h{i - 1}, h{i - 1}]" for i in range(1, 60)]
    assert is_clear(refusal(spec("[{linear: h59}]", "[4]", hyperparameters="\n".join(lines))))


ASK = """
import resource, sys, archcalc
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
try:
    print(archcalc.analyze(sys.stdin.read()).totals.activations)
except archcalc.ArchcalcError as error:
    print(error)
"""


@pytest.mark.parametrize("relation", ["h == g", "h != g", "h in [g]"])
def test_lists_of_lists_that_grow_and_are_compared(relation: str) -> None:
    """Asked in a process of its own: such a comparison cannot be stopped from Python."""
    lines = ["h0: [1, 2]", "g0: [1, 2]"]
    for i in range(1, 40):
        lines += [f"h{i}: [h{i - 1}, h{i - 1}]", f"g{i}: [g{i - 1}, g{i - 1}]"]
    lines += ["h: h39", "g: g39"]
    text = spec(f"[{{if: '{relation}', then: [relu], else: [relu]}}]", hyperparameters="\n".join(lines))
    done = subprocess.run([sys.executable, "-c", ASK], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "384\n" or is_clear(done.stdout)


@pytest.mark.parametrize("count", [50, 1000, 5000])
def test_hyperparameters_in_a_chain(count: int) -> None:
    """Each uses the next; so many in the wrong order must not exhaust anything, whether or not they are worked out."""
    lines = [f"h{i}: h{i + 1}" for i in range(count)] + [f"h{count}: 3"]
    text = spec("[{linear: h0}]", "[4]", hyperparameters="\n".join(lines))
    assert answered(text) in (15, None) if count > 50 else answered(text) == 15


def answered(text: str) -> Any:
    """The params of a spec, or None where it is refused in clear words."""
    try:
        return archcalc.analyze(text).totals.params
    except archcalc.ArchcalcError as error:
        refused = str(error)
    return None if is_clear(refused) else refused


def test_many_branches() -> None:
    branches = ", ".join(f"b{i}: []" for i in range(50_000))
    text = f"{LAYERS}[{{concat: {{{branches}}}}}]\n"
    assert archcalc.analyze(text).outputs[0].shape == (300_000, 8, 8)


def test_too_many_branches_for_a_file() -> None:
    assert is_clear(refusal(f"{LAYERS}[{{concat: {{{', '.join(f'b{i}: []' for i in range(100_000))}}}}}]\n"))


def test_as_many_tensors_as_layers() -> None:
    text = spec("[{repeat: 20000, layers: [{relu, as: 'x[index]'}]}, {concat, from: x}]")
    assert archcalc.analyze(text).outputs[0].shape == (120_000, 8, 8)


def test_tensors_listed_again_and_again() -> None:
    """from: [x, x] doubles what flows, which must come to an end before memory does."""
    assert is_clear(refusal(spec("[{as: x}, {repeat: 60, layers: [{from: [x, x], as: x}]}, {concat, from: x}]")))


def test_many_mistakes_are_counted() -> None:
    said = refusal(f"{LAYERS}\n" + "- rleu\n" * 50_000)
    assert said.splitlines()[-1] == "... and 49980 more"
    assert is_clear(said)


def test_many_equal_names() -> None:
    """As long as its text allows: numbering equal names must not take a pass per name."""
    report = archcalc.analyze(spec("[{repeat: 50000, layers: [identity]}]"))
    assert report.layers[-1].path == "identity50000"


def test_mistake_in_a_late_branch_of_many_equal_names() -> None:
    text = spec("[{repeat: 30000, layers: [relu]}, {add: {a: [], b: [{conv: [3, 1]}]}}]")
    assert "cannot add (6, 8, 8) and (3, 8, 8)" in refusal(text)


def test_long_lines_are_cut_in_excerpts() -> None:
    said = refusal(f"{LAYERS}[{'relu, ' * 100_000}rleu]\n")
    assert "there is no operator or block 'rleu'" in said
    assert is_clear(said)


def test_long_names_are_cut_in_messages() -> None:
    assert is_clear(refusal(f"{LAYERS}[{'r' * 100_000}]\n"))
    assert is_clear(refusal(f"{LAYERS}[{{conv: {{{'k' * 100_000}: 3}}}}]\n"))
    assert is_clear(refusal(f"{LAYERS}[{{conv: [{'k' * 9000}, 3]}}]\n"))
    assert is_clear(refusal(f"{LAYERS}[{{relu, as: {'k' * 100_000}-}}]\n"))
    assert is_clear(refusal(f"{'k' * 100_000}: 3\n{LAYERS}[relu]\n"))


# Expressions that try to be programs.

PROGRAMS = [
    "__import__('os')", "().__class__", "x.__class__", "channels.__class__.__mro__", "lambda: 1", "(lambda x: x)(3)", "f'{1}'",
    "(x := 3)", "[x for x in range(3)]", "{x for x in range(3)}", "{1: 2}", "{1, 2}", "(1, 2)", "1, 2", "*[1]", "range(*[3])",
    "max(key=1)", "print(1)", "eval(1)", "open(1)", "exec(1)", "getattr(1, 2)", "min.__call__(1)", "[min][0](1)",
    "min", "1 .real", "1.real", "1j", "1e5", "0x1F", "0b1", "0o7", "1_0", "'text'", '"text"', "b'x'", "...", "None", "True",
    "False", "x[1:2]", "[1, 2][::1]", "~1", "1 & 2", "1 | 2", "1 ^ 2", "1 << 2", "1 >> 2", "1 @ 2", "1 is 1", "1 is not 1",
    "await 1", "yield 1", "yield", "not", "1 if 2", "1 +", "+", "**", "1 ** ", "import os", "x = 3", "1; 2", "1 # 2", "1\\\n2",
    "`1`", "$x", "x!", "x?", "@x", "\N{MATHEMATICAL ITALIC SMALL X}", "\N{FULLWIDTH DIGIT ONE}", "\N{SUPERSCRIPT TWO}",
    "\N{ARABIC-INDIC DIGIT THREE}", "\N{KELVIN SIGN}", "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "1\N{NO-BREAK SPACE}+ 1",
    "1\N{ZERO WIDTH SPACE}", "\N{RIGHT-TO-LEFT OVERRIDE}1", "a.b.c", "x.channels.channels", "x.shape", "x.depth.x", "3.channels",
    "range", "len", "sum()", "len(1)", "sum(1)", "reversed(3)", "min()", "min([])", "max([])", "abs()", "abs(1, 2)", "floor()",
    "round(1, 2)", "round_to(3)", "round_to(3, 0)", "make_divisible(3, 0)", "1 / 0", "1 // 0", "1 % 0", "0 ** (0 - 1)",
    "2 ** (1/2)", "2 ** true", "true + 1", "true * 2", "-true", "not 1", "1 and 2", "true and 1", "1 or true", "1 if 1 else 2",
    "[1] * 3", "[1] + 1", "[1] < [2]", "true < false", "relu + 1", "relu < conv", "1 in 2", "1 in relu", "[1, 2][2]",
    "[1, 2][0 - 3]", "[1, 2][true]", "[1, 2][1/2]", "[1, 2][relu]", "3[0]", "relu[0]", "[][0]", "first", "last", "index", "if",
    "else", "and", "in", "same + 1", "channels()", "channels[0]", "training + 1", "sum([true])", "sum([[1]])", "len(relu)",
    "'' ", "()", "(", ")", "[", "]", "((1)", "1)", "[1", "1]", "1 2", "x y", "=", "==", "1 == ", "<>", "1 <> 2", "1 =< 2", "!",
]  # fmt: skip


@pytest.mark.parametrize("text", PROGRAMS)
def test_no_expression(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    assert is_clear(refusal(f"{LAYERS}[{{conv: [{quoted}, 3]}}]\n"))


@pytest.mark.parametrize("text", PROGRAMS)
def test_no_setting(text: str) -> None:
    """A value from outside is read by the same grammar; what is right there is still no size."""
    with pytest.raises(archcalc.ArchcalcError) as caught:
        archcalc.analyze(spec("[{conv: [n, 3]}]", hyperparameters="{n: 3}"), settings={"n": text})
    assert is_clear(str(caught.value))


# Parsed mappings.


class Strange:
    """A value no spec holds."""

    def __str__(self) -> str:
        return "strange\x1b[31m"


def _circle() -> dict[str, Any]:
    circle: dict[str, Any] = {"input": [3, 8, 8]}
    circle["layers"] = [{"add": circle}]
    return circle


def _list_circle() -> dict[str, Any]:
    circle: list[Any] = []
    circle.append(circle)
    return {"input": [3, 8, 8], "layers": circle}


def _doubled() -> dict[str, Any]:
    value: Any = ["relu"]
    for _ in range(60):
        value = [value, value]
    return {"input": [3, 8, 8], "layers": value}


def _deep() -> dict[str, Any]:
    value: Any = ["relu"]
    for _ in range(100_000):
        value = [value]
    return {"input": [3, 8, 8], "layers": value}


MAPPINGS: dict[str, Any] = {
    "empty": {},
    "holds itself": _circle(),
    "a list that holds itself": _list_circle(),
    "doubled": _doubled(),
    "deep": _deep(),
    "a float": {"input": [3, 8, 8], "layers": [{"dropout": 0.5}]},
    "infinity": {"input": [3, 8, 8], "layers": [{"dropout": float("inf")}]},
    "bytes": {"input": [3, 8, 8], "layers": [b"relu"]},
    "a set": {"input": [3, 8, 8], "layers": {"relu"}},
    "an object": {"input": [3, 8, 8], "layers": [Strange()]},
    "an object as key": {"input": [3, 8, 8], "layers": [{Strange(): 3}]},
    "a complex number": {"input": [3, 8, 8], "layers": [{"linear": 3j}]},
    "a function": {"input": [3, 8, 8], "layers": [{"linear": len}]},
    "a control character": {"input": [3, 8, 8], "layers": ["relu\x1b[31m"]},
    "a null character": {"input": [3, 8, 8], "layers": ["relu\0"]},
    "a surrogate": {"input": [3, 8, 8], "layers": ["\ud800"]},
    "a surrogate as key": {"input": [3, 8, 8], "layers": [{"\ud800": 3}]},
    "a huge number": {"input": [3, 8, 8], "layers": [{"linear": 10**5000}]},
    "a huge text": {"input": [3, 8, 8], "layers": ["x" * (2 << 20)]},
    "a huge list": {"input": [3, 8, 8], "layers": ["relu"] * 300_000},
    "an empty step": {"input": [3, 8, 8], "layers": [None]},
    "layers as nothing": {"input": [3, 8, 8], "layers": None},
    "keys that are numbers": {3: 4, "layers": []},
    "a merge key": {"<<": {"input": [3, 8, 8]}, "layers": ["rleu"]},
    "quotes and line breaks": {"input": [3, 8, 8], "layers": ["re'lu\n  'x'"]},
    "a text that pretends to be YAML": {"input": [3, 8, 8], "layers": ["'], x: &a [*a]"]},
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_mapping_is_refused(name: str) -> None:
    assert is_clear(refusal(MAPPINGS[name]))


@pytest.mark.parametrize("value", [None, 3, 3.5, ["relu"], object(), b"vgg16", {"relu"}, True])
def test_neither_name_nor_mapping(value: Any) -> None:
    assert is_clear(refusal(value))


SETTINGS: list[Any] = [
    None, 0.5, float("nan"), b"3", {"a": 1}, {1}, Strange(), "", " ", "\0", "\ud800", "\x1b[31m", "3\n", "9**9**9", "x", "1 +",
    "1" * 5000, "(" * 5000, [[[[]]]], ["\x1b"], [0.5], 10**5000, "[1, 2]", [], (1, 2), True, "relu", "conv", -1, 0, "0.5",
]  # fmt: skip


@pytest.mark.parametrize("value", SETTINGS, ids=range(len(SETTINGS)))
def test_setting_is_refused(value: Any) -> None:
    assert is_clear(refusal(spec("[{conv: [n, 3]}]", hyperparameters="{n: 3}"), settings={"n": value}))


def test_setting_that_holds_itself() -> None:
    value: list[Any] = []
    value.append(value)
    assert is_clear(refusal(spec("[{conv: [n, 3]}]", hyperparameters="{n: 3}"), settings={"n": value}))


@pytest.mark.parametrize(
    "name", ["", "m", "__class__", "N", "n ", "\x1b[31m", "training", "channels", "x" * 10_000, "n=3", "\ud800"]
)
def test_setting_of_what_is_no_hyperparameter(name: str) -> None:
    text = spec("[{conv: [n, 3]}]", hyperparameters="{n: 3}")
    assert is_clear(refusal(text, settings={name: 3}))
    assert is_clear(refusal(text, free=[name]))


BATCHES: list[Any] = [
    0,
    -1,
    True,
    1.5,
    "",
    "0",
    "-1",
    "1.5",
    "a b",
    "\x1b",
    "\N{SUPERSCRIPT TWO}",
    "9" * 5000,
    10**5000,
    None,
]


@pytest.mark.parametrize("batch", BATCHES, ids=range(len(BATCHES)))
def test_batch_is_refused(batch: Any) -> None:
    assert is_clear(refusal(f"{LAYERS}[relu]\n", batch=batch))


@pytest.mark.parametrize("dtype", ["", "float31", "\x1b[31m", "x" * 10_000, None, 3])
def test_precision_is_refused(dtype: Any) -> None:
    assert is_clear(refusal(f"{LAYERS}[relu]\n", dtype=dtype))


# The command line.


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("nothing",), ("report",), ("report", "a", "b"), ("report", "vgg16", "--set"), ("report", "vgg16", "--set", "x"),
        ("report", "vgg16", "--set", "=3"), ("report", "vgg16", "--set", "nope=3"), ("report", "vgg16", "--set", "H="),
        ("report", "vgg16", "--set", "H=\x1b[31m"), ("report", "vgg16", "--set", "H=9**9**9"), ("report", "vgg16", "--set", "H=x.y"),
        ("report", "vgg16", "--set", "H=__import__('os')"), ("report", "vgg16", "--set", "H==3"), ("report", "vgg16", "--set", "H=224="),
        ("report", "vgg16", "--set", "H=[1,2]"), ("report", "vgg16", "--set", "H=0"), ("report", "vgg16", "--set", "H=1/2"),
        ("report", "vgg16", "--set", "\udcff=3"), ("report", "vgg16", "--set", "H=\udcff"), ("report", "\udcff"),
        ("report", "vgg16", "--free", "nope"), ("report", "vgg16", "--free", "bn"), ("report", "vgg16", "--free", "depths"),
        ("report", "vgg16", "--free", "\x1b"), ("report", "vgg16", "--batch", "0"), ("report", "vgg16", "--batch", "\x1b"),
        ("report", "vgg16", "--dtype", "float7"), ("report", "vgg16", "--format", "pdf"), ("report", "vgg16", "--max-layers", "x"),
        ("report", "vgg16", "--max-layers", "3"), ("report", "vgg16", "--max-layers", "-3"), ("report", "vgg16", "--output", "/none/x"),
        ("report", "vgg16", "--output", "/"), ("report", "vgg16", "--output", "a\0b"), ("report", "\x1b[31m"), ("report", ""),
        ("report", "."), ("report", "/dev/zero"), ("report", "a/b/c"), ("report", "--nope"), ("report", "vgg61"),
        ("report", "input: [3, 8, 8]\nlayers: [rleu]\n"), ("check",), ("check", "none.yaml"), ("check", "/dev/null"), ("check", "\x1b"),
        ("--nope",), ("\x1b[31m",),
    ],
)  # fmt: skip
def test_command_is_refused(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, errors = command(*arguments, capsys=capsys)
    assert code == 2
    assert "Traceback" not in errors
    assert is_plain(errors.splitlines())


DANGEROUS = {
    "colour": r"\e[31mred\e[0m",
    "title": r"\e]0;title\a",
    "return": r"safe\revil",
    "backspace": r"abc\b\b\b",
    "line": r"a\nb",
    "null": r"a\0b",
    "c1": r"a\x9b31m",
    "turn": r"a\u202Ebc",
    "separator": r"a\u2028b",
    "markup": "[red]bold[/red] [link=http://x]y[/link]",
    "half markup": "[/]",
    "latex": r"\\input{x} $ % & _ # { } ~ ^",
    "formula": "=1+1",
}


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "latex"])
@pytest.mark.parametrize("kind", DANGEROUS)
def test_texts_of_a_spec_are_drawn_as_text(
    kind: str, form: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = DANGEROUS[kind]
    path = tmp_path / "dangerous.yaml"
    path.write_text(f'name: "{text}"\ncite: "{text}"\n{LAYERS}[relu, {{concat: {{"a": [], b: [relu]}}}}]\n')
    code, printed, errors = command("report", str(path), "--format", form, capsys=capsys)
    assert (code, errors) == (0, "")
    assert is_plain(printed.splitlines())


@pytest.mark.parametrize("kind", DANGEROUS)
def test_texts_of_a_spec_are_escaped_in_errors_and_checks(
    kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = DANGEROUS[kind]
    places = [
        f'"{text}": 3\n{LAYERS}[relu]\n',
        f'{LAYERS}["{text}"]\n',
        f'{LAYERS}[{{conv: {{"{text}": 3}}}}]\n',
        f'{LAYERS}[{{conv: ["{text}", 3]}}]\n',
        f'{LAYERS}[{{relu, name: "{text}/"}}]\n',
        f'{LAYERS}[{{relu, as: "{text}"}}]\n',
        f'{LAYERS}[{{add: {{"{text}": [rleu]}}}}]\n',
        f'{LAYERS}[{{for: {{"{text}": [1]}}, layers: []}}]\n',
        f'extends: "{text}"\n',
        f'blocks: {{"{text}": []}}\n{LAYERS}[relu]\n',
        f'{LAYERS}[relu]\nexpect: [{{params: "{text}"}}]\n',
        f'{LAYERS}[relu]\nexpect: [{{params: 0, at: "{text}"}}]\n',
        f'{LAYERS}[relu]\nexpect: [{{params: 0, with: {{"{text}": 3}}}}]\n',
        f'{LAYERS}[relu]\nexpect: [{{params: 3, cite: "{text}", differs: "{text}"}}, {{params: 0, differs: "{text}"}}]\n',
    ]
    for number, written in enumerate(places):
        path = tmp_path / f"wrong{number}.yaml"
        path.write_text(written)
        code, printed, errors = command("check", str(path), capsys=capsys)
        assert code in (1, 2), written
        assert is_plain(printed.splitlines()), written
        assert is_plain(errors.splitlines()), written
        assert "Traceback" not in errors


def test_a_file_name_with_control_characters_is_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a\x1b[31mb.yaml"
    path.write_text(f"{LAYERS}[rleu]\n")
    code, _, errors = command("report", str(path), capsys=capsys)
    assert code == 2
    assert is_plain(errors.splitlines())
    path.write_text(f"{LAYERS}[relu]\nexpect: [{{params: 0}}]\n")
    code, printed, _ = command("check", str(path), capsys=capsys)
    assert code == 0
    assert is_plain(printed.splitlines())


def test_nothing_is_left_of_the_recursion_limit() -> None:
    """Deep as specs may be, the interpreter's own limit is neither raised nor met."""
    before = sys.getrecursionlimit()
    refusal(f"{LAYERS}[forever]{BLOCKS}")
    assert sys.getrecursionlimit() == before


def test_recursion_as_deep_as_allowed_when_the_caller_is_deep_already() -> None:
    """A caller that has used up most of Python's stack gets an error, not a RecursionError."""

    def deeper(left: int) -> str:
        return deeper(left - 1) if left else refusal(f"{LAYERS}[forever]{BLOCKS}")

    assert is_clear(deeper(300))
