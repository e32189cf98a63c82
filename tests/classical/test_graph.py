"""ONNX graphs: what may run, what is refused before the runtime sees it, and what comes out."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from classical.damage import check_kept
from lamina.classical import graph_checks
from lamina.classical.graph import LearntGraph
from lamina.classical.graph_checks import read_graph
from lamina.foundation.errors import LaminaError


def affine_graph(change: Callable[[Any], None] = lambda model: None, *, outputs: int = 2) -> Any:
    """Softmax of an affine map of three features, changed by whoever wants to break it."""
    weight = np.arange(3 * outputs, dtype=np.float32).reshape(3, outputs) / 10
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["rows", "weight"], ["raw"]), helper.make_node("Softmax", ["raw"], ["shares"])],
        "affine",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info("shares", TensorProto.FLOAT, [None, outputs])],
        [numpy_helper.from_array(weight, "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    change(model)
    return model


def learnt_from(model: Any, **changes: Any) -> LearntGraph:
    """The learnt thing that holds a graph for two classes of two."""
    given = {"codes": np.array([0, 1]), "features": 3, "classes": 2, "holds_rows": False}
    return LearntGraph(graph=np.frombuffer(model.SerializeToString(), np.uint8), **(given | changes))


def some_rows(rows: int = 20) -> Any:
    """Features of a few rows."""
    return np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32)


def test_a_graph_answers_with_logs_of_its_shares() -> None:
    """Scores are what the graph says, in the places of its classes."""
    rows = some_rows()
    raw = rows @ (np.arange(6, dtype=np.float32).reshape(3, 2) / 10)
    wanted = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    learnt = learnt_from(affine_graph(), codes=np.array([0, 2]), classes=3)
    np.testing.assert_allclose(np.exp(learnt.scores(rows))[:, [0, 2]], wanted, atol=1e-6)
    assert np.exp(learnt.scores(rows))[:, 1].max() < 1e-9
    assert (learnt.parameters, learnt.multiply_adds) == (6, 6)


def test_what_is_kept_answers_alike() -> None:
    """Its arrays are enough, damaged ones are refused, and a copy from another process answers too."""
    learnt = learnt_from(affine_graph())
    check_kept(learnt, some_rows(), 2)
    assert (pickle.loads(pickle.dumps(learnt)).scores(some_rows()) == learnt.scores(some_rows())).all()
    assert LearntGraph.from_arrays(
        learnt_from(affine_graph(), holds_rows=True).arrays(), features=3, scores=2
    ).holds_rows


def test_many_rows_go_through_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows are asked at once, they answer alike."""
    learnt = learnt_from(affine_graph())
    whole = learnt.scores(some_rows(50))
    monkeypatch.setattr("lamina.classical.graph.ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(learnt.scores(some_rows(50)), whole, rtol=1e-6)


def elsewhere(model: Any) -> None:
    """Let the weights lie in another file."""
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/hostname")


def elsewhere_in_a_node(model: Any) -> None:
    """Let a constant lie in another file."""
    tensor = TensorProto(data_type=TensorProto.FLOAT, dims=[1], name="hidden", data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="hidden.bin")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["hidden"], value=tensor))


def own_function(model: Any) -> None:
    """Bring a function along."""
    model.functions.append(helper.make_function("", "Mine", ["a"], ["b"], [], [helper.make_opsetid("", 17)]))


def branch(model: Any) -> None:
    """Hide a graph in a graph."""
    inside = helper.make_graph([], "inside", [], [])
    model.graph.node.append(helper.make_node("Identity", ["raw"], ["other"], body=inside))


def tree_in_a_circle(model: Any) -> None:
    """Let a tree's child be its own grandparent."""
    names = ("nodes_nodeids", "nodes_truenodeids", "nodes_falsenodeids")
    lists = dict(zip(names, ([0, 1, 2], [1, 0, 0], [2, 2, 0]), strict=True))
    modes = {"nodes_modes": ["BRANCH_LEQ", "BRANCH_LEQ", "LEAF"]}
    node = helper.make_node("TreeEnsembleRegressor", ["rows"], ["more"], domain="ai.onnx.ml", **lists, **modes)
    model.graph.node.append(node)


def tree_by_ids_out_of_place(model: Any) -> None:
    """Leave out the list of modes."""
    model.graph.node.append(
        helper.make_node("TreeEnsembleRegressor", ["rows"], ["more"], domain="ai.onnx.ml", nodes_nodeids=[0])
    )


