"""TF-IDF: the weights are those of scikit-learn, and what is no token is no term."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from classical.damage import damaged
from lamina.classical import terms as room
from lamina.classical.terms import Terms, fit_terms

STREAM = np.random.default_rng(0)
LENGTHS = STREAM.integers(1, 15, 60)
TEXTS = np.where(np.arange(15) < LENGTHS[:, None], STREAM.integers(2, 30, (60, 15)), 0).astype(np.int32)
ASKED = np.where(np.arange(15) < 9, STREAM.integers(2, 40, (20, 15)), 0).astype(np.int32)


def words(texts: np.ndarray) -> list[str]:
    """The same texts as letters."""
    return [" ".join(f"w{code:02d}" for code in row if code) for row in texts]


def dense(found: Terms, texts: np.ndarray) -> np.ndarray:
    """Weights with every zero written out."""
    read = found.read(texts)
    return read if isinstance(read, np.ndarray) else read.densely()


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("sublinear", [False, True])
def test_weights_are_those_of_scikit_learn(pairs: bool, sublinear: bool) -> None:
    """Same terms, same weights, for texts that were learnt from and for others."""
    found = fit_terms(TEXTS, most=10_000, least=2, pairs=pairs, sublinear=sublinear, dense=False)
    oracle = TfidfVectorizer(ngram_range=(1, 2 if pairs else 1), min_df=2, sublinear_tf=sublinear, norm="l2")
    oracle.fit(words(TEXTS))
    ours = [
        " ".join(f"w{code:02d}" for code in ((key >> 32, key & 0xFFFFFFFF) if key >> 32 else (key,)))
        for key in found.keys.tolist()
    ]
    theirs = oracle.get_feature_names_out()
    assert sorted(ours) == sorted(theirs)
    order = [ours.index(term) for term in theirs]
    for texts in (TEXTS, ASKED):
        wanted = oracle.transform(words(texts)).toarray()
        np.testing.assert_allclose(dense(found, texts)[:, order], wanted, atol=1e-6)


def test_the_most_common_terms_are_kept() -> None:
    """With room for one, it is the one that the most texts have, however often a single text repeats another."""
    texts = np.array([[2, 5, 5, 5, 5], [2, 3, 0, 0, 0], [2, 4, 0, 0, 0]], np.int32)
    assert fit_terms(texts, most=1, least=1, pairs=True, sublinear=True, dense=False).keys.tolist() == [2]


def test_padding_and_unknown_tokens_say_nothing() -> None:
    """Zeros behind a text change nothing, and neither an unknown token nor a pair over one is a term."""
    texts = np.array([[2, 3, 1, 4], [2, 3, 1, 4]], np.int32)
    found = fit_terms(texts, most=100, least=2, pairs=True, sublinear=True, dense=True)
    assert found.keys.tolist() == [2, 3, 4, (2 << 32) + 3]
    longer = np.hstack((texts, np.zeros((2, 3), np.int32)))
    assert np.array_equal(found.read(longer), found.read(texts))


@pytest.mark.parametrize("texts", [np.zeros((3, 4)), np.ones((2, 2)), [[5, 6]]])
def test_there_is_always_a_term(texts: np.ndarray) -> None:
    """Empty texts, unknown words alone, or a single text: something is learnt, and the weights are finite."""
    found = fit_terms(np.array(texts, np.int32), most=10, least=2, pairs=True, sublinear=True, dense=True)
    assert found.width >= 1
    assert np.isfinite(found.read(np.array(texts, np.int32))).all()
    assert np.isfinite(found.read(np.array([[7, 8]], np.int32))).all()


def test_texts_are_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows are held at once, the same is learnt and read."""
    one = fit_terms(TEXTS, most=50, least=2, pairs=True, sublinear=True, dense=False)
    read = dense(one, ASKED)
    monkeypatch.setattr(room, "TOKENS_AT_ONCE", 40)
    other = fit_terms(TEXTS, most=50, least=2, pairs=True, sublinear=True, dense=False)
    assert np.array_equal(one.keys, other.keys)
    assert np.array_equal(one.idf, other.idf)
    assert np.array_equal(dense(other, ASKED), read)


def test_it_comes_back_from_its_arrays() -> None:
    """Bit by bit; damage is refused in words."""
    found = fit_terms(TEXTS, most=50, least=2, pairs=True, sublinear=True, dense=True)
    again = Terms.from_arrays(found.arrays())
    assert np.array_equal(again.read(ASKED), found.read(ASKED))
    for words_of_damage, broken in damaged(found.arrays()):
        try:
            Terms.from_arrays(broken)
        except ValueError:
            continue
        pytest.fail(f"{words_of_damage}: accepted")
