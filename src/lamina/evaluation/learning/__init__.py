"""What more rows would do: a law fitted to errors at several sizes, its band, and what follows in words.

Enters: errors at several numbers of rows, as `Points`. Leaves: laws, bands, sentences. Must not know: tables, training.
"""

from lamina.evaluation.learning.band import Crossing, band, crossing, doubled
from lamina.evaluation.learning.law import FEWEST_SIZES, SIZES, Law, Points, curve_sizes, fit_law
from lamina.evaluation.learning.words import Curve, Measure, meeting, read_curve, sentence, to_json

__all__ = [
    "FEWEST_SIZES",
    "SIZES",
    "Crossing",
    "Curve",
    "Law",
    "Measure",
    "Points",
    "band",
    "crossing",
    "curve_sizes",
    "doubled",
    "fit_law",
    "meeting",
    "read_curve",
    "sentence",
    "to_json",
]
