"""Texts as fields: codes of pieces of words, the pieces learnt from the training rows by byte-pair encoding.

A text is normalised (Unicode's NFKC; lower case, unless it has no spaces, as a formula has none) and cut into words and
signs. Each word is spelt in the fewest steps of the merges that training rows made most often. Code 0 stands where a
text has ended, code 1 for a character that training never met.

Source: Sennrich, Haddow and Birch (2016), "Neural Machine Translation of Rare Words with Subword Units",
arXiv:1508.07909; the merges are learnt and applied by the library `tokenizers`. We differ: the start of a
word is marked in place of its end; a merge must occur twice.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamina.data.columns import Column, Text
from lamina.foundation.errors import DataError
from lamina.foundation.signature import Field
from lamina.foundation.specs import check, setting

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

MOST_LETTERS = 1_000_000  # of a text: what is longer loses its end when the table is conformed
MOST_TOKENS = 32_768  # of a text: what is longer loses its end in the network's eyes
USUAL_SHARE = 0.99  # of the training rows are read to their end
VOCABULARY, FORMULA_VOCABULARY = 8_192, 512  # pieces of words and of formulas, all single characters included
TAUGHT_LETTERS = 20_000_000  # of the training rows, evenly spread, from which the pieces are learnt
MEASURED_TEXTS = 4_096  # about so many training rows, evenly spread, tell how long texts are
_PIECE_LETTERS = 16  # of the longest piece
_BATCH = 1_024  # texts encoded at a time
_SPECIAL = ("<pad>", "<unk>")  # codes 0 and 1


class Token(NamedTuple):
    """A piece of a text: its code, and where it begins and ends in the text."""

    code: int
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True)
class TextEncoder:
    """A column of texts as a field of codes.

    ``vocabulary`` holds the pieces and merges as the library `tokenizers` writes them; ``cut`` is about the share of
    training rows that have more than ``tokens`` pieces.
    """

    name: str = setting(meaning="the name of the column")
    vocabulary: str = setting(meaning="pieces and merges, as JSON text")
    tokens: int = setting(meaning="pieces of a text that are read", low=1, high=MOST_TOKENS)
    codes: int = setting(meaning="how many codes there are, with some room", low=2)
    cut: float = setting(0.0, "share of the training rows that are longer", low=0, high=1)

    def __post_init__(self) -> None:
        check(self)

    @property
    def field(self) -> Field:
        """What a network meets."""
        return Field(holds="text", shape=(self.tokens,), codes=self.codes)

    @property
    def blank(self) -> npt.NDArray[np.int32]:
        """What stands where a row has no text."""
        return np.zeros(self.tokens, np.int32)

    def reads(self, column: Column) -> bool:
        """Whether it is for what such a column holds, and cuts texts as `fit_text` lets it, into codes below ``codes``.

        Raises:
            DataError: the vocabulary cannot be read.
        """
        return isinstance(column, Text) and _cuts_as_ours(self._tokenizer) and self._last_code < self.codes

    def write(self, column: pa.ChunkedArray, out: npt.NDArray[Any]) -> None:
        """Encode a column of strings into ``out``, int32 ``(row, token)``; a missing or empty text is all 0."""
        out[:] = 0
        for row, encoding in enumerate(_encodings(self._tokenizer, column, self.tokens)):
            codes = encoding.ids[: self.tokens]
            out[row, : len(codes)] = codes

    def pieces(self, text: str) -> tuple[Token, ...]:
        """What a network sees of a text, piece by piece, and where each stands in it."""
        found = self._tokenizer.encode(text[: _most_letters(self.tokens)])
        pairs = zip(found.ids, found.offsets, strict=True)
        return tuple(Token(code, start, stop) for code, (start, stop) in pairs)[: self.tokens]

    @property
    def _last_code(self) -> int:
        return max(self._tokenizer.get_vocab().values(), default=0)

    @functools.cached_property
    def _tokenizer(self) -> Tokenizer:
        need_tokenizers()
        from tokenizers import Tokenizer

        try:
            return Tokenizer.from_str(self.vocabulary)
        except Exception as error:  # the library raises no class of its own
            raise DataError(
                wrong=f"the vocabulary of the column {self.name!r} cannot be read: {str(error)[:80]}.",
                expected="what `tokenizers` writes as JSON.",
                remedy="fit the encoder again; a newer release of `tokenizers` may be needed.",
            ) from error


def fit_text(name: str, column: pa.ChunkedArray) -> TextEncoder | None:
    """Learn the pieces and the usual length from the training rows; None if these hold no text at all.

    >>> reviews = pa.chunked_array([["a fine film", "a dull film", "fine, fine acting", None]])
    >>> encoder = fit_text("review", reviews)
    >>> field = np.empty((2, encoder.tokens), np.int32)
    >>> encoder.write(pa.chunked_array([["fine film", None]]), field)
    >>> [int(count) for count in (field > 0).sum(axis=1)]
    [2, 0]
    """
    need_tokenizers()
    present = column.drop_null()
    if pc.max(pc.utf8_length(present)).as_py() in (None, 0):
        return None
    tokenizer = _learnt(present)
    every = max(1, len(present) // MEASURED_TEXTS)
    measured = present.take(pa.array(np.arange(0, len(present), every)))
    lengths = np.array([len(one.ids) for one in _encodings(tokenizer, measured, MOST_TOKENS)])
    if not lengths.any():
        return None
    longest, usual = int(lengths.max()), int(np.quantile(lengths, USUAL_SHARE, method="lower"))
    tokens = min(_rounded_up(longest if longest <= 2 * usual else usual, 128), MOST_TOKENS)
    return TextEncoder(
        name=name,
        vocabulary=json.dumps(json.loads(tokenizer.to_str()), sort_keys=True, separators=(",", ":")),
        tokens=tokens,
        codes=_rounded_up(tokenizer.get_vocab_size(), 1024),
        cut=float((lengths > tokens).mean()),
    )


def need_tokenizers() -> None:
    """Refuse to go on without the library `tokenizers`.

    Raises:
        DataError: it is not installed.
    """
    try:
        import tokenizers  # noqa: F401
    except ImportError as error:
        raise DataError(
            wrong="the data has texts, and the library tokenizers is not installed here.",
            expected="tokenizers, which cuts texts into pieces of words.",
            remedy="pip install tokenizers; or leave a column of texts out: kinds={'name': 'identifier'}.",
        ) from error


def cut_texts(texts: pa.Array) -> tuple[pa.Array, tuple[int, ...]]:
    """The texts without what is beyond `MOST_LETTERS`, and the rows that lost it."""
    long = np.flatnonzero(pc.fill_null(pc.greater(pc.utf8_length(texts), MOST_LETTERS), False))
    return (pc.utf8_slice_codeunits(texts, 0, MOST_LETTERS), tuple(long.tolist())) if len(long) else (texts, ())


def _learnt(texts: pa.ChunkedArray) -> Tokenizer:
    from tokenizers import trainers

    spaced = 2 * pc.sum(pc.match_substring_regex(texts, r"\S\s+\S")).as_py() >= len(texts)
    tokenizer = _unlearnt(spaced=spaced)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY if spaced else FORMULA_VOCABULARY,
        min_frequency=2,
        special_tokens=list(_SPECIAL),
        max_token_length=_PIECE_LETTERS,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_taught(texts), trainer)
    return tokenizer


def _unlearnt(*, spaced: bool) -> Tokenizer:
    """How texts are cut, before any piece is known; ``spaced`` says that spaces part their words."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(unk_token=_SPECIAL[1], fuse_unk=True))
    # marks for what continues a word would be numbered in an order that changes from run to run, so its start is marked
    folded = [normalizers.NFKC(), normalizers.Strip(), normalizers.Replace(Regex(r"\s+"), " ")]
    folded += [normalizers.Lowercase()] if spaced else []
    tokenizer.normalizer = normalizers.Sequence(folded)
    words, signs = pre_tokenizers.Metaspace(prepend_scheme="always"), pre_tokenizers.Punctuation("isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, signs] if spaced else [words])
    return tokenizer


def _cuts_as_ours(tokenizer: Tokenizer) -> bool:
    """Whether nothing but the pieces can differ: other rules, in a file, could make gigabytes of a letter."""
    return _rules(tokenizer) in [_rules(_unlearnt(spaced=spaced)) for spaced in (True, False)]


def _rules(tokenizer: Tokenizer) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(tokenizer.to_str())
    model = {name: value for name, value in told["model"].items() if name not in ("vocab", "merges")}
    return {**told, "model": model, "added_tokens": None}


def _taught(texts: pa.ChunkedArray) -> Iterator[str]:
    letters = pc.sum(pc.utf8_length(texts)).as_py()
    step = max(1, -(-letters // TAUGHT_LETTERS))
    for row in range(0, len(texts), step):
        yield texts[row].as_py()[:TAUGHT_LETTERS]


def _encodings(tokenizer: Tokenizer, texts: pa.ChunkedArray, tokens: int) -> Iterator[Encoding]:
    most = _most_letters(tokens)
    for start in range(0, len(texts), _BATCH):
        found = texts.slice(start, _BATCH).to_pylist()
        yield from tokenizer.encode_batch_fast([(text or "")[:most] for text in found])


def _rounded_up(size: int, coarse: int) -> int:
    """A size with some room, so that most folds come to the same one and can be learnt from as one fleet."""
    step = coarse if size > 4 * coarse else coarse // 16
    return -(-size // step) * step


def _most_letters(tokens: int) -> int:
    """Letters beyond which a text is not even looked at: the longest piece and as much again of white space, each."""
    return 2 * _PIECE_LETTERS * tokens
