r"""Numbers as features: centred on the median, scaled by the middle half, smoothly clipped.

    z = (x - median) * scale        feature = z / sqrt(1 + (z / 3)^2)        scale = 1 / (q75 - q25)

where q25 and q75 are the quartiles of the training rows. If they are equal, scale = 2 / (max - min); if all values are
equal, there is nothing to learn from them and no feature. The clip leaves small z as they are and keeps the rest inside
(-3, 3), so one wild value can neither stretch the scale nor blow up the network. Without the clip the feature is z
itself, for learners that must see a plain linear law as one; only beyond `FAR` it stays where it is.

Source: Holzmüller, Grinsztajn and Steinwart (2024), "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
Tabular Data", arXiv:2407.04491, section 3. We differ: a missing number is 0 (the median), with a second feature that
says so if numbers were missing in training; halves are subtracted instead of wholes, so that 1e308 cannot overflow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamina.foundation.specs import check, setting

CLIP = 3.0  # the feature stays below this, on either side
FAR = 1e6  # z beyond this is clipped hard first: its square must not overflow
NARROWEST = 1e-300  # a column narrower than this is taken as this wide: one over its width would be infinite

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class NumberEncoder:
    """A column of numbers as one feature, and a second one that marks missing values if training had any.

    ``scale`` 0 says that the training rows held one value only; then only the mark is left.

    >>> NumberEncoder(name="mass", centre=4.0, scale=0.5, missing=True).feature_names
    ('mass', 'mass is missing')
    """

    name: str = setting(meaning="the name of the column")
    centre: float = setting(meaning="the median of the training rows")
    scale: float = setting(meaning="one over the distance between the quartiles, or 0 for a constant", low=0)
    missing: bool = setting(False, "whether training rows had missing values, and a feature marks them")
    clipped: bool = setting(True, "whether the feature is smoothly clipped, or the plain centred and scaled number")

    def __post_init__(self) -> None:
        check(self)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name for each feature, in order."""
        value = (self.name,) if self.scale > 0 else ()
        return (*value, f"{self.name} is missing") if self.missing else value

    def write(self, column: pa.ChunkedArray, features: npt.NDArray[np.float32]) -> None:
        """Encode a column into ``features``, float32 ``(row, feature)``; NaN counts as missing, infinity as far off."""
        self.write_values(as_floats(column), features)

    def write_values(self, values: Floats, features: npt.NDArray[np.float32]) -> None:
        """Encode float64 ``(row,)`` into float32 ``(row, feature)``; every row by itself."""
        gone = np.isnan(values)
        if self.scale > 0:
            z = self._scaled(np.where(gone, self.centre, values))
            features[:, 0] = np.where(gone, 0.0, _smooth_clip(z) if self.clipped else z)
        if self.missing:
            features[:, -1] = gone

    def _scaled(self, values: Floats) -> Floats:
        with np.errstate(over="ignore"):  # what overflows lies beyond FAR anyhow
            z: Floats = (values * 0.5 - self.centre * 0.5) * (2.0 * self.scale)
        return np.clip(z, -FAR, FAR)


def fit_number(name: str, values: Floats, *, clipped: bool = True) -> NumberEncoder | None:
    """Learn centre and scale from the training rows; None if these tell no row from another.

    **Shape**: float64 ``(row,)``, NaN where missing.

    >>> plain = fit_number("mass", np.array([1.0, 2.0, 3.0, 4.0, 5.0]), clipped=False)
    >>> feature = np.empty((1, 1), np.float32)
    >>> plain.write_values(np.array([103.0]), feature)
    >>> feature.tolist()
    [[50.0]]
    """
    gone = int(np.isnan(values).sum())
    missing = 0 < gone < len(values)
    centre, scale = _centre_and_scale(values[np.isfinite(values)])
    if scale == 0 and not missing:
        return None
    return NumberEncoder(name=name, centre=centre, scale=scale, missing=missing, clipped=clipped)


def as_floats(column: pa.ChunkedArray) -> Floats:
    """A column as float64 ``(row,)``, NaN where missing."""
    return np.asarray(column, dtype=np.float64)


def _centre_and_scale(finite: Floats) -> tuple[float, float]:
    if len(finite) == 0 or finite.min() == finite.max():
        return float(finite[0]) if len(finite) else 0.0, 0.0
    low, first, middle, third, high = np.quantile(finite * 0.5, [0.0, 0.25, 0.5, 0.75, 1.0])
    width = (third - first) or (high - low) * 0.5
    # all five are halves, so width is half of what the formula names; halving may have made a subnormal one 0
    return float(middle * 2.0), float(0.5 / max(width, NARROWEST))


def _smooth_clip(z: Floats) -> Floats:
    clipped: Floats = z / np.sqrt(1.0 + np.square(z / CLIP))
    return clipped
