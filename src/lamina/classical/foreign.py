"""Anybody's estimator as a rival: whatever follows scikit-learn's contract can compete, and most of it can be kept.

It is cloned, given the seed and the number of jobs wherever it leaves them open, and fitted on float64 features and on
codes 0, 1, 2, ... without gaps (some libraries refuse others). Probabilities come from ``predict_proba``; without it
from the softmax of the decision function; without that from the labels, smoothed by `SMOOTHING`: the remarks say so.
Whether what it learnt can lie in a file is settled in `holding.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from lamina.classical.answering import Fitted, fitted
from lamina.classical.asking import few_threads, small_seed
from lamina.classical.constant import LearntConstant
from lamina.classical.holding import hold
from lamina.classical.learnt import Array, Floats, Learnt, check_training, log_shares
from lamina.foundation.errors import LaminaError, SpecError, TrainingError, first_line, nearest

MOST_COMPARED = 10_000  # rows by which a way of holding is judged
# what keeps a library from writing to the terminal or the disk, where nobody has asked for that
QUIET: dict[str, dict[str, Any]] = {
    "lightgbm": {"verbose": -1},
    "catboost": {"verbose": False, "allow_writing_files": False},
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Foreign:
    """An estimator of scikit-learn's contract, not yet fitted. Without ``name`` and ``title`` it goes by its class.

    Raises:
        SpecError: it lacks ``fit``, ``predict`` or ``get_params``, or it is a class instead of an estimator.

    >>> from sklearn.tree import DecisionTreeClassifier
    >>> tree = Foreign(estimator=DecisionTreeClassifier(max_depth=1))
    >>> learnt = tree.fit(np.array([[0], [1]], np.float32), np.array([0, 1]), classes=2, seed=0)
    >>> tree.name, learnt.kind, learnt.scores(np.array([[0.9]], np.float32)).argmax()
    ('DecisionTreeClassifier', 'forest', np.int64(1))
    """

    clipped: ClassVar[bool] = True
    most_rows: ClassVar[int | None] = None

    estimator: Any
    name: str = ""
    title: str = ""

    def __post_init__(self) -> None:
        kind = type(self.estimator).__name__
        missing = [name for name in ("fit", "predict", "get_params") if not hasattr(self.estimator, name)]
        if missing or isinstance(self.estimator, type):
            raise SpecError(
                wrong=f"{self.estimator!r} is a class." if not missing else f"{kind} has no {missing[0]!r}.",
                expected="an estimator with fit, predict and get_params, as scikit-learn has them.",
                remedy="give an instance: Foreign(estimator=ExtraTreesClassifier()).",
            )
        object.__setattr__(self, "name", self.name or kind)
        object.__setattr__(self, "title", self.title or self.name)

    def fit(self, features: Array, truth: Array, *, classes: int, seed: int, jobs: int = 1) -> Learnt:
        """Fit a clone, and hold what it learnt as arrays or as an ONNX graph if that answers alike.

        Where it cannot be held, a `LearntForeign` comes back, which answers but cannot be saved.

        **Shape**: float32 ``(row, feature)``, truth ``(row,)``.

        Raises:
            SpecError: it is made for the other kind of target, or cannot be cloned.
            TrainingError: it raises while fitting or answering, or gives answers of a wrong shape.
            ValueError: rows from which nothing can be learnt.
        """
        check_training(features, truth, classes)
        self._check_kind(classes)
        codes, places = np.unique(truth, return_inverse=True) if classes else (None, truth)
        if codes is not None and len(codes) == 1:
            shares = (np.arange(classes) == codes[0]).astype(np.float64)
            return LearntConstant(answer=log_shares(shares[None])[0], chosen={"answer": "the only class there was"})
        estimator = self._clone(seed, max(1, jobs))
        rows = np.asarray(features, np.float64)
        some = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_COMPARED)).astype(np.int64)]
        with few_threads(jobs):
            try:
                estimator.fit(rows, places)
                answering = fitted(estimator, codes, classes, some)
            except Exception as error:  # somebody else's code may raise anything
                self._fail(error)
            held = hold(answering, some)
        if held.learnt is None:
            return LearntForeign(fitted=answering, why=held.why, remarks=answering.remarks())
        return replace(held.learnt, remarks=answering.remarks())

    def _check_kind(self, classes: int) -> None:
        from sklearn.base import is_classifier, is_regressor

        if is_regressor(self.estimator) if classes else is_classifier(self.estimator):
            raise SpecError(
                wrong=f"{self.name} is made for {'numbers' if classes else 'classes'}.",
                expected=f"an estimator for {'classes' if classes else 'numbers'}, as the target has them.",
                remedy=f"give its counterpart, a {'classifier' if classes else 'regressor'}.",
            )

    def _clone(self, seed: int, jobs: int) -> Any:
        """A fresh copy in which open seeds and numbers of jobs are filled in, those of its parts included."""
        from sklearn.base import clone

        try:
            estimator = clone(self.estimator)
            return estimator.set_params(**_open_settings(estimator, small_seed(seed, "foreign"), jobs))
        except Exception as error:  # somebody else's code may raise anything
            raise SpecError(
                wrong=f"{self.name} cannot be cloned: {first_line(error)}",
                expected="an estimator whose __init__ only stores what it is given.",
                remedy="see sklearn.utils.estimator_checks.check_estimator.",
            ) from error

    def _fail(self, error: Exception) -> NoReturn:
        raise TrainingError(
            wrong=f"{self.name} could not be fitted: {type(error).__name__}: {first_line(error)}",
            expected="an estimator that learns from finite numbers (row, feature) and answers every row.",
            remedy="leave this contender out, or give it other settings.",
        ) from error


@dataclass(frozen=True, kw_only=True, eq=False)
class LearntForeign:
    """What a foreign estimator has learnt, where nothing of ours can hold it: it answers, and cannot be saved."""

    kind: ClassVar[str] = "foreign"
    keepable: ClassVar[bool] = False
    parameters: ClassVar[int] = 0  # not known
    multiply_adds: ClassVar[int] = 0  # not known
    holds_rows: ClassVar[bool] = True  # not known: assume the worst

    fitted: Fitted
    why: str  # it cannot be kept, for a person
    chosen: dict[str, float | int | str] = field(default_factory=dict)
    remarks: dict[str, float] = field(default_factory=dict)

    def scores(self, features: Array) -> Floats:
        """**Shape**: float32 ``(row, feature)`` in, logs of probabilities or numbers ``(row, score)`` out."""
        return self.fitted.scores(features)

    def arrays(self) -> dict[str, Array]:
        """There are none.

        Raises:
            LaminaError: always, with the reason.
        """
        raise LaminaError(
            wrong=f"{type(self.fitted.estimator).__name__} cannot be saved: {self.why}",
            expected="a model that can be held as arrays or as an ONNX graph.",
            remedy="keep another contender, or save the estimator yourself.",
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], *, features: int, scores: int) -> Self:
        """There is nothing to read.

        Raises:
            ValueError: always.
        """
        raise ValueError("a foreign estimator is never kept.")


def foreign_from(text: str) -> Foreign:
    """The estimator that ``package.module:Class`` names, made with its default settings.

    Raises:
        SpecError: the text has another form, nothing of that name can be imported, or it is no estimator.

    >>> foreign_from("sklearn.naive_bayes:GaussianNB").title
    'GaussianNB'
    """
    place, colon, name = text.partition(":")
    if not (colon and name.isidentifier() and all(part.isidentifier() for part in place.split("."))):
        _refuse(text, "this does not name a class.", "sklearn.ensemble:ExtraTreesClassifier")
    try:
        module = import_module(place)
    except Exception as error:  # a module that is there may still raise anything
        _refuse(text, f"{place} cannot be imported: {first_line(error)}.", f"pip install {place.split('.')[0]}", error)
    if not hasattr(module, name):
        _refuse(text, f"{place} has no {name!r}.", nearest(name, [n for n in dir(module) if n[0].isupper()]))
    kind = getattr(module, name)
    if not isinstance(kind, type):
        _refuse(text, f"{name!r} is no class.", "sklearn.ensemble:ExtraTreesClassifier")
    try:
        estimator = kind()
    except Exception as error:  # somebody else's code may raise anything
        _refuse(text, f"{name} cannot be made without arguments: {first_line(error)}.", _IN_PYTHON, error)
    return Foreign(estimator=estimator)


_IN_PYTHON = "make it in Python: contenders=[Foreign(estimator=...)]."


def _refuse(text: str, wrong: str, remedy: str, cause: Exception | None = None) -> NoReturn:
    raise SpecError(
        wrong=f"the contender {text!r} cannot be used: {wrong}",
        expected="package.module:Class, a class that follows scikit-learn's contract.",
        remedy=remedy,
    ) from cause


def _open_settings(estimator: Any, seed: int, jobs: int) -> dict[str, Any]:
    """Values for what an estimator and its parts leave open: seeds, numbers of threads, and how much they print.

    scikit-learn's own take one thread if nothing is said, and some warn if anything is; other libraries take them all.
    """
    parts = {"": estimator}
    for name, value in estimator.get_params(deep=True).items():
        if hasattr(value, "get_params") and not isinstance(value, type):
            parts[f"{name}__"] = value
    found: dict[str, Any] = {}
    for prefix, part in parts.items():
        library = type(part).__module__.partition(".")[0]
        given = part.get_params(deep=False)
        wanted = {"random_state": seed} if library == "sklearn" else {"random_state": seed, "n_jobs": jobs}
        quiet = {name: value for name, value in QUIET.get(library, {}).items() if name not in given}
        found |= {prefix + name: value for name, value in wanted.items() if name in given and given[name] is None}
        found |= {prefix + name: value for name, value in quiet.items()}
    return found
