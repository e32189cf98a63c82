"""From what was asked for to a study: who takes part where rows hold images, texts or series, and how often."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamina.data import MISSING_SPELLINGS
from lamina.data.cells import tensor_column
from lamina.evaluation import Protocol
from lamina.evaluation.clock import Clock
from lamina.evaluation.setup import Setup
from lamina.evaluation.starting import Asked, anyone, rivals_of, start
from lamina.foundation.errors import SpecError
from lamina.training import Training


def asked(**changes: Any) -> Asked:
    """What `lamina.fit` asks for when nobody says anything."""
    usual: dict[str, Any] = {
        "network": None,
        "training": Training(device="cpu"),
        "contenders": None,
        "protocol": Protocol(),
        "task": None,
        "metric": None,
        "members": None,
        "kinds": {},
        "missing": MISSING_SPELLINGS,
        "seed": 0,
        "quick": False,
        "curve": False,
        "workers": 0,
        "clock": Clock(None),
        "say": lambda step: None,
    }
    return Asked(**{**usual, **changes})


def rows_of(kind: str, rows: int = 60, **more: Any) -> pa.Table:
    """A column of images or series, or of numbers, and a class."""
    stream = np.random.default_rng(0)
    made = {
        "image": tensor_column(stream.integers(0, 256, (rows, 1, 8, 8), dtype=np.uint8)),
        "series": tensor_column(stream.normal(0, 1, (rows, 1, 20)).astype(np.float32)),
        "number": pa.array(stream.normal(0, 1, rows)),
    }
    return pa.table({"x": made[kind], **more, "kind": ["bad", "good"] * (rows // 2)})


def begun(kind: str, **changes: Any) -> Setup:
    """The study of such rows, before anything is trained."""
    return start(rows_of(kind), "kind", asked(**changes))


def named(setup: Setup) -> list[str]:
    """Who takes part."""
    return [one.name for one in setup.contenders]


def test_rivals_are_those_of_the_kinds_in_the_rows() -> None:
    """Images have rivals on gradients, series those on kernels, plain tables neither; the network is always there."""
    assert {"hog-linear", "hog-forest", "network"} <= set(named(begun("image")))
    assert {"kernels", "dtw", "network"} <= set(named(begun("series")))
    assert not {"hog-linear", "kernels", "dtw"} & set(named(begun("number")))
    assert named(begun("series", contenders=["kernels"])) == ["constant", "kernels", "network"]


def test_a_rival_of_another_kind_is_refused() -> None:
    """Kernels are for series: asked for beside images they are refused, and what there is is named."""
    with pytest.raises(SpecError, match="no contender 'kernels'") as caught:
        begun("image", contenders=["kernels"])
    assert "hog-linear" in caught.value.expected


def test_a_quick_look_has_few_rivals_of_each_kind() -> None:
    """Those that are usually good and always cheap."""
    names = [one.name for one in rivals_of(asked(quick=True), ("image",))]
    assert names == ["constant", "linear", "hog-linear", "forest", "network"]
    assert "kernels" in [one.name for one in rivals_of(asked(quick=True), ("series",))]


def test_networks_of_fields_are_dear() -> None:
    """The folds are drawn once, and one network answers, unless somebody asks for more; series are cheap enough."""
    image, series, number = (begun(kind) for kind in ("image", "series", "number"))
    assert [len(setup.plan.judged) for setup in (image, series, number)] == [5, 5, 20]
    assert [len(setup.recipe.seeds) for setup in (image, series, number)] == [1, 4, 4]
    more = begun("image", protocol=Protocol(repeats=2), members=3)
    assert (len(more.plan.judged), len(more.recipe.seeds)) == (10, 3)


def test_a_short_limit_draws_the_folds_once() -> None:
    """A table of numbers keeps its repeats where there is time, and has one draw where there is not."""
    assert len(begun("number", clock=Clock(1.0)).plan.judged) == 5
    assert len(begun("number", clock=Clock(1e6)).plan.judged) == 20
    assert len(begun("number", clock=Clock(1.0), protocol=Protocol(repeats=3)).plan.judged) == 15


SPLIT = {"split": (["train"] * 3 + ["val", "test"]) * 12}


def told_of_split(setup: Setup) -> list[str]:
    """Every sentence about it or its column."""
    return [one.sentence for one in (*setup.prepared.findings, *setup.prepared.notes) if "split" in one.sentence]


def test_a_given_split_is_told_in_a_note() -> None:
    """One sentence says who learns, who judges and that its column is no input; nothing else speaks of the column.

    Without a split there is none; where folds were asked for, the column is left out for what it is.
    """
    table = rows_of("number", **SPLIT)
    setup = start(table, "kind", asked())
    words = "the split that came with the data is kept: 36 rows to learn from, 12 rows judge, 12 are opened once"
    assert told_of_split(setup) == [f"{words}; its column 'split' is no input."]
    folded = start(table, "kind", asked(protocol=Protocol(folds=3)))
    assert told_of_split(folded) == [
        "column 'split' is left out: it names the parts of a split that came with the data."
    ]
    assert told_of_split(begun("number")) == []


def test_whoever_takes_part_in_rows_of_some_kind_is_known_beforehand() -> None:
    """Boosting, which no text has, and warping, which only series have, may be asked for before the rows are known."""

    def names(*contenders: str) -> set[str]:
        return {one.name for one in anyone(asked(contenders=list(contenders)))}

    assert {"boosting", "network"} <= names("boosting")
    assert {"dtw", "hog-linear", "boosting"} <= names("dtw", "hog-linear", "boosting")
    with pytest.raises(SpecError, match="no contender 'bosting'"):
        names("bosting")


def test_a_name_that_no_rows_know_gets_all_that_there_are() -> None:
    """Before the rows are read: those of tables, images and series, and the nearest of them all."""
    with pytest.raises(SpecError, match="no contender 'hog-liner'") as caught:
        anyone(asked(contenders=["hog-liner"]))
    for name in ("linear", "svm", "hog-linear", "hog-svm", "hog-forest", "kernels", "dtw", "none"):
        assert name in re.findall(r"[\w-]+", caught.value.expected)
    assert caught.value.expected.count("for ") == 2
    assert "did you mean 'hog-linear'" in caught.value.remedy
