"""How honest answers are: temperatures, reliability, how often intervals and sets hold the truth.

Enters: held-out answers and the truth about them, as arrays. Leaves: temperatures, bins, coverages. Must not know:
tables, training.
"""

from lamina.evaluation.honesty.calibrate import cross_fitted, ece_interval, fit_temperature, reliability
from lamina.evaluation.honesty.coverage import conformity_of_classes, conformity_of_numbers, measured_coverage

__all__ = [
    "conformity_of_classes",
    "conformity_of_numbers",
    "cross_fitted",
    "ece_interval",
    "fit_temperature",
    "measured_coverage",
    "reliability",
]
