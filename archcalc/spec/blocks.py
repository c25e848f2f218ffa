"""Reads the blocks of a spec: a name, parameters with their defaults, and steps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcalc.spec.language import Block, Expression
from archcalc.spec.read import split_commas
from archcalc.spec.source import Mapping, Node, Scalar

if TYPE_CHECKING:
    from archcalc.spec.read import Reader

_BLOCK = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*(?:\((.*)\))?", re.DOTALL)


def read_blocks(reader: Reader, node: Node) -> dict[str, Block]:
    """The blocks of a file by name."""
    if not isinstance(node, Mapping):
        reader.wrong("blocks is a mapping, as in 'unit(out, kernel=3): [steps]'", node)
        return {}
    blocks: dict[str, Block] = {}
    for key, value in node.entries:
        block = _block(reader, key, value)
        if block and block.name in blocks:
            reader.wrong(f"the block '{block.name}' stands here twice", key)
        elif block:
            blocks[block.name] = block
    return blocks


def _block(reader: Reader, key: Scalar, value: Node) -> Block | None:
    match = _BLOCK.fullmatch(key.text.strip())
    if match is None:
        reader.wrong(f"'{key.text}' does not start a block", key, "write 'name(a, b=default):' and its steps below")
        return None
    name = reader.identifier(key, match[1], "a block")
    parameters: list[tuple[str, Expression | None]] = []
    names: set[str] = set()
    for written in split_commas(match[2] or ""):
        parameter, equals, default = written.partition("=")
        parameter = reader.identifier(key, parameter.strip(), "a parameter")
        if parameter in names:
            reader.wrong(f"the parameter '{parameter}' stands here twice", key)
        names.add(parameter)
        if not equals and parameters and parameters[-1][1] is not None:
            reader.wrong(f"'{parameter}' needs a default: it comes after a parameter that has one", key)
        default_node = key.part(default.strip())
        parameters.append((parameter, reader.expression(default_node) if equals else None))
    return Block(name, tuple(parameters), reader.steps(value, f"the block '{name}'"), key)
