"""What each operator moves: by hand on small networks, and what moves nothing."""

from __future__ import annotations

from asking import spec

import archcalc
from archcalc.analysis.traffic import Traffic, traffic


def moved(layers: str, shape: str = "[6, 8, 8]", batch: int = 1, *, training: bool = False) -> dict[str, Traffic]:
    """What every operator moves, by its path."""
    graph = archcalc.graph(spec(layers, shape), training=training)
    moves = traffic(graph, batch, training=training)
    return dict(zip([node.path for node in graph.nodes if node.op], moves, strict=True))


def test_a_layer_reads_its_input_and_its_weights_and_writes_its_output() -> None:
    conv = moved("[{conv: {out: 4, kernel: 3}}]")["conv"]
    assert conv.flops == 2 * 54 * 144 + 144
    assert conv.tensors == (6 * 8 * 8, 4 * 6 * 6)
    assert [(array.size, array.read, array.learned) for array in conv.arrays] == [(216, 216, True), (4, 4, True)]


def test_buffers_are_read_too() -> None:
    norm = moved("[batch_norm]")["batch_norm"]
    assert [(array.owner[1], array.read, array.learned) for array in norm.arrays] == [
        ("weight", 6, True),
        ("bias", 6, True),
        ("running_mean", 6, False),
        ("running_variance", 6, False),
    ]


def test_views_and_idle_operators_move_nothing() -> None:
    found = moved("[{dropout: 0.5}, flatten, {linear: 10}]")
    assert found["dropout"] == found["flatten"] == Traffic()
    assert found["linear"].tensors == (6 * 8 * 8, 10)
    assert moved("[{dropout: 0.5}]", training=True)["dropout"].tensors == (384, 384)


def test_a_reader_of_a_view_reads_what_the_view_shows() -> None:
    assert moved("[{slice: [0, 2]}, relu]")["relu"].tensors == (128, 128)


def test_merges_read_each_tensor_once() -> None:
    assert moved("[{add: {a: [relu], b: []}}]")["add"].tensors == (384, 384, 384)
    assert moved("[{multiply: {a: [], b: []}}]")["multiply"].tensors == (384, 384)
    assert moved("[{concat: {a: [relu], b: []}}]")["concat"].tensors == (384, 384, 768)


def test_a_look_up_reads_a_row_per_token_and_no_more_than_there_are() -> None:
    for batch, rows in ((1, 8), (2, 16), (12, 96), (13, 100), (99, 100)):
        (table,) = moved("[{embedding: [100, 16]}]", "[8]", batch)["embedding"].arrays
        assert (table.size, table.read) == (1600, 16 * rows)


def test_positions_that_are_not_there_are_not_read() -> None:
    (vectors,) = moved("[{position: {count: 100}}]", "[8, 6]", 5)["position"].arrays
    assert (vectors.size, vectors.read) == (600, 48)


def test_shared_weights_are_carried_once_and_read_by_each() -> None:
    tied = "[{embedding: [100, 16], share: t}, {linear: {out: 100, bias: false}, share: t}]"
    found = moved(tied, "[8]")
    (table,), (head,) = found["embedding"].arrays, found["linear"].arrays
    assert table.owner == head.owner
    assert (table.read, head.read) == (8 * 16, 1600)
