"""Fenced examples of a document: read, run in their order, and written with what they print now.

- yaml: a spec, kept as the file that its first line names (`# tiny.yaml`), else as example.yaml. A list of steps
  stands for `layers:`, and a spec without an input gets the default one. It must pass `archcalc check`,
  unless a console block below runs that file: then what is printed there says how it fares.
- console: commands behind `$ `, below each what it prints, errors too. A line `...` stands for any number of lines.
- python: a session, checked as doctests are; without `>>>`, a piece of a module, for the sessions after it.
- sh: commands for a fresh clone; .ci/run runs those of README.md.
- text: nothing to run.
"""

from __future__ import annotations

import io
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from doctest import ELLIPSIS, DocTestParser, DocTestRunner
from pathlib import Path
from typing import Any, NamedTuple

from archcalc.cli import main

DEFAULT_INPUT = "input: [3, 32, 32]"
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced block: its language, its text, and where that stands in the document."""

    language: str
    text: str
    start: int
    line: int

    @property
    def commands(self) -> list[str]:
        """What a console block runs."""
        return [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]


def blocks(document: str) -> list[Block]:
    """The fenced blocks of a document, in order."""
    return [
        Block(match[1], match[2], match.start(2), document.count("\n", 0, match.start(2)) + 1)
        for match in FENCED.finditer(document)
    ]


def replay(document: str) -> str:
    """The document with the output of every example as it comes out now, run in the current folder."""
    found = blocks(document)
    shell = _Shell()
    session: dict[str, Any] = {}
    pieces, done = [], 0
    for position, block in enumerate(found):
        if block.language == "console":
            pieces += [document[done : block.start], shell.replayed(block.text)]
            done = block.start + len(block.text)
        elif block.language == "yaml":
            name = _keep(block.text)
            if not any(name in shlex.split(command) for later in found[position:] for command in later.commands):
                said = shell.run(f"archcalc check {name}")
                assert shell.code == 0, f"the spec in line {block.line}: {said}"
        elif block.language == "python":
            _python(block, session)
        else:
            assert block.language in ("sh", "text"), f"line {block.line}: what is to be done with '{block.language}'?"
    return "".join([*pieces, document[done:]])


class _Shell:
    """Runs `archcalc ...` and `echo $?` in this process."""

    code = 0

    def run(self, command: str) -> str:
        if command == "echo $?":
            return f"{self.code}\n"
        program, *arguments = shlex.split(command)
        assert program == "archcalc", f"only archcalc and 'echo $?' are run, not '{command}'"
        printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        with redirect_stdout(printed), redirect_stderr(printed):
            self.code = main(arguments)
        printed.seek(0)
        return "".join(f"{line.rstrip()}\n" for line in printed)

    def replayed(self, text: str) -> str:
        result = ""
        for part in re.split(r"^(?=\$ )", text, flags=re.MULTILINE):
            if part:
                prompt, _, expected = part.partition("\n")
                output = self.run(prompt[2:])
                result += f"{prompt}\n{expected if _fits(expected, output) else output}"
        return result


def _fits(expected: str, output: str) -> bool:
    pattern = re.escape(expected).replace(re.escape("...\n"), "(?:.*\n)*")
    return re.fullmatch(pattern, output) is not None


def _keep(spec: str) -> str:
    named = re.match(r"# (\S+\.yaml)\n", spec)
    if re.match(r"(#.*\n)*- ", spec):
        spec = f"layers:\n{spec}"
    if not re.search(r"^(input|extends|tool):", spec, re.MULTILINE):  # a counting profile has none
        spec = f"{spec}{DEFAULT_INPUT}\n"
    name = named[1] if named else "example.yaml"
    Path(name).write_text(spec, encoding="utf-8")
    return name


def _python(block: Block, session: dict[str, Any]) -> None:
    if not block.text.startswith(">>>"):
        exec(compile(block.text, "the document", "exec"), session)
        return
    failures = io.StringIO()
    test = DocTestParser().get_doctest(block.text, session, "the document", None, block.line - 1)
    DocTestRunner(optionflags=ELLIPSIS).run(test, out=failures.write, clear_globs=False)
    session.update(test.globs)
    assert not failures.getvalue(), failures.getvalue()
