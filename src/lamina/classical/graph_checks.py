"""What an ONNX graph must be before a runtime may see it: small, closed, and made of plain arithmetic.

A graph from a file could name other files to be read, run in circles, or ask for operators that a plug-in brings. So it
is read here as data first, and whatever is not known to be harmless is refused: only the operators on a closed list,
no functions, no graphs inside graphs, no tensors that lie elsewhere, trees whose children come after their parents.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from lamina.foundation.errors import require

MOST_BYTES = 2**28
STANDARD = {"": "ai.onnx", "ai.onnx": "ai.onnx", "ai.onnx.ml": "ai.onnx.ml"}
_ARITHMETIC = """
    Abs Add And ArgMax ArgMin Cast Ceil Clip Concat Constant Cos Div Equal Erf Exp Flatten Floor Gather GatherElements
    Gemm Greater GreaterOrEqual Identity IsNaN Less LessOrEqual Log LogSoftmax MatMul Max Mean Min Mul Neg Not Or Pow
    Reciprocal ReduceL1 ReduceL2 ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
    Relu Reshape Round Shape Sigmoid Sign Sin Slice Softmax Softplus Split Sqrt Squeeze Sub Sum Tanh TopK Transpose
    Unsqueeze Where Xor
"""
_LEARNING = """
    ArrayFeatureExtractor Binarizer Imputer LinearClassifier LinearRegressor Normalizer OneHotEncoder Scaler
    SVMClassifier SVMRegressor TreeEnsembleClassifier TreeEnsembleRegressor
"""
OPERATORS = {"ai.onnx": frozenset(_ARITHMETIC.split()), "ai.onnx.ml": frozenset(_LEARNING.split())}


def read_graph(data: bytes, *, features: int) -> Any:
    """The ``ModelProto`` in the bytes, once it is known to be harmless: one float table in, one float tensor out.

    Raises:
        ValueError: a sentence that says what is wrong with it.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped,unused-ignore]

    _require(len(data) <= MOST_BYTES, f"it has {len(data)} bytes, more than {MOST_BYTES}")
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise ValueError(f"these bytes are no ONNX graph: {error}.") from error
    _check_closed(model)
    for node in model.graph.node:
        _check_node(node)
    _check_ends(model.graph, features)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ValueError(f"the ONNX graph is broken: {error}") from error
    return model


def numbers_in(model: Any) -> int:
    """How many numbers a graph holds: in its tensors, and in the float lists of its operators."""
    tensors = [*model.graph.initializer, *(a.t for n in model.graph.node for a in n.attribute if a.HasField("t"))]
    sizes = [_product(tensor.dims) for tensor in tensors]
    return sum(sizes) + sum(len(a.floats) for node in model.graph.node for a in node.attribute)


def _check_closed(model: Any) -> None:
    """Nothing is brought along, and nothing is fetched from elsewhere."""
    foreign = sorted({str(entry.domain) for entry in model.opset_import} - set(STANDARD))
    _require(not foreign, f"it asks for operators from {', '.join(foreign)}")
    _require(not model.functions, "it brings functions of its own")
    _require(not model.training_info, "it brings steps of training")
    _require(not model.graph.sparse_initializer, "it holds sparse tensors")
    for tensor in model.graph.initializer:
        _check_tensor(tensor)


def _check_node(node: Any) -> None:
    domain = STANDARD.get(node.domain)
    _require(domain is not None, f"it asks for operators from {node.domain}")
    _require(node.op_type in OPERATORS[str(domain)], f"the operator {node.op_type!r} is not on the list of plain ones")
    for attribute in node.attribute:
        inside = attribute.HasField("g") or attribute.graphs or attribute.ref_attr_name
        sparse = attribute.HasField("sparse_tensor") or attribute.sparse_tensors
        _require(not (inside or sparse), f"{node.op_type} holds a graph or a sparse tensor")
        for tensor in [attribute.t, *attribute.tensors]:
            _check_tensor(tensor)
    if node.op_type.startswith("TreeEnsemble"):
        _check_ensemble(node)


def _check_tensor(tensor: Any) -> None:
    elsewhere = tensor.data_location != tensor.DEFAULT or tensor.external_data
    _require(not elsewhere, f"the tensor {tensor.name!r} lies in another file")


def _check_ensemble(node: Any) -> None:
    """Children come after their parent: otherwise a row could walk in a circle."""
    lists = {attribute.name: list(attribute.ints) for attribute in node.attribute}
    modes = next((list(a.strings) for a in node.attribute if a.name == "nodes_modes"), [])
    own, yes, no = (lists.get(f"nodes_{name}", []) for name in ("nodeids", "truenodeids", "falsenodeids"))
    _require(len(own) == len(yes) == len(no) == len(modes), f"the lists of {node.op_type} differ in length")
    for mode, *ids in zip(modes, own, yes, no, strict=True):
        _require(mode == b"LEAF" or min(ids[1:]) > ids[0], f"a node of {node.op_type} leads back")


def _check_ends(graph: Any, features: int) -> None:
    _require(len(graph.input) == 1, f"it has {len(graph.input)} inputs, not one")
    _require(len(graph.output) == 1, f"it has {len(graph.output)} outputs, not one")
    for end in (graph.input[0], graph.output[0]):
        kind = end.type.tensor_type.elem_type
        _require(
            end.type.HasField("tensor_type") and kind in (1, 11), f"{end.name!r} is no table of floats"
        )  # or doubles
    axes = graph.input[0].type.tensor_type.shape.dim
    _require(len(axes) == 2 and not axes[0].HasField("dim_value"), "its input is not (any number of rows, feature)")
    _require(axes[1].dim_value == features, f"it takes {axes[1].dim_value} features, not {features}")


def _product(sizes: Any) -> int:
    product = 1
    for size in sizes:
        product *= int(size)
    return product


def _refused(complaint: str) -> ValueError:
    return ValueError(f"the ONNX graph is refused: {complaint}")


_require = partial(require, refusal=_refused)
