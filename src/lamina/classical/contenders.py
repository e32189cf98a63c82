"""Who competes where: the families for tables, and for rows with images, texts and series, cheap ones first.

Limits keep a study quick, on one core at most about a minute a fit: whoever would take longer says so beforehand
(`left_out`). Only the rivals here have them; a `Read` that somebody makes has none but its family's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from lamina.classical.boosting import Boosting
from lamina.classical.catalogue import FAMILIES
from lamina.classical.constant import Constant
from lamina.classical.forest import Forest
from lamina.classical.linear import Linear
from lamina.classical.neighbours import Neighbours
from lamina.classical.read import Read
from lamina.classical.readings import Hog, Kernels, Numbers, TfIdf
from lamina.classical.ridge import Ridge
from lamina.classical.rows import Rows
from lamina.classical.sparse_linear import SparseLinear
from lamina.classical.support import SupportVectors
from lamina.classical.warping_neighbour import Warping
from lamina.foundation.signature import FieldKind

# Linear models of pixels: folds and steps are few, because steps are dear; more of both changed no digit that matters
BRISK = {"folds": 3, "most_steps": 60}


def families_for(kinds: Collection[FieldKind]) -> dict[str, Any]:
    """Rivals by name for rows with fields of these kinds; without any, the families for tables.

    >>> list(families_for({"image"}))
    ['constant', 'linear', 'hog-linear', 'neighbours', 'boosting', 'forest', 'hog-forest', 'svm', 'hog-svm']
    >>> list(families_for(())) == list(FAMILIES)
    True
    """
    if not kinds:
        return {name: kind() for name, kind in FAMILIES.items()}
    rivals = [rival for wanted, make in _RIVALS if wanted is None or wanted in kinds for rival in make(kinds)]
    return {rival.name: rival for rival in rivals}


def left_out(rival: Any, rows: Rows) -> str | None:
    """Why a rival would take too long with these training rows, for a person; None if it would not.

    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> rows = SimpleNamespace(numbers=np.zeros((501, 0), np.float32), fields=(np.zeros((501, 1, 9), np.float32),))
    >>> left_out(families_for({"series"})["dtw"], rows)
    'more than 500 rows to learn from'
    """
    count = len(rows.numbers)
    if rival.most_rows is not None and count > rival.most_rows:
        return f"more than {rival.most_rows:,} rows to learn from"
    if not hasattr(rival, "numbers_a_row"):
        return None
    width = rival.numbers_a_row(rows)
    if rival.most_numbers is not None and width > rival.most_numbers:
        return f"more than {rival.most_numbers:,} numbers a row"
    if rival.most_cells is not None and count * width > rival.most_cells:
        return f"more than {rival.most_cells:,} numbers in all to learn from"
    return None


def _linear(kinds: Collection[FieldKind]) -> list[Read]:
    if "text" in kinds:
        return [Read(reading=TfIdf(), family=SparseLinear(), cells=50_000_000)]
    return [Read(family=Linear(**BRISK), cells=8_000_000)]


_RIVALS: tuple[tuple[FieldKind | None, Callable[[Collection[FieldKind]], list[Any]]], ...] = (
    (None, lambda _: [Read(reading=Numbers(), family=Constant())]),
    (None, _linear),
    ("image", lambda _: [Read(reading=Hog(), family=Linear(**BRISK), cells=8_000_000)]),
    ("series", lambda _: [Read(reading=Kernels(), family=Ridge(), rows=3_000)]),
    (None, lambda _: [Read(family=Neighbours(), cells=50_000_000)]),
    ("series", lambda _: [Warping()]),
    (None, lambda kinds: [] if "text" in kinds else [Read(family=Boosting(), numbers=300)]),  # a text has 1,000 words
    (None, lambda _: [Read(family=Forest(), cells=20_000_000)]),
    ("image", lambda _: [Read(reading=Hog(), family=Forest(), cells=20_000_000)]),
    (None, lambda _: [Read(family=SupportVectors(), rows=5_000, numbers=3_072)]),
    ("image", lambda _: [Read(reading=Hog(), family=SupportVectors(), rows=5_000, numbers=9_000)]),
)
