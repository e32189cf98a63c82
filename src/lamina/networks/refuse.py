"""What networks of numbers and categories say to columns of whole arrays."""

from __future__ import annotations

from lamina.foundation.errors import SpecError
from lamina.foundation.signature import Field


def refuse_fields(name: str, fields: tuple[Field, ...]) -> None:
    """Refuse fields on behalf of a network that takes none.

    Raises:
        SpecError: there are fields.
    """
    if fields:
        kinds = ", ".join(dict.fromkeys(field.holds for field in fields))
        raise SpecError(
            wrong=f"{name} was asked to take {len(fields)} column(s) of whole arrays ({kinds}).",
            expected="numbers and categories only.",
            remedy="use Table(), which gives every such column an encoder of its own, or leave these columns out.",
        )
