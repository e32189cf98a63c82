"""Inline drawings: text that stays text, colours of the page, ids of their own."""

from __future__ import annotations

import re
from html import unescape

import pytest

from example_facts import hostile_names
from lamina.evaluation.report.palette import ACCENT, INK, MARKERS, SERIES, SHAPES, VARIABLES
from lamina.evaluation.report.svg import draw, frame, limits, tick_words


def written(text: str) -> str:
    """A drawing with one text in it."""
    return draw(lambda figure: figure.text(0.1, 0.5, text, color=INK) and None, name="one", alt="a text", height=60)


@pytest.mark.parametrize(
    "name", ["<script>", "$x^2$", "$\\frac{1}{0}$", "a_b^c", "🦊 日本語 عربي", 'style="fill: #000001"', "#000001"]
)
def test_a_name_is_drawn_as_it_is(name: str) -> None:
    """No mathematics, no markup, no warning about letters that a font lacks; what looks like a colour stays a name."""
    texts = re.findall(r"<text[^>]*>(.*?)</text>", written(name), re.DOTALL)
    assert [unescape(text).strip() for text in texts] == [name]


def test_colours_are_those_of_the_page() -> None:
    """Every stand-in becomes a variable, and none is left over."""

    def paint(figure) -> None:
        axes = frame(figure, grid="both")
        axes.plot([1, 2, 3], "o-", color=ACCENT)
        axes.fill_between([0, 1], [0, 0], [1, 1], color=SERIES[1], alpha=0.2)

    drawing = draw(paint, name="colours", alt="a line", height=200)
    assert "var(--accent)" in drawing
    assert "var(--series-1)" in drawing
    assert not re.search(r"#[0-9a-f]{6}", drawing)


def test_every_stand_in_has_a_variable_in_the_style_sheet() -> None:
    """No colour of the palette is unknown to the page; each series has a shape in the drawing and in words."""
    from importlib.resources import files

    style = files("lamina.evaluation.report").joinpath("templates/report.css").read_text("utf-8")
    light, dark, paper = style.split(":root {")[1:4]
    for variable in VARIABLES.values():
        assert all(f"{variable}:" in part for part in (light, dark, paper))
    assert len(set(VARIABLES.values())) == len(VARIABLES) - 1
    assert len(MARKERS) == len(SHAPES) == len(SERIES)


def test_drawings_on_one_page_share_no_ids() -> None:
    """Equal drawings under two names have different ids, and every reference stays inside its own."""
    first, second = (draw(lambda f: frame(f).plot([1, 2], "o") and None, name=name, alt="", height=90) for name in "ab")
    ids = [set(re.findall(r' id="([^"]*)"', drawing)) for drawing in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for drawing, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r'href="#([^"]*)"', drawing)) | set(re.findall(r"url\(#([^)]*)\)", drawing)) <= own


def test_nothing_but_the_drawing_is_kept() -> None:
    """No date, no metadata, no style that would apply to the page, no address of a name space."""
    drawing = written("text")
    assert not re.search(r"<style|<metadata|xmlns|<\?xml|DOCTYPE|http|font-family", drawing)


def test_the_finding_is_read_aloud_and_escaped() -> None:
    """The words for those who cannot see the drawing are in an attribute that they cannot leave."""
    drawing = draw(lambda figure: None, name="n", alt='"><script>', height=10)
    assert 'aria-label="&#34;&gt;&lt;script&gt;"' in drawing


def test_limits_have_a_length() -> None:
    """One value, or none, or the same twice, still make an axis."""
    for values in ([], [0.0], [5.0, 5.0], [-3.0]):
        low, high = limits(values)
        assert low < high


def test_nothing_is_written_beyond_the_bounds() -> None:
    """A tick above 1 has no meaning where all values end there; one on the bound has."""

    def paint(figure) -> None:
        axes = frame(figure)
        axes.set_ylim(*limits([1.0, 1.0], bounds=(0.0, 1.0)))
        axes.set_xlim(0.5, 1.5)
        tick_words(axes, "y", lambda value: f"y{value:g}", bounds=(0.0, 1.0))
        tick_words(axes, "x", lambda value: f"x{value:g}", bounds=(0.0, 1.0))

    drawing = draw(paint, name="ticks", alt="", height=200)
    assert "y1<" in drawing
    assert "x1<" in drawing
    assert "x1.2" not in drawing
    assert limits([1.0], bounds=(0.0, 1.0))[1] < 1.01


def test_tick_words_are_ours() -> None:
    """The words at an axis are those of the function that is given."""

    def paint(figure) -> None:
        axes = frame(figure)
        axes.plot([0, 4])
        tick_words(axes, "y", lambda value: f"<{value:g}>")

    assert "&lt;2&gt;" in draw(paint, name="ticks", alt="", height=200)


def test_the_hostile_names_differ() -> None:
    """The names that the tests use are as many as asked for."""
    assert len(set(hostile_names(200))) == 200
