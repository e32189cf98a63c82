"""Columns that the network asked for does not read: said before training, and refused where nothing else is left."""

from __future__ import annotations

from dataclasses import replace

from lamina.data import Image, Note, Series, Text
from lamina.evaluation.prepare import Prepared
from lamina.foundation.errors import SpecError
from lamina.foundation.signature import FieldKind
from lamina.networks import Network

KINDS: tuple[FieldKind, ...] = ("image", "text", "series")
PLURALS = {"image": "images", "text": "texts", "series": "series"}


def saying_what_is_unread(prepared: Prepared, network: Network | None) -> Prepared:
    """With a note of images, texts and series that ``network`` makes no use of; its rivals read them all the same.

    Or, the other way round, with one of all encoders that have nothing to read.

    Raises:
        SpecError: there is no other column.
    """
    inputs, kinds = prepared.schema.inputs, prepared.schema.field_kinds
    idle = [kind for kind in KINDS if getattr(network, kind, None) is not None and kind not in kinds]
    if idle:
        names = " and ".join(f"{'an encoder' if kind == idle[0] else 'one'} of {PLURALS[kind]}" for kind in idle)
        left = "it is" if len(idle) == 1 else "they are"
        words = f"the network that was asked for has {names}, but there are none: {left} left out."
        return replace(prepared, notes=(*prepared.notes, Note(kind="unread", sentence=words)))
    unread = [column for column in inputs if isinstance(column, Image | Text | Series)]
    if not unread or network is None or network.reads_fields:
        return prepared
    names = ", ".join(repr(column.name) for column in unread)
    if len(unread) == len(inputs):
        kind = unread[0].word
        raise SpecError(
            wrong=f"the network that was asked for reads numbers and categories, and there are none beside {names}.",
            expected=f"a network with an encoder for {'an' if kind == 'image' else 'a'} {kind}.",
            remedy=f"{_REMEDIES[kind]}, or leave --network (network=) out for the usual one.",
        )
    words = f"the network that was asked for reads only numbers and categories: it leaves out {names}."
    return replace(prepared, notes=(*prepared.notes, Note(kind="unread", count=len(unread), sentence=words)))


_REMEDIES = {
    "image": 'put convolutions first, "conv 16, pool 2, 64 relu"',
    "text": 'try "Table(text=Phrases())"',
    "series": 'try "Table(series=InceptionTime())"',
}
