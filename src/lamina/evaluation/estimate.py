"""About how long a study will take, said before it begins.

A guess from what every training meets: rows, passes, and what a row costs. That is a constant for a plain table; for
images, texts and series it is what some rows show of the network that is to learn from them and of the numbers that
each rival makes of a row. Constants were measured on a 2-core machine; a budget is kept by the clock, not by this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.classical import Constant, left_out
from lamina.data import Batch, fit_encoder
from lamina.estimators import question_rows, suited, usual_passes, usual_precision
from lamina.evaluation.contenders import NETWORK, Contender
from lamina.evaluation.plan import Plan
from lamina.evaluation.prepare import Prepared
from lamina.evaluation.tally import classes_of
from lamina.foundation.errors import DataError
from lamina.foundation.signature import Signature
from lamina.model import Predictor
from lamina.model.effort import multiply_adds
from lamina.networks import Network
from lamina.rivals import Trial
from lamina.training import Training
from lamina.training.order import epoch_count, epoch_steps

# processor seconds of one fit to a table: at once, for each row, and for each million pairs of rows
RIVAL_SECONDS = {
    "constant": (0.0, 0.0, 0.0),
    "linear": (0.05, 8e-5, 0.0),
    "neighbours": (0.01, 1e-5, 0.01),
    "svm": (0.03, 0.0, 0.25),
    "forest": (0.4, 3e-4, 0.0),
    "boosting": (0.2, 5e-4, 0.0),
}
# what each class beyond two adds, as a share of what two take: 0.06 is thirteen times as long with 200 of them
MORE_A_CLASS = {"linear": 0.08, "svm": 0.15, "forest": 0.03, "boosting": 0.06}
FOREIGN_SECONDS = (0.1, 5e-4, 0.0)
SAMPLE_SECONDS = 7e-6  # of one network for one row of a table in one epoch, at the usual widths
LOOKED_AT = 200  # rows that tell what images, texts and series cost
AT_ONCE = 3.0  # reading, judging, what the models rely on

# Images, texts and series: of one network for one row in one epoch, of which an answer has so many multiplications
FIELD_SECONDS = 6e-5  # however small it is
ADD_SECONDS, HALF_ADD_SECONDS = 3.4e-11, 1.7e-11  # for each of them; in bfloat16
PIXEL_SECONDS, LETTER_SECONDS = 1.4e-7, 2.4e-6  # for each pixel that is moved about, and each letter
# of a rival: at once, for each number that it makes of all rows, for each thousand million of pairs times numbers
READER_SECONDS = {
    "Constant": (0.0, 0.0, 0.0),
    "Linear": (0.03, 2e-6, 0.0),
    "SparseLinear": (3.0, 2e-6, 0.0),
    "Neighbours": (0.05, 0.0, 0.1),
    "SupportVectors": (0.1, 0.0, 0.15),
    "Forest": (0.5, 2e-6, 0.0),
    "Boosting": (0.3, 3e-5, 0.0),
    "Ridge": (0.2, 1e-6, 0.3),
    "Warping": (0.1, 0.0, 300.0),
}
GUEST_SECONDS = (0.1, 1e-5, 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """What one row asks of those who learn from it, and how often a network meets it.

    Args:
        sample: seconds of one network for one row in one epoch.
        epochs: passes over so many rows.
        question: how many rows are met, of so many, to ask about mirror images.
        classes: 0 for numbers.
        row: one encoded row, if there are images, texts or series in it.
    """

    sample: float = SAMPLE_SECONDS
    epochs: Callable[[int], int]
    question: Callable[[int], int] = lambda rows: 0
    classes: int = 0
    row: Batch | None = None


def work_of(prepared: Prepared, network: Network | None, training: Training) -> Work:
    """What these rows ask of this network and its rivals: some of them are looked at where they are no plain table."""
    classes = len(classes_of(prepared))
    if not prepared.schema.field_kinds:
        return Work(epochs=lambda rows: _epochs(training, rows), classes=classes)
    rows = prepared.table.num_rows
    table = prepared.table.take(pa.array(np.unique(np.linspace(0, rows - 1, LOOKED_AT).astype(np.int64))))
    try:
        encoder = fit_encoder(table, prepared.schema, categories="codes", fields=True)
    except DataError:  # so sparse that the rows looked at hold nothing: a guess never ends a study
        return Work(epochs=lambda rows: _epochs(training, rows), classes=classes)
    row, signature = encoder.encode(table.slice(0, 1)), encoder.signature(scores=max(1, classes))
    if network is not None and not network.reads_fields:
        return Work(epochs=lambda rows: _epochs(training, rows), classes=classes, row=row)
    return Work(
        sample=_sample_seconds(suited(network, rows, signature), training, signature, table),
        epochs=lambda rows: usual_passes(training, signature, rows) or _epochs(training, rows),
        question=lambda rows: question_rows(rows, network, signature),
        classes=classes,
        row=row,
    )


def estimated_seconds(
    contenders: Sequence[Contender],
    plan: Plan,
    work: Work,
    *,
    members: int,
    workers: int,
    curve: Sequence[Trial] = (),
) -> float:
    """Wall-clock seconds, to within a factor of about two; the ``curve`` has the network and one of its rivals."""
    rivals = [one for one in contenders if one.name != NETWORK]
    judging = sum(rival_seconds(one, len(trial.train), work) for one in rivals for trial in plan.trials)
    learning = [one for one in rivals if one.name != Constant.name]
    drawing = sum(rival_seconds(one, len(trial.train), work) for one in learning for trial in curve)
    both = judging + drawing / max(1, len(learning))
    networks = sum(network_seconds(len(trial.train), work, members) for trial in (*plan.trials, *curve))
    return AT_ONCE + (max(networks, (networks + both) / workers) if workers > 1 else networks + both)


def network_seconds(rows: int, work: Work, members: int) -> float:
    """Processor seconds of so many networks that learn from so many rows."""
    return work.sample * (members * rows * work.epochs(rows) + work.question(rows) * (members > 0))


def rival_seconds(contender: Contender, rows: int, work: Work) -> float:
    """Processor seconds of a rival that learns from so many rows; none where it is left out."""
    rival = contender.family
    if work.row is not None:
        return _reader_seconds(rival, _many(work.row, rows), work.classes)
    if rival.most_rows is not None and rows > rival.most_rows:
        return 0.0
    once, a_row, a_million_pairs = RIVAL_SECONDS.get(rival.name, FOREIGN_SECONDS)
    return (once + a_row * rows + a_million_pairs * rows * rows / 1e6) * _more(rival.name, work.classes)


def duration_words(seconds: float) -> str:
    """A duration that does not look surer than it is.

    >>> [duration_words(s) for s in (3.2, 41, 130, 7300)]
    ['about 5 s', 'about 40 s', 'about 2 min', 'about 2 h']
    """
    if seconds < 90:
        step = 5 if seconds < 30 else 10
        return f"about {max(step, round(seconds / step) * step)} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.0f} h"


def _reader_seconds(rival: Any, rows: Batch, classes: int) -> float:
    if left_out(rival, rows) is not None:
        return 0.0
    family, numbers = getattr(rival, "family", rival), int(rival.numbers_a_row(rows))
    once, a_number, a_pair = READER_SECONDS.get(type(family).__name__, GUEST_SECONDS)
    seconds = once + a_number * rows.rows * numbers + a_pair * rows.rows**2 * numbers / 1e9
    return seconds * _more(family.name, classes)


def _more(family: str, classes: int) -> float:
    return 1 + MORE_A_CLASS.get(family, 0.0) * max(0, classes - 2)


def _many(row: Batch, rows: int) -> Batch:
    """So many rows that are all this one, in the memory of one."""

    def many(one: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.broadcast_to(one, (rows, *one.shape[1:]))

    return Batch(numbers=many(row.numbers), categories=many(row.categories), fields=tuple(map(many, row.fields)))


def _sample_seconds(network: Network, training: Training, signature: Signature, table: pa.Table) -> float:
    """Seconds of one network for one row in one epoch, from what an answer costs."""
    module = network.build(signature, seed=0)
    weights = {name: one[None] for name, one in module.state_dict().items()}
    adds = multiply_adds(Predictor(spec=network, signature=signature, weights=weights)) or 0
    halves = usual_precision(training, network, signature).precision == "bfloat16"
    images = (field.shape for field in signature.fields if field.holds == "image")
    pixels = sum(height * width for _, height, width in images)
    letters = sum(_letters(column) for column in table.columns if pa.types.is_string(column.type))
    moved = PIXEL_SECONDS * pixels + LETTER_SECONDS * letters * any(one.holds == "text" for one in signature.fields)
    return FIELD_SECONDS + (HALF_ADD_SECONDS if halves else ADD_SECONDS) * adds + moved


def _letters(column: pa.ChunkedArray) -> float:
    """How many a cell has on average."""
    return float(pc.mean(pc.utf8_length(column)).as_py() or 0)


def _epochs(training: Training, rows: int) -> int:
    return epoch_count(training.epochs, rows, epoch_steps(training.rows_a_step, rows))
