"""The colours, as words: each is a CSS variable of the page, so that a picture follows the page into the dark.

matplotlib wants real colours. It is given stand-ins, nearly black and each different, that `svg` turns into variables.
The values of the variables are in ``templates/report.css``: Okabe and Ito's palette, which colour-blind people can tell
apart (Okabe and Ito, 2008, "Color Universal Design").
"""

from __future__ import annotations

INK = "#000001"  # text and what must be seen
SOFT = "#000002"  # text that explains
LINE = "#000003"  # grids and axes
PAPER = "#000004"  # what lies behind
ACCENT = "#000005"  # the network, which is what a report is about
ON_ACCENT = "#000006"  # text on the accent
SERIES = ("#000010", "#000011", "#000012", "#000013", "#000014", "#000015", "#000016", "#000017")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")  # shapes as well, for those who see no colours
SHAPES = ("●", "■", "▲", "◆", "▼", "✚", "✖", "★")  # the same shapes in words

VARIABLES = {
    "#000000": "--ink",
    INK: "--ink",
    SOFT: "--soft",
    LINE: "--line",
    PAPER: "--paper",
    ACCENT: "--accent",
    ON_ACCENT: "--on-accent",
    **{colour: f"--series-{index}" for index, colour in enumerate(SERIES)},
}
