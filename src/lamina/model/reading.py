"""How the members of a model file are refused: in which member a value was found that nothing can be made of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from lamina.foundation.errors import ModelFileError
from lamina.foundation.specs import Json
from lamina.model.plain_json import read_json


def read_member(members: Mapping[str, bytes], name: str) -> Json:
    """The plain values of a JSON member.

    Raises:
        ModelFileError: it is not there, or not plain JSON.
    """
    if name not in members:
        raise unusable(name, "it is missing")
    return read_json(members[name], name)


@contextlib.contextmanager
def reading(name: str) -> Iterator[None]:
    """Say in which member a value was found that nothing can be made of.

    >>> from lamina.foundation.errors import require
    >>> with reading("model.json"):
    ...     require(False, "it names no network")
    Traceback (most recent call last):
    lamina.foundation.errors.ModelFileError: 'model.json' does not hold what it should: it names no network.
    """
    try:
        yield
    except ModelFileError:
        raise
    # what the readers of specs raise for values of an unexpected shape; a LaminaError is a ValueError
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError, RecursionError) as error:
        raise unusable(name, str(getattr(error, "wrong", error))) from error


def unusable(name: str, why: str) -> ModelFileError:
    """The refusal of a member, with what is wrong with it."""
    return ModelFileError(
        wrong=f"{name!r} does not hold what it should: {why[:500].rstrip('.')}.",
        expected="the values that lamina wrote there.",
        remedy="take another copy of the file, or make it again with `lamina fit` or `model.save(path)`.",
    )
