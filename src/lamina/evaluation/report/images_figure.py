"""Images: some with the answers and what speaks for these, the worst errors, and what the first layer looks for."""

from __future__ import annotations

from markupsafe import Markup

from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.picture import Picture
from lamina.evaluation.report.read import mapping, mappings, number, numbers
from lamina.evaluation.report.tiles import answer_words, column_words, errors_picture, picture_of, who

COARSE = 32  # pixels a side up to which a pixel is drawn as a square


def images_pictures(facts: Facts, one: Facts, name: str) -> list[Picture]:
    """The pictures of one column of images, of which any may be missing."""
    found = [_examples(facts, one, name), errors_picture(one, name, [_tiles(one, "errors")]), _filters(one, name)]
    return [picture for picture in found if picture is not None]


def _examples(facts: Facts, one: Facts, name: str) -> Picture | None:
    tiles = _tiles(one, "examples")
    if not tiles:
        return None
    sentence = (
        f"Some of the images in column {column_words(one)}, and what {who(facts, one)} answered about them when it had "
        "not learnt from them. Below each: orange where its answer loses when that is covered, blue where it gains."
    )
    return Picture(
        name=f"{name}-examples", heading="What it sees, and where it looks", sentence=sentence, drawings=(tiles,)
    )


def _filters(one: Facts, name: str) -> Picture | None:
    found = mapping(one.get("filters"))
    count, high, wide = (number(found.get(key)) for key in ("count", "height", "width"))
    if count is None or high is None or wide is None:
        return None
    sentence = (
        f"{count:.0f} filters of the network's first layer, {high:.0f} x {wide:.0f} pixels each, those with the "
        "largest weights first. Bright is a weight above zero, dark one below; a filter answers where the image looks "
        "like it."
    )
    drawing = picture_of(found.get("picture"), alt=sentence, kind="filters coarse")
    return Picture(
        name=f"{name}-filters", heading="What its first layer looks for", sentence=sentence, drawings=(drawing,)
    )


def _tiles(one: Facts, part: str) -> Markup:
    """The images of a part, each with its overlay and words; nothing if there are none."""
    coarse = max((0.0, *numbers(one.get("shape"))[1:])) <= COARSE
    items = [_tile(each, "coarse" if coarse else "") for each in mappings(one.get(part))]
    return Markup('<ul class="tiles">{}</ul>').format(Markup("").join(items)) if any(items) else Markup("")


def _tile(each: Facts, kind: str) -> Markup:
    words = answer_words(each)
    image = picture_of(each.get("picture"), alt=f"An image; the answer: {words}", kind=kind)
    over = picture_of(each.get("overlay"), alt="The same image, coloured by what speaks for the answer", kind=kind)
    return Markup("<li>{}{}<span>{}</span></li>").format(image, over, words) if image else Markup("")
