"""An ONNX graph that answers: the last way to keep what somebody else's estimator has learnt, without pickle.

The graph is bytes in an array. It is checked as data (`graph_checks.py`) before onnxruntime sees it, and runs on one
thread of the CPU. For classes it gives their probabilities, for numbers the standardised number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from lamina.classical.graph_checks import numbers_in, read_graph
from lamina.classical.learnt import Array, Axes, Floats, check_arrays, check_codes, log_shares
from lamina.foundation.errors import LaminaError

ROWS_AT_ONCE = 8192


class Session(NamedTuple):
    """A graph that the runtime has taken up, with the type of numbers that it wants."""

    runtime: Any
    name: str
    dtype: np.dtype[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class LearntGraph:
    """A graph from features to probabilities of the classes ``codes``, or to one number (no codes, ``classes`` is 0).

    **Shape**: uint8 ``graph`` ``(byte,)``; int64 ``codes`` ``(class,)``.

    Raises:
        ValueError: the graph is not one that may run, or answers in another shape.
        LaminaError: onnx and onnxruntime are not installed.
    """

    kind: ClassVar[str] = "graph"
    keepable: ClassVar[bool] = True

    graph: Array
    codes: Array | None
    features: int
    classes: int
    holds_rows: bool
    chosen: dict[str, float | int | str] = field(default_factory=dict)
    remarks: dict[str, float] = field(default_factory=dict)
    parameters: int = field(init=False)
    _session: list[Session] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        need_onnx()
        data = self.graph.tobytes()
        model = read_graph(data, features=self.features)
        object.__setattr__(self, "parameters", numbers_in(model))
        object.__setattr__(self, "_session", [_start(data)])
        self._ask(np.zeros((2, self.features), np.float32))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": []}  # a running session cannot travel to another process

    @property
    def multiply_adds(self) -> int:
        """About one for each number that the graph holds."""
        return self.parameters

    def scores(self, features: Array) -> Floats:
        """**Shape**: float32 ``(row, feature)`` in, logs of probabilities or numbers ``(row, score)`` out.

        Raises:
            ValueError: the graph answers with something that is not a number.
        """
        parts = [self._ask(features[at : at + ROWS_AT_ONCE]) for at in range(0, len(features), ROWS_AT_ONCE)]
        answers = np.concatenate([np.zeros((0, self._outputs)), *parts])
        if not np.isfinite(answers).all():
            raise ValueError("the ONNX graph answers with a value that is not finite.")
        if self.codes is None:
            return answers
        shares = np.zeros((len(answers), self.classes))
        shares[:, self.codes] = answers
        return log_shares(shares)

    def arrays(self) -> dict[str, Array]:
        """The bytes, whether they hold training rows, and the codes of the classes."""
        codes = {} if self.codes is None else {"codes": self.codes}
        return {"graph": self.graph, "holds_rows": np.array([self.holds_rows]), **codes}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int, scores: int) -> Self:
        """What `arrays` came from.

        Raises:
            ValueError: other arrays than that, codes that are no classes, or a graph that may not run.
            LaminaError: onnx and onnxruntime are not installed.
        """
        wanted: dict[str, tuple[str, Axes]] = {"graph": ("uint8", ("byte",)), "holds_rows": ("bool", (1,))}
        check_arrays(arrays, wanted | ({"codes": ("int64", ("class",))} if scores > 1 else {}))
        if scores > 1:
            check_codes(arrays["codes"], scores)
        return cls(
            graph=arrays["graph"],
            codes=arrays.get("codes"),
            features=features,
            classes=scores if scores > 1 else 0,
            holds_rows=bool(arrays["holds_rows"][0]),
        )

    @property
    def _outputs(self) -> int:
        return 1 if self.codes is None else len(self.codes)

    def _ask(self, features: Array) -> Floats:
        if not self._session:
            self._session.append(_start(self.graph.tobytes()))
        session = self._session[0]
        try:
            (answer,) = session.runtime.run(None, {session.name: np.ascontiguousarray(features, session.dtype)})
        except Exception as error:  # onnxruntime has many kinds, and none of them in a public place
            raise ValueError(f"the ONNX graph cannot be run: {error}") from error
        if answer.shape != (len(features), self._outputs):
            raise ValueError(f"the ONNX graph answers {answer.shape}, not {(len(features), self._outputs)}.")
        return np.asarray(answer, np.float64)


def need_onnx() -> None:
    """Make sure that graphs can be read and run.

    Raises:
        LaminaError: onnx or onnxruntime is not installed.
    """
    try:
        for name in ("onnx", "onnxruntime"):
            import_module(name)
    except ImportError as error:
        raise LaminaError(
            wrong=f"this model is an ONNX graph, and {error.name or 'onnx'} is not installed.",
            expected="onnx and onnxruntime, which read and run such a graph.",
            remedy="pip install 'lamina[onnx]'",
        ) from error


def _start(data: bytes) -> Session:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        runtime = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has many kinds, and none of them in a public place
        raise ValueError(f"the ONNX graph cannot be run: {error}") from error
    (entry,) = runtime.get_inputs()
    return Session(runtime, entry.name, np.dtype(np.float64 if entry.type == "tensor(double)" else np.float32))
