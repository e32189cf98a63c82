"""Python calls with plain values, read as the JSON of a spec; nothing is run."""

from __future__ import annotations

import ast
from typing import Any

from lamina.foundation.errors import SpecError


def read_call(text: str) -> dict[str, Any]:
    """The call that makes a spec, such as ``MLP(widths=(64,))``, as `lamina.foundation.specs.from_json` reads it.

    Raises:
        SpecError: it is no call with plain values.

    >>> read_call("MLP(widths=(64,))")
    {'kind': 'MLP', 'widths': [64]}
    """
    try:
        plain: dict[str, Any] = _plain(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # MemoryError: brackets nested too deep
        raise SpecError(
            wrong=f"the network {text[:80]!r} cannot be read: {str(error) or type(error).__name__}.",
            expected="one call with plain values, such as MLP(widths=(64, 64), dropout=0.1).",
            remedy='check brackets and commas, or use words, such as "64 relu, 64 relu".',
        ) from error
    return plain


def _plain(node: ast.expr) -> Any:
    """Everything but calls of names, tuples and constants is refused."""
    if isinstance(node, ast.Call):
        if (
            not isinstance(node.func, ast.Name)
            or node.args
            or any(word.arg in (None, "kind") for word in node.keywords)
        ):
            raise ValueError("settings are given by name, as in MLP(dropout=0.1)")
        return {"kind": node.func.id, **{str(word.arg): _plain(word.value) for word in node.keywords}}
    if isinstance(node, ast.Tuple | ast.List):
        return [_plain(item) for item in node.elts]
    value = ast.literal_eval(node)
    if not isinstance(value, bool | int | float | str | None):
        raise ValueError(f"{value!r} is not a plain value")
    return value
