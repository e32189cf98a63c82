"""Who competes: every rival on the lists fits its kind of field, and limits are said beforehand."""

from typing import Any

import numpy as np
import pytest

from classical.whole_rows import SomeRows, images, only, series, texts
from lamina.classical import FAMILIES, LEARNT, SPECS, families_for, left_out
from lamina.foundation.specs import from_json, to_json

TRUTH = np.arange(24) % 2
FIELDS: dict[str, Any] = {"image": images(TRUTH), "text": texts(TRUTH), "series": series(TRUTH)}
KINDS: list[Any] = [["image"], ["text"], ["series"], ["image", "text", "series"]]


def test_tables_have_their_own_families() -> None:
    """Without fields, there is one of each family and nothing else."""
    assert families_for(()) == {name: kind() for name, kind in FAMILIES.items()}


@pytest.mark.parametrize("kinds", KINDS)
def test_every_rival_learns_and_is_kept(kinds: list[Any]) -> None:
    """Each goes by its name, learns from such rows, comes back from its arrays, and survives JSON."""
    rows = SomeRows(np.zeros((24, 1), np.float32), tuple(FIELDS[kind] for kind in kinds))
    for name, rival in families_for(kinds).items():
        assert (rival.name, from_json(to_json(rival), SPECS)) == (name, rival)
        if name.endswith(("forest", "boosting")):  # held by test_read with fewer trees
            continue
        learnt = rival.fit(rows, TRUTH, classes=2, seed=0)
        again = LEARNT[learnt.kind].from_arrays(learnt.arrays(), features=1, scores=2)
        assert np.array_equal(again.scores(rows), learnt.scores(rows)), name


@pytest.mark.parametrize(
    ("kinds", "more"),
    [
        (["image"], {"hog-linear", "hog-svm", "hog-forest"}),
        (["text"], set()),
        (["text", "series"], {"dtw", "kernels"}),
        (["series"], {"dtw", "kernels"}),
        (["image", "series"], {"hog-linear", "hog-svm", "hog-forest", "dtw", "kernels"}),
    ],
)
def test_each_kind_has_its_own_rivals(kinds: list[Any], more: set[str]) -> None:
    """Beside those of tables, with the constant first; boosting would always be left out where there is a text."""
    names = list(families_for(kinds))
    assert set(names) == {*FAMILIES, *more} - ({"boosting"} if "text" in kinds else set())
    assert names[0] == "constant"


def test_texts_are_read_by_words_and_pairs() -> None:
    """The linear model reads TF-IDF as soon as there is a text, and says so in its title."""
    assert families_for(["text", "image"])["linear"].title == "Linear model on words and pairs of words"
    assert families_for(["image"])["linear"].title == "Linear model"


@pytest.mark.parametrize(
    ("name", "kinds", "shape", "dtype", "words"),
    [
        ("dtw", ["series"], (501, 1, 9), np.float32, "more than 500 rows to learn from"),
        ("boosting", ["image"], (9, 1, 20, 20), np.uint8, "more than 300 numbers a row"),
        ("svm", ["image"], (5001, 1, 2, 2), np.uint8, "more than 5,000 rows to learn from"),
        ("linear", ["image"], (9000, 1, 32, 32), np.uint8, "more than 8,000,000 numbers in all to learn from"),
        ("dtw", ["series"], (500, 1, 9), np.float32, None),
        ("boosting", ["image"], (9, 1, 8, 8), np.uint8, None),
        ("constant", ["image"], (9000, 1, 32, 32), np.uint8, None),
    ],
)
def test_limits_are_said_in_words(name: str, kinds: list[Any], shape: Any, dtype: Any, words: str | None) -> None:
    """What would take too long is known from shapes alone."""
    assert left_out(families_for(kinds)[name], only(np.zeros(shape, dtype))) == words


def test_families_of_tables_have_limits_too() -> None:
    """Rows are all that these count."""
    rows = SomeRows(np.zeros((10_001, 1), np.float32))
    assert left_out(families_for(())["svm"], rows) == "more than 10,000 rows to learn from"
    assert left_out(families_for(())["linear"], rows) is None
