"""The classical predictor: what a family of `lamina.classical` has learnt, with the same face as a network's predictor.

It knows arrays only. Scores stay float64 from beginning to end: what was saved answers to the last bit as it did.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from lamina.classical import FAMILIES, LEARNT, Hog, Kernels, Learnt, LearntRead, LearntWarping, Reader, TfIdf, Warping
from lamina.data import Batch
from lamina.foundation.errors import LaminaError, ModelFileError
from lamina.foundation.signature import Signature
from lamina.model.predictor import MOST_COUNT

MOST_NUMBERS = 2**26  # of all images, texts and series of a row together
_TITLES = {name: family.title for name, family in FAMILIES.items()} | {
    "support": FAMILIES["svm"].title,  # the other kinds of arrays are called as their families are
    LearntWarping.kind: Warping.title,
}
HOLDS_ROWS = "Encoded training rows are in the file: whoever has the file can read what they hold."


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassicPredictor:
    """One learner, not a network, that answers about encoded rows.

    Raises:
        ModelFileError: the signature has codes of categories, which only networks read, or absurdly many features.

    >>> from lamina.classical import Constant
    >>> learnt = Constant().fit(np.zeros((4, 2), np.float32), np.array([0, 1, 1, 1]), classes=2, seed=0)
    >>> predictor = ClassicPredictor(learnt=learnt, signature=Signature(features=2, scores=2))
    >>> batch = Batch(numbers=np.zeros((1, 2), np.float32), categories=np.zeros((1, 0), np.int64))
    >>> np.exp(predictor.scores(batch)).round(6).tolist()
    [[[0.25, 0.75]]]
    """

    members: ClassVar[int] = 1

    learnt: Learnt
    signature: Signature

    def __post_init__(self) -> None:
        if self.signature.categories:
            raise _unfit(f"it is to read {len(self.signature.categories)} columns of codes")
        if max(self.signature.features, self.signature.scores) > MOST_COUNT:
            raise _unfit(f"{max(self.signature.features, self.signature.scores):.3g} features or scores are too many")
        numbers = field_numbers(self.signature)
        if numbers > MOST_NUMBERS:
            raise _unfit(f"a row with images, texts and series of {numbers:.3g} numbers is too large")

    @property
    def kind(self) -> str:
        """The kind of learner, one of `lamina.classical.LEARNT` if it can be kept in a file."""
        return self.learnt.kind

    @property
    def size(self) -> int:
        """Numbers that were learnt."""
        return self.learnt.parameters

    def scores(self, batch: Batch, *, device: Any = "cpu", rows_at_once: int = 8192) -> npt.NDArray[np.float64]:
        """The scores for every row: logs of chances, or one standardised number.

        Args:
            batch: encoded rows, as the encoder of this signature makes them.
            device: changes nothing: arrays are reckoned with on the CPU.
            rows_at_once: rows that are given to the learner at a time.

        **Shape**: float64 ``(member, row, score)`` out, with one member.
        """
        starts = range(0, batch.rows, max(1, rows_at_once))
        parts = [self.learnt.scores(_slice(batch, start, start + max(1, rows_at_once))) for start in starts]
        empty = np.empty((0, self.signature.scores))
        scores: npt.NDArray[np.float64] = np.concatenate([empty, *parts])[None]
        return scores

    def answers(self) -> bool:
        """Whether the learner takes so many features and gives so many scores: asked of one row of zeros.

        A reader is held against the fields first: nothing is reckoned for those of another shape.
        """
        try:
            if isinstance(self.learnt, LearntRead | LearntWarping):
                self.learnt.reader.check_fields(self.signature.fields)
            with np.errstate(all="ignore"):
                scores = self.learnt.scores(_slice(_zeros(self.signature), 0, 1))
        except (ValueError, IndexError, TypeError, MemoryError):
            return False
        return bool(scores.shape == (1, self.signature.scores) and scores.dtype == np.float64)


def field_numbers(signature: Signature) -> int:
    """How many numbers the images, texts and series of one row hold together.

    >>> from lamina.foundation.signature import Field
    >>> image, pulse = Field(holds="image", shape=(1, 8, 8)), Field(holds="series", shape=(2, 50))
    >>> field_numbers(Signature(features=3, scores=2, fields=(image, pulse)))
    164
    """
    return sum(math.prod(field.shape) for field in signature.fields)


def _slice(batch: Batch, start: int, stop: int) -> Any:
    """Some rows as a learner takes them: features ``(row, feature)``, or a batch where there are fields beside them."""
    return batch.take(np.arange(start, min(stop, batch.rows))) if batch.fields else batch.numbers[start:stop]


def _zeros(signature: Signature) -> Batch:
    """One row of zeros."""
    fields = tuple(np.zeros((1, *field.shape), field.dtype) for field in signature.fields)
    return Batch(
        numbers=np.zeros((1, signature.features), np.float32), categories=np.zeros((1, 0), np.int64), fields=fields
    )


def learnt_of(kind: str, arrays: dict[str, npt.NDArray[Any]], signature: Signature) -> Learnt:
    """The learner of a kind from its arrays.

    Raises:
        ModelFileError: the kind needs a package that is not installed.
        ValueError: arrays that cannot be right, in a plain sentence.
    """
    kind_of: Any = LEARNT[kind]
    try:
        with np.errstate(all="ignore"):  # nonsense in a file may overflow before it is refused
            learnt: Learnt = kind_of.from_arrays(arrays, features=signature.features, scores=signature.scores)
    except LaminaError as error:  # it is not the file: a package is missing, and the kind says which
        raise ModelFileError(wrong=error.wrong, expected=error.expected, remedy=error.remedy) from error
    more = sorted(set(arrays) - set(learnt.arrays()))
    if more:  # nothing travels in a file that the learner does not need
        raise ValueError(f"there is an array {more[0]!r} too many")
    return learnt


def kept_arrays(predictor: ClassicPredictor) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a learner that can be kept in a file, once it has been read back from them.

    Raises:
        ModelFileError: a learner that is not made of plain arrays, or not of a known kind.
    """
    learnt = predictor.learnt
    why = str(getattr(learnt, "why", "")) or f"the kind {learnt.kind!r} is not made of plain arrays"
    if not getattr(learnt, "keepable", True) or not isinstance(learnt, LEARNT.get(learnt.kind, ())):
        raise _not_kept(learnt, why)
    try:
        arrays = learnt.arrays()
        learnt_of(learnt.kind, arrays, predictor.signature)  # what could not be read is not written
    except ValueError as error:
        raise _not_kept(learnt, str(error)) from error
    return arrays


