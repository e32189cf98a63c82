"""Texts, word by word: pieces of words joined to words again, and what the answer loses without each.

A word is taken away with all of its pieces, and what follows moves up: to the model the text was written without it. In
a long text stretches of words are taken away first, and only those that matter most are then looked at word by word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lamina.data.texts import Token
from lamina.explain.asking import Floats
from lamina.explain.erasing import Answer, losses

SINGLE = 128  # words up to which each is taken away by itself, and words of a longer text that are
STRETCHES = 64  # that a longer text is cut into before

Codes = npt.NDArray[np.int32]


class Word(NamedTuple):
    """A word or sign of a text: its letters, where they stand in the text, and which of the text's pieces they are."""

    text: str
    start: int
    stop: int
    first: int
    last: int  # the piece before which it ends


def words_of(text: str, tokens: Sequence[Token]) -> tuple[Word, ...]:
    """The words of a text as far as a model reads it, from its pieces.

    Pieces that touch are one word, unless one of them is a sign; where a text has no spaces at all, as a formula or
    Chinese, every piece is a word.

    >>> words_of("a film.", [Token(5, 0, 1), Token(9, 2, 4), Token(8, 4, 6), Token(7, 6, 7)])[1:]
    (Word(text='film', start=2, stop=6, first=1, last=3), Word(text='.', start=6, stop=7, first=3, last=4))
    """
    joined = any(letter.isspace() for letter in text.strip())
    found: list[Word] = []
    for place, token in enumerate(tokens):
        start, stop = _trimmed(text, token)
        if found and (start >= stop or (joined and _continues(text, found[-1], start, stop))):
            first = found.pop()
            start, stop = first.start, max(first.stop, stop)
            found.append(Word(text[start:stop], start, stop, first.first, place + 1))
        else:
            found.append(Word(text[start:stop], start, stop, place, place + 1))
    return tuple(found)


def text_contributions(codes: Codes, words: Sequence[Word], *, whole: float, answers: Answer) -> Floats:
    """What each word says for the answer.

    **Shape**: ``codes`` int32 ``(token,)``; float64 ``(word,)`` out. In a stretch that was not looked at word by word
    each word has an equal share of what the stretch says.
    """
    values = np.zeros(len(words))
    if len(words) <= SINGLE:
        return losses(whole, answers, [without_words(codes, words[i : i + 1]) for i in range(len(words))])
    parts = [part for part in np.array_split(np.arange(len(words)), STRETCHES) if len(part)]
    found = losses(whole, answers, [without_words(codes, words[part[0] : part[-1] + 1]) for part in parts])
    for part, value in zip(parts, found.tolist(), strict=True):
        values[part] = value / len(part)
    near = np.concatenate([parts[i] for i in np.argsort(-np.abs(found), kind="stable")])[:SINGLE]
    values[near] = losses(whole, answers, [without_words(codes, words[i : i + 1]) for i in near.tolist()])
    return values


def without_words(codes: Codes, words: Sequence[Word]) -> Codes:
    """The codes of a text without some neighbouring words: what follows moves up, padding fills the end."""
    if not words:
        return codes
    first, last = words[0].first, words[-1].last
    gone = np.zeros(last - first, codes.dtype)
    return np.concatenate((codes[:first], codes[last:], gone))


def sums_over_words(values: Floats, words: Sequence[Word]) -> Floats:
    """Values of pieces ``(token,)`` summed over each word: ``(word,)``."""
    return np.array([values[word.first : word.last].sum() for word in words], np.float64)


def _continues(text: str, word: Word, start: int, stop: int) -> bool:
    touching = start == word.stop and word.start < word.stop
    return touching and not (_is_sign(text[word.stop - 1]) or any(map(_is_sign, text[start:stop])))


def _trimmed(text: str, token: Token) -> tuple[int, int]:
    """Where a piece begins and ends without the blanks around it."""
    start, stop = token.start, token.stop
    while start < stop and text[start].isspace():
        start += 1
    while start < stop and text[stop - 1].isspace():
        stop -= 1
    return start, stop


def _is_sign(letter: str) -> bool:
    return unicodedata.category(letter).startswith(("P", "S"))
