"""From a fitted scikit-learn estimator to an ONNX graph, through skl2onnx.

Double precision is tried first, single precision where an operator has no other; the graph must answer as the estimator
does, so neither is taken on trust. Of a classifier's outputs only the probabilities stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lamina.classical.answering import Fitted
from lamina.classical.graph import LearntGraph
from lamina.foundation.errors import LaminaError, first_line

# where scikit-learn's estimators keep rows they were fitted on
ROWS_INSIDE = frozenset({"support_vectors_", "_fit_X", "X_fit_", "X_train_", "_X_fit", "X_thresholds_"})


class CannotHoldError(Exception):
    """An estimator has no graph that answers alike; the text says why."""


def to_graph(fitted: Fitted, features: int, alike: Callable[[LearntGraph], bool]) -> LearntGraph:
    """A graph for which ``alike`` holds.

    Raises:
        CannotHoldError: there is none.
    """
    if fitted.way in ("decision", "labels"):
        raise CannotHoldError("it gives no probabilities, and only those can be kept as an ONNX graph.")
    reasons = []
    for wide in (True, False):
        try:
            graph = _graph(fitted, features, wide)
            if alike(graph):
                return graph
            reasons.append("its ONNX graph answers differently.")
        except LaminaError as error:
            raise CannotHoldError(f"{error.wrong} {error.remedy}") from error
        except ValueError as error:
            reasons.append(str(error))
    raise CannotHoldError(reasons[-1])


def holds_rows(estimator: Any) -> bool:
    """Whether an estimator, or a part of it, keeps rows it was fitted on.

    >>> from sklearn.svm import SVC
    >>> holds_rows(SVC().fit([[0.0], [1.0]], [0, 1]))
    True
    """
    seen: set[int] = set()
    return any(ROWS_INSIDE & set(vars(part)) for part in _parts(estimator, seen))


def _parts(thing: Any, seen: set[int]) -> Iterator[Any]:
    """Everything inside that has attributes of its own, once each."""
    if id(thing) in seen or (isinstance(thing, np.ndarray) and thing.dtype != object):
        return
    seen.add(id(thing))
    if isinstance(thing, dict):
        yield from (part for value in thing.values() for part in _parts(value, seen))
    elif isinstance(thing, list | tuple | np.ndarray):
        yield from (part for value in thing for part in _parts(value, seen))
    elif hasattr(thing, "get_params") and hasattr(thing, "__dict__") and not isinstance(thing, type):
        yield thing
        yield from _parts(vars(thing), seen)


def _graph(fitted: Fitted, features: int, wide: bool) -> LearntGraph:
    """The checked graph in double (``wide``) or single precision.

    Raises:
        ValueError: skl2onnx cannot make it, or it may not run.
        LaminaError: a library is missing.
    """
    data = _convert(fitted, features, wide)
    return LearntGraph(
        graph=np.frombuffer(data, np.uint8).copy(),
        codes=None if fitted.codes is None else fitted.seen(),
        features=features,
        classes=fitted.classes,
        holds_rows=holds_rows(fitted.estimator),
    )


def _convert(fitted: Fitted, features: int, wide: bool) -> bytes:
    try:
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
    except ImportError as error:
        raise LaminaError(
            wrong=f"it could only be kept as an ONNX graph, and {error.name} is not installed.",
            expected="skl2onnx, which makes such a graph.",
            remedy="pip install 'lamina[onnx]'",
        ) from error
    kind = DoubleTensorType if wide else FloatTensorType
    options = None if fitted.codes is None else {"zipmap": False}
    try:
        model = convert_sklearn(fitted.estimator, initial_types=[("rows", kind([None, features]))], options=options)
        _keep_last_output(model.graph)
        data: bytes = model.SerializeToString()
    except Exception as error:  # skl2onnx has many kinds, and no common parent
        raise ValueError(f"skl2onnx cannot convert it: {first_line(error)}") from error
    return data


def _keep_last_output(graph: Any) -> None:
    """Cut off the outputs before the last, with every node and tensor that only they need."""
    del graph.output[:-1]
    needed = {graph.output[0].name}
    for node in reversed(list(graph.node)):  # in a graph, who is needed comes before who needs it
        if needed & set(node.output):
            needed |= set(node.input)
        else:
            graph.node.remove(node)
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in needed]:
        graph.initializer.remove(tensor)