def learner_words(learnt: Learnt) -> str:
    """A learner in words: its family, what it reads if that is special, and the settings that were chosen.

    >>> from lamina.classical import Constant
    >>> learner_words(Constant().fit(np.zeros((2, 1), np.float32), np.array([0.5, 1.5]), classes=0, seed=0))
    'Always the same answer'
    """
    title = _title(learnt)
    chosen = ", ".join(f"{name}={_short(value)}" for name, value in learnt.chosen.items())
    return f"{title} ({chosen})" if chosen else title


def _title(learnt: Learnt) -> str:
    if isinstance(learnt, LearntRead):
        return " ".join((_title(learnt.learnt), *_read_as(learnt.reader)))
    return _TITLES.get(learnt.kind, learnt.kind.capitalize())


def _read_as(reader: Reader) -> tuple[str, ...]:
    """What a reader makes of fields, in the words of the reading; none for pixels, values and common words."""
    special = {"gradients": Hog.words, "convolutions": Kernels.words, "terms": TfIdf.words}
    kinds = [part.kind for part in reader.parts if not getattr(part, "dense", False)]
    return tuple(dict.fromkeys(special[kind] for kind in kinds if kind in special))


def _short(value: float | int | str) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _unfit(why: str) -> ModelFileError:
    return ModelFileError(
        wrong=f"a classical learner cannot answer for this signature: {why}.",
        expected='numbers only: an encoder fitted with categories="onehot".',
        remedy='use fit_encoder(table, schema, categories="onehot").',
    )


def _not_kept(learnt: Learnt, why: str) -> ModelFileError:
    return ModelFileError(
        wrong=f"this {learnt.kind} learner cannot be kept in a file: {why.rstrip('.')}.",
        expected=f"a learner of one of the kinds {', '.join(sorted(LEARNT))}.",
        remedy="keep another contender, such as Linear() or Forest(); this one still competes.",
    )
