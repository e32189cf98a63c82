r"""A row's own explanation: what each column added to the answer, by Shapley values against the baseline row.

    explained(row) = base + sum over columns of contribution

A set of columns is worth what the model answers if these have the row's values and all others those of the baseline:
the encoder's zero row, every number at the median of training, no flag, no category known. For classes the worth is
the chance of the class that the model answers: a contribution of 0.2 is twenty points of chance (log-odds would suit
the algebra better and the reader less). A column whose value is the baseline's adds exactly 0.

Source: Strumbelj and Kononenko (2014), doi:10.1007/s10115-013-0679-x. We differ: one baseline row in place of values
drawn from the data, so that an answer does not depend on which other rows were at hand; see `lamina.explain.shapley`.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pyarrow as pa

from lamina.data import Batch, ClassTarget
from lamina.explain.asking import CELLS_AT_ONCE, Floats, Owners, decided, exchanged, owners_of, zero_row
from lamina.explain.explanation import RowExplanation, explanation_of
from lamina.explain.shapley import Sets, Shares, drawn_shares, exact_shares
from lamina.foundation.errors import SpecError
from lamina.foundation.randomness import numpy_stream
from lamina.model import DataWarning, Model

EXACT_COLUMNS = 10  # up to here all sets are asked about: 1,024 answers a row
MOST_ANSWERS = 100_000  # that a row may cost when the number of draws is left open


def explain_rows(model: Model, data: Any, *, draws: int | None = None, seed: int = 0) -> tuple[RowExplanation, ...]:
    """Why the model answers as it does about each row; warns with `DataWarning` where cells were not understood.

    Args:
        model: any model.
        data: whatever `Model.predict` takes.
        draws: orders of columns that are drawn for a row in which more than ten columns differ from the baseline;
            None takes 256, fewer if there are very many columns.
        seed: of the draws.

    Raises:
        DataError: the data cannot be read.
        SchemaError: a column is missing.
        SpecError: draws is odd, or below 4.

    >>> import numpy as np
    >>> from lamina import NetworkClassifier, Training
    >>> X = np.random.default_rng(0).normal(size=(60, 2))
    >>> model = NetworkClassifier("4 tanh", Training(epochs=20)).fit(X, X[:, 0] > 0).model_
    >>> row = explain_rows(model, {"x0": 1.5, "x1": 0.2})[0]
    >>> abs(row.base + sum(one.contribution for one in row.contributions) - row.chance) < 1e-9
    True
    """
    table, notes = model.conform(data)
    for note in notes:
        if note.kind != "columns":  # a column too many changes no answer
            warnings.warn(note.sentence, DataWarning, stacklevel=2)
    return explain_table(model, table, draws=draws, seed=seed)


def explain_table(
    model: Model, table: pa.Table, *, draws: int | None = None, seed: int = 0
) -> tuple[RowExplanation, ...]:
    """What `explain_rows` says, for a table that was conformed."""
    if draws is not None and (draws < 4 or draws % 2):
        raise SpecError(
            wrong=f"draws is {draws}.",
            expected="an even number, at least 4: each order is drawn with its reverse.",
            remedy="try draws=256, or leave it out.",
        )
    owners, batch = owners_of(model.encoder), model.encoder.encode(table)
    start = zero_row(model.encoder)
    answers, base = decided(model, batch), decided(model, start)[0]
    found = []
    for row in range(batch.rows):
        output = int(answers[row].argmax()) if isinstance(model.target, ClassTarget) else 0
        asked = _Row(model=model, batch=batch.take(np.array([row])), owners=owners, start=start, output=output)
        # a row that is the baseline gets its answer, which a batch of another size may have rounded another way
        end = answers[row, output] if len(asked.players) else base[output]
        ends = {"none": float(base[output]), "everyone": float(end)}
        # equal rows get equal explanations, whatever stands before them in the table
        shares = asked.shares(draws=draws, stream=numpy_stream(seed, "explain", "orders"), **ends)
        found.append(
            explanation_of(
                model,
                table.slice(row, 1),
                output=output,
                explained=ends["everyone"],
                base=ends["none"],
                columns=owners.names,
                shares=shares.values,
                error=shares.error,
            )
        )
    return tuple(found)


class _Row:
    """One encoded row, whose columns can be put into the baseline row one by one."""

    def __init__(self, *, model: Model, batch: Batch, owners: Owners, start: Batch, output: int) -> None:
        self.model, self.batch, self.owners, self.start, self.output = model, batch, owners, start, output
        self.players = np.flatnonzero(_differs(batch, start, owners))

    def shares(self, *, draws: int | None, stream: np.random.Generator, none: float, everyone: float) -> Shares:
        """The share of every column; those that do not differ from the baseline have none."""
        count = len(self.players)
        if count <= EXACT_COLUMNS:
            found = exact_shares(self.worth, count, none=none, everyone=everyone)
        else:
            draws = draws or max(4, min(256, MOST_ANSWERS // count // 2 * 2))
            found = drawn_shares(self.worth, count, none=none, everyone=everyone, draws=draws, stream=stream)
        values = np.zeros(len(self.owners.names))
        values[self.players] = found.values
        return Shares(values=values, error=found.error)

    def worth(self, sets: Sets) -> Floats:
        """The answer for each set of columns ``(set,)``, a bounded number of them at a time."""
        wide = len(self.owners.features) + 2 * len(self.owners.codes) + sum(one[0].size for one in self.batch.fields)
        at_once = max(1, CELLS_AT_ONCE // max(1, wide))
        parts = [self._worth(sets[start : start + at_once]) for start in range(0, len(sets), at_once)]
        return np.concatenate([np.zeros(0), *parts])

    def _worth(self, sets: Sets) -> Floats:
        keep = np.zeros((len(sets), len(self.owners.names)), np.bool_)
        keep[:, self.players] = sets
        return decided(self.model, exchanged(self.batch, self.start, keep, self.owners))[:, self.output]


def _differs(batch: Batch, start: Batch, owners: Owners) -> Sets:
    """Whether each column of a batch of one row differs from the baseline: bool ``(column,)``."""
    differs = np.zeros(len(owners.names), np.bool_)
    differs[owners.features[batch.numbers[0] != 0]] = True
    differs[owners.codes[batch.categories[0] != 0]] = True
    pairs = zip(owners.fields, batch.fields, start.fields, strict=True)
    for place, own, blank in pairs:
        differs[place] = not np.array_equal(own, blank, equal_nan=own.dtype.kind == "f")
    return differs
