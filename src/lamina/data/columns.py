"""Kinds of column: what a person would call the values, and how they are stored once read.

Each kind is a frozen spec: the few facts that turn a cell as it was written into a value as it is stored, today for
training and next year for prediction. ``stored`` names the Arrow type of the values after `conform`; a null is a
missing value in every kind. ``reason`` says in words why the column was given this kind. A tensor is Arrow's
``fixed_shape_tensor``: (channel, height, width) for an image, (channel, step) for a series. A field is encoded for who
asks for fields (`lamina.data.fit_encoder`); a study asks for single values only, so far.

    kind        stored          used as input    holds
    Number      double          yes              measurements and counts
    Category    string          yes              one of several names
    Flag        bool            yes              yes or no
    Moment      timestamp[us]   yes              a date, or a date and a time; UTC
    Text        string          as a field       sentences
    Image       tensor<uint8>   as a field       pictures, of one size once read
    Series      tensor<float>   as a field       numbers in an order, one sequence a channel
    Identifier  string          no               a different name for every row
    Constant    string          no               one value everywhere, or none at all
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.foundation.specs import check, setting

MOST_SIDE = 4096  # pixels on a side that an image may be brought to
_NAME = "the name of the column, as its header says"
_REASON = "why the column was given this kind, as one sentence, or nothing if there is nothing to say"


@dataclass(frozen=True, kw_only=True)
class Number:
    """Measurements and counts, stored as float64.

    >>> Number(name="mass_g").stored
    'double'
    """

    word: ClassVar[str] = "number"
    stored: ClassVar[str] = "double"
    used: ClassVar[bool] = True

    name: str = setting(meaning=_NAME)
    decimal: str = setting(".", "the sign between the whole and the fraction", choices=(".", ","))
    thousands: str = setting("", "the sign between groups of three digits, or nothing")
    whole: bool = setting(False, "whether every value is a whole number")
    reason: str = setting("", _REASON)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class Category:
    """One of several names, stored as strings.

    ``levels`` are all the names seen when the schema was inferred, in order (numeric order if all are numbers).

    >>> Category(name="island", levels=("Biscoe", "Dream")).levels
    ('Biscoe', 'Dream')
    """

    word: ClassVar[str] = "category"
    stored: ClassVar[str] = "string"
    used: ClassVar[bool] = True

    name: str = setting(meaning=_NAME)
    levels: tuple[str, ...] = setting((), "the names that were seen, in order")
    reason: str = setting("", _REASON)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class Flag:
    """Yes or no, stored as bool; ``true`` and ``false`` are how the data spells them.

    >>> Flag(name="smoker", true="yes", false="no").levels
    ('no', 'yes')
    """

    word: ClassVar[str] = "flag"
    stored: ClassVar[str] = "bool"
    used: ClassVar[bool] = True

    name: str = setting(meaning=_NAME)
    true: str = setting("true", "how the data spells a yes")
    false: str = setting("false", "how the data spells a no")
    reason: str = setting("", _REASON)

    def __post_init__(self) -> None:
        check(self)

    @property
    def levels(self) -> tuple[str, str]:
        """The two spellings, the no first: classes 0 and 1 when a flag is the target."""
        return self.false, self.true


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A date, or a date and a time, stored as a timestamp in microseconds (UTC where the data names a zone).

    ``order`` is the order in which a date is written; 03/04/2021 is the third of April if it is ``"dmy"``.

    >>> Moment(name="visit", order="dmy").stored
    'timestamp[us]'
    """

    word: ClassVar[str] = "moment"
    stored: ClassVar[str] = "timestamp[us]"
    used: ClassVar[bool] = True

    name: str = setting(meaning=_NAME)
    order: str = setting("ymd", "the order of year, month and day", choices=("ymd", "dmy", "mdy"))
    clock: bool = setting(False, "whether any value has a time of day")
    reason: str = setting("", _REASON)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class Text:
    """Sentences, stored as strings; a text longer than `lamina.data.texts.MOST_LETTERS` loses its end.

    >>> Text(name="remark").stored
    'string'
    """

    word: ClassVar[str] = "text"
    stored: ClassVar[str] = "string"
    used: ClassVar[bool] = True

    name: str = setting(meaning=_NAME)
    reason: str = setting("", _REASON)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class Image:
    """Pictures, all brought to one size and number of channels (1 grey, 3 red, green and blue) when they are read.

    A cell may hold the bytes of an image file, the name of one (relative to the folder of the table), or the pixels.

    >>> Image(name="photo", channels=1, height=28, width=28).shape
    (1, 28, 28)
    """

    word: ClassVar[str] = "image"
    stored: ClassVar[str] = "tensor<uint8>"
    used: ClassVar[bool] = True

    name: str = setting(meaning=_NAME)
    channels: int = setting(3, "1 for grey, 3 for colour", choices=(1, 3))
    height: int = setting(32, "pixels from top to bottom, once read", low=1, high=MOST_SIDE)
    width: int = setting(32, "pixels from left to right, once read", low=1, high=MOST_SIDE)
    reason: str = setting("", _REASON)

    def __post_init__(self) -> None:
        check(self)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The axes of one row: (channel, height, width)."""
        return self.channels, self.height, self.width


@dataclass(frozen=True, kw_only=True)
class Series:
    """Numbers in an order, one sequence a channel; a shorter one is filled up with NaN at its end.

    >>> Series(name="gesture", channels=3, steps=150).shape
    (3, 150)
    """

    word: ClassVar[str] = "series"
    stored: ClassVar[str] = "tensor<float>"
    used: ClassVar[bool] = True

    name: str = setting(meaning=_NAME)
    channels: int = setting(1, "sequences that run side by side in a row", low=1)
    steps: int = setting(100, "numbers in each of them; what is longer loses its end", low=1)
    reason: str = setting("", _REASON)

    def __post_init__(self) -> None:
        check(self)

    @property
    def shape(self) -> tuple[int, int]:
        """The axes of one row: (channel, step)."""
        return self.channels, self.steps


@dataclass(frozen=True, kw_only=True)
class Identifier:
    """A different name for every row, stored as strings; never used as input, because it can only be learnt by heart.

    >>> Identifier(name="patient_id").used
    False
    """

    word: ClassVar[str] = "identifier"
    stored: ClassVar[str] = "string"
    used: ClassVar[bool] = False

    name: str = setting(meaning=_NAME)
    reason: str = setting("", _REASON)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, kw_only=True)
class Constant:
    """One value in every row, or no value at all; never used as input, because it tells no row from another.

    >>> Constant(name="country").used
    False
    """

    word: ClassVar[str] = "constant"
    stored: ClassVar[str] = "string"
    used: ClassVar[bool] = False

    name: str = setting(meaning=_NAME)
    reason: str = setting("", _REASON)

    def __post_init__(self) -> None:
        check(self)


Column = Number | Category | Flag | Moment | Text | Image | Series | Identifier | Constant
COLUMN_KINDS: tuple[type[Column], ...] = (*(Number, Category, Flag, Moment, Text, Image, Series, Identifier, Constant),)
