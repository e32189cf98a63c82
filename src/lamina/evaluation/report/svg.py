"""From a matplotlib figure to inline SVG: themed, accessible, and the same bytes for the same facts.

One unit of a drawing is one CSS pixel (72 dots an inch). Text stays text: it takes the page's font, can be searched
and is read in the page's colours. Nothing global is touched: no pyplot, and settings only inside a context.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from lamina.evaluation.report.palette import INK, LINE, SOFT, VARIABLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 420  # of a picture; a phone shows four fifths of it
ANYWHERE = (-math.inf, math.inf)  # the bounds of what has none
_DPI = 72
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lamina",
    "text.parse_math": False,  # a column named $x$ is just that
    "axes.unicode_minus": True,
    "font.size": 13,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.labelsize": 13,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.linewidth": 1,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "grid.color": LINE,
    "grid.linewidth": 1,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
}
_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_STYLE = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)  # it would apply to the whole page
_TAG = re.compile(r"<[^>]*>")  # matplotlib writes > in texts and attributes as &gt;


def draw(paint: Callable[[Figure], None], *, name: str, alt: str, height: float, width: float = WIDTH) -> Markup:
    """An inline SVG of what ``paint`` puts on an empty figure of so many pixels.

    Args:
        name: goes before every id, so that pictures on one page do not share any.
        alt: what a person who cannot see the picture should know: the finding.

    >>> drawing = draw(lambda figure: None, name="empty", alt="Nothing <yet>", height=10, width=20)
    >>> print(drawing.splitlines()[0])
    <svg class="plot" role="img" aria-label="Nothing &lt;yet&gt;" viewBox="0 0 20 10">
    """
    import matplotlib
    from matplotlib.figure import Figure

    buffer = StringIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        # the reader's browser has fonts that this machine may lack; no letter is drawn here
        warnings.filterwarnings("ignore", message="Glyph|Matplotlib currently does not support", category=UserWarning)
        matplotlib.rcdefaults()  # a style of the user's own must not change the page
        for setting, value in _SETTINGS.items():
            matplotlib.rcParams[setting] = value
        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
        paint(figure)
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    return _inline(buffer.getvalue(), name=name, alt=alt, width=width, height=height)


def frame(
    figure: Figure, *, left: float = 52, right: float = 10, top: float = 10, bottom: float = 44, grid: str = "y"
) -> Axes:
    """Quiet axes with margins in pixels: no box, no tick marks, a thin grid along ``grid`` ("x", "y", "both", "")."""
    width, height = (_DPI * inches for inches in figure.get_size_inches())
    place = (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    axes = figure.add_axes(place)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.tick_params(length=0, pad=6)
    axes.tick_params(which="minor", length=0, labelbottom=False, labelleft=False)
    axes.set_axisbelow(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.grid(grid in ("both", axis.axis_name))
    return axes


def tick_words(
    axes: Axes, axis: str, words: Callable[[float], str], most: int = 6, bounds: tuple[float, float] = ANYWHERE
) -> None:
    """Write the values at an axis in our own words; matplotlib's need its mathematical type-setting.

    No value beyond ``bounds`` is written; where there are any, the ends of the axis must be set before.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

    chosen = axes.xaxis if axis == "x" else axes.yaxis
    usual = MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10])
    if bounds == ANYWHERE:
        chosen.set_major_locator(usual)
    else:
        places = usual.tick_values(*chosen.get_view_interval())
        # one that is meant to lie on a bound may miss it by a rounding
        chosen.set_major_locator(FixedLocator([p for p in places if bounds[0] - 1e-9 <= p <= bounds[1] + 1e-9]))
    chosen.set_major_formatter(FuncFormatter(lambda value, _: words(value)))


def limits(values: list[float], pad: float = 0.06, bounds: tuple[float, float] = ANYWHERE) -> tuple[float, float]:
    """The ends of an axis that shows all the values with a little air; never of no length.

    Beyond ``bounds``, where there are no values, it has no more than that air.

    >>> limits([0.0, 100.0]), limits([3.0]), limits([])
    ((-6.0, 106.0), (2.7, 3.3), (0.0, 1.0))
    >>> limits([1.0], bounds=(0.0, 1.0))
    (0.9, 1.006)
    """
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    air = pad * (high - low) or 0.1 * abs(low) or 0.5
    low, high = low - air, high + air
    inside = pad * (min(high, bounds[1]) - max(low, bounds[0]))
    return max(low, bounds[0] - inside), min(high, bounds[1] + inside)


def _inline(svg: str, *, name: str, alt: str, width: float, height: float) -> Markup:
    body = _STYLE.sub("", _HEAD.sub("", svg), count=1)
    body = _TAG.sub(lambda tag: _themed(tag[0], name), body)
    inside = body.partition(">")[2].strip()
    start = f'<svg class="plot" role="img" aria-label="{escape(alt)}" viewBox="0 0 {width:g} {height:g}">'
    return Markup(f"{start}\n{inside}")


def _themed(tag: str, name: str) -> str:
    """One tag with ids of its own picture, CSS variables for colours, and two decimals."""
    if tag.startswith("<g "):
        tag = re.sub(r' id="[^"]*"', "", tag)
    tag = re.sub(r' id="', f' id="{name}-', tag)
    tag = re.sub(r"(?:xlink:)?href=\"#", f'href="#{name}-', tag)
    tag = re.sub(r"url\(#", f"url(#{name}-", tag)
    tag = re.sub(r"font-family: [^;\"]*(; )?", "", tag)
    tag = re.sub(r' transform="rotate\(-0 [^"]*"', "", tag)
    tag = re.sub(r"(\.\d\d)\d+", r"\1", tag)
    return re.sub(r"#0000[0-9a-f]{2}\b", lambda colour: _variable(colour[0]), tag)


def _variable(colour: str) -> str:
    return f"var({VARIABLES[colour]})" if colour in VARIABLES else colour