REFUSED: dict[str, tuple[Callable[[Any], None], str]] = {
    "weights elsewhere": (elsewhere, "lies in another file"),
    "a constant elsewhere": (elsewhere_in_a_node, "lies in another file"),
    "another domain": (lambda m: m.opset_import.add(domain="com.example", version=1), "operators from com.example"),
    "a plug-in": (lambda m: setattr(m.graph.node[0], "domain", "com.microsoft"), "operators from com.microsoft"),
    "a function": (own_function, "functions of its own"),
    "training": (lambda m: m.training_info.add(), "steps of training"),
    "a loop": (lambda m: setattr(m.graph.node[0], "op_type", "Loop"), "'Loop' is not on the list"),
    "chance": (lambda m: setattr(m.graph.node[0], "op_type", "RandomNormal"), "not on the list"),
    "a graph inside": (branch, "holds a graph"),
    "a sparse tensor": (lambda m: m.graph.sparse_initializer.add(), "sparse tensors"),
    "a circle": (tree_in_a_circle, "leads back"),
    "half a tree": (tree_by_ids_out_of_place, "differ in length"),
    "two inputs": (lambda m: m.graph.input.append(m.graph.input[0]), "2 inputs"),
    "two outputs": (lambda m: m.graph.output.append(m.graph.output[0]), "2 outputs"),
    "text": (lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", 8), "no table of floats"),
    "no output type": (lambda m: m.graph.output[0].ClearField("type"), "no table of floats"),
    "four features": (lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", 4), "4 features"),
    "one row": (
        lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[0], "dim_value", 1),
        "any number of rows",
    ),
    "no order": (lambda m: m.graph.node.reverse(), "broken"),
    "no such operator": (lambda m: setattr(m.graph.node[1], "op_type", "Sofmax"), "not on the list"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_do_harm_is_refused_before_it_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other kind of graph is refused in words, and the runtime never sees it."""

    def never(*args: Any) -> None:
        pytest.fail("the runtime was asked")

    monkeypatch.setattr("lamina.classical.graph._start", never)
    change, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        learnt_from(affine_graph(change))


def test_a_graph_that_passes_is_the_one_that_was_written() -> None:
    """The plain graph itself is not refused: the cases above are refused for what they changed."""
    assert read_graph(affine_graph().SerializeToString(), features=3).graph.name == "affine"


def test_bytes_that_are_no_graph_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise, nothing at all, and more than a graph may have."""
    for data in (b"", b"\x00\xff" * 50, affine_graph().SerializeToString()[:-9]):
        with pytest.raises(ValueError, match="ONNX graph"):
            read_graph(data, features=3)
    monkeypatch.setattr(graph_checks, "MOST_BYTES", 10)
    with pytest.raises(ValueError, match="more than 10"):
        read_graph(affine_graph().SerializeToString(), features=3)


def test_a_graph_of_another_width_is_refused() -> None:
    """As many answers as there are codes, or one number."""
    with pytest.raises(ValueError, match="answers"):
        learnt_from(affine_graph(outputs=4))
    with pytest.raises(ValueError, match="answers"):
        learnt_from(affine_graph(), codes=None, classes=0)
    assert learnt_from(affine_graph(outputs=1), codes=None, classes=0).scores(some_rows(4)).shape == (4, 1)


def test_a_graph_that_cannot_run_is_refused() -> None:
    """Shapes that do not fit together are seen when it is taken up, not at the first prediction."""

    def wider(model: Any) -> None:
        model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.zeros((4, 2), np.float32), "weight"))

    with pytest.raises(ValueError, match=r"cannot be run|broken"):
        learnt_from(affine_graph(wider))


def test_answers_that_are_not_finite_are_refused() -> None:
    """A log of nothing is no answer."""

    def log_last(model: Any) -> None:
        model.graph.node[1].op_type = "Log"

    learnt = learnt_from(affine_graph(log_last))
    with pytest.raises(ValueError, match="not finite"):
        learnt.scores(-some_rows())


def test_without_onnx_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three parts, the last of which can be pasted."""
    arrays = learnt_from(affine_graph()).arrays()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(LaminaError, match="onnxruntime is not installed") as caught:
        LearntGraph.from_arrays(arrays, features=3, scores=2)
    assert caught.value.remedy == "pip install 'lamina[onnx]'"


def test_one_thread_is_enough() -> None:
    """The runtime is not left to take every core."""
    options = learnt_from(affine_graph())._session[0].runtime.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
