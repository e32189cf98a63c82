"""A line of words cut at its commas; each piece knows its place, so that an error can point at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from lamina.foundation.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a line of words between two commas, and where it stands.

    >>> [piece.words for piece in cut("64 ReLU ,  32")]
    ['64 relu', '32']
    """

    text: str  # as it was typed, without blanks around it
    number: int  # 1 for the first
    place: int  # of its first character in the string, 1 for the first

    @property
    def words(self) -> str:
        """What it says, in small letters with single blanks."""
        return " ".join(self.text.lower().split())

    def refuse(self, why: str, *, expected: str, remedy: str) -> NoReturn:
        """Refuse it.

        Raises:
            SpecError: quotes the piece, its number and its place.
        """
        where = f"piece {self.number} of the network, {self.text[:60]!r} at character {self.place},"
        raise SpecError(wrong=f"{where} {why}.", expected=expected, remedy=remedy)


def cut(text: str) -> list[Piece]:
    """The pieces of a line of words."""
    pieces, place = [], 1
    for number, raw in enumerate(text.split(","), start=1):
        indent = len(raw) - len(raw.lstrip())
        pieces.append(Piece(text=raw.strip(), number=number, place=place + indent))
        place += len(raw) + 1
    return pieces
