"""Columns of images, texts and series: the pictures of each."""

from __future__ import annotations

from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.images_figure import images_pictures
from lamina.evaluation.report.picture import Picture
from lamina.evaluation.report.read import mappings, text
from lamina.evaluation.report.series_figure import series_pictures
from lamina.evaluation.report.texts_figure import texts_pictures

KINDS = {"image": images_pictures, "text": texts_pictures, "series": series_pictures}
MOST = 6  # columns


def field_pictures(facts: Facts) -> list[Picture]:
    """The pictures of every such column; none where there are none."""
    columns = [one for one in mappings(facts.get("fields")) if text(one.get("kind")) in KINDS][:MOST]
    pairs = [KINDS[text(one.get("kind"))](facts, one, f"field-{place}") for place, one in enumerate(columns)]
    return [picture for pictures in pairs for picture in pictures]
