"""Built-in sets: small real tables that are there by name, without a network.

Penguins come with lamina; the others come with scikit-learn, which is imported only when one of them is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import numpy as np
import pyarrow as pa

from lamina.data.cells import tensor_column
from lamina.data.formats import read_delimited
from lamina.foundation.errors import DataError, nearest


@dataclass(frozen=True, kw_only=True)
class BuiltinSet:
    """What a person should know about a set before using it.

    >>> BUILTIN["penguins"].target, BUILTIN["penguins"].task
    ('species', 'classification')
    """

    name: str
    rows: int
    columns: int  # the target included
    target: str
    task: str  # "classification" or "regression"
    sentence: str
    source: str
    licence: str
    load: Callable[[], pa.Table] = field(repr=False)


def load_builtin(name: str) -> pa.Table:
    """The table of a built-in set, its target last (penguins: first).

    Raises:
        DataError: there is no set of that name; the nearest names are offered.

    >>> load_builtin("iris").shape
    (150, 5)
    """
    if name not in BUILTIN:
        raise DataError(
            wrong=f"there is no built-in set {name!r}.",
            expected=f"one of {', '.join(BUILTIN)}.",
            remedy=nearest(name, BUILTIN),
        )
    return BUILTIN[name].load()


def _penguins() -> pa.Table:
    with resources.as_file(resources.files("lamina.data") / "sets" / "penguins.csv") as path:
        return read_delimited(path).table


def _iris() -> pa.Table:
    names = ("sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm")
    return _classes("iris", names, "species", ("setosa", "versicolor", "virginica"))


def _wine() -> pa.Table:
    names = (
        *("alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids"),
        *("nonflavanoid_phenols", "proanthocyanins", "colour_intensity", "hue", "od280_od315", "proline"),
    )
    return _classes("wine", names, "cultivar", ("cultivar_1", "cultivar_2", "cultivar_3"))


def _digits() -> pa.Table:
    names = tuple(f"pixel_{row}_{column}" for row in range(8) for column in range(8))
    return _classes("digits", names, "digit", tuple("0123456789"))


def _digit_images() -> pa.Table:
    bunch = _bunch("digits")
    pixels = (bunch.images[:, None] * 15).astype(np.uint8)  # 17 shades, 0 to 240
    digits = pa.array([str(code) for code in bunch.target])
    return pa.table({"image": tensor_column(pixels), "digit": digits})


def _breast_cancer() -> pa.Table:
    traits = (
        *("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave_points"),
        *("symmetry", "fractal_dimension"),
    )
    names = tuple(f"{part}_{trait}" for part in ("mean", "error", "worst") for trait in traits)
    return _classes("breast_cancer", names, "diagnosis", ("malignant", "benign"))


def _diabetes() -> pa.Table:
    names = (
        *("age", "sex", "body_mass_index", "blood_pressure", "total_cholesterol", "ldl", "hdl"),
        *("cholesterol_ratio", "log_triglycerides", "glucose"),
    )
    bunch = _bunch("diabetes", scaled=False)  # in the units of the paper, not centred and scaled
    return _table(bunch.data, names).append_column("progression", pa.array(bunch.target))


def _classes(name: str, names: tuple[str, ...], target: str, classes: tuple[str, ...]) -> pa.Table:
    bunch = _bunch(name)
    return _table(bunch.data, names).append_column(target, pa.array([classes[code] for code in bunch.target]))


def _bunch(name: str, **options: Any) -> Any:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(**options)


def _table(matrix: Any, names: tuple[str, ...]) -> pa.Table:
    return pa.table({name: matrix[:, i] for i, name in enumerate(names)})


_SKLEARN = "scikit-learn (BSD-3-Clause), a copy of the UCI Machine Learning Repository's"
BUILTIN: dict[str, BuiltinSet] = {
    found.name: found
    for found in (
        BuiltinSet(
            name="penguins",
            rows=344,
            columns=8,
            target="species",
            task="classification",
            sentence="Three species of penguin by bill, flipper, weight, sex and island; some values are missing.",
            source="Gorman, Williams and Fraser (2014), doi:10.1371/journal.pone.0090081",
            licence="CC0 1.0",
            load=_penguins,
        ),
        BuiltinSet(
            name="iris",
            rows=150,
            columns=5,
            target="species",
            task="classification",
            sentence="Three species of iris by the length and width of their sepals and petals.",
            source=f"Fisher (1936), doi:10.1111/j.1469-1809.1936.tb02137.x; {_SKLEARN} doi:10.24432/C56C76",
            licence="CC BY 4.0",
            load=_iris,
        ),
        BuiltinSet(
            name="wine",
            rows=178,
            columns=14,
            target="cultivar",
            task="classification",
            sentence="Three grape cultivars of one region by thirteen chemical measurements of their wines.",
            source=f"Aeberhard and Forina (1992); {_SKLEARN} doi:10.24432/C5PC7J",
            licence="CC BY 4.0",
            load=_wine,
        ),
        BuiltinSet(
            name="digits",
            rows=1797,
            columns=65,
            target="digit",
            task="classification",
            sentence="Handwritten digits of 8 by 8 pixels, each with 17 shades.",
            source=f"Alpaydin and Kaynak (1998); {_SKLEARN} doi:10.24432/C50P49",
            licence="CC BY 4.0",
            load=_digits,
        ),
        BuiltinSet(
            name="digit-images",
            rows=1797,
            columns=2,
            target="digit",
            task="classification",
            sentence="The handwritten digits as images of 8 by 8 pixels.",
            source=f"Alpaydin and Kaynak (1998); {_SKLEARN} doi:10.24432/C50P49",
            licence="CC BY 4.0",
            load=_digit_images,
        ),
        BuiltinSet(
            name="breast-cancer",
            rows=569,
            columns=31,
            target="diagnosis",
            task="classification",
            sentence="Malignant or benign, by thirty measurements of cell nuclei in images of breast tissue.",
            source=f"Wolberg, Mangasarian, Street and Street (1993); {_SKLEARN} doi:10.24432/C5DW2B",
            licence="CC BY 4.0",
            load=_breast_cancer,
        ),
        BuiltinSet(
            name="diabetes",
            rows=442,
            columns=11,
            target="progression",
            task="regression",
            sentence="How far diabetes has advanced in a year, by age, sex, body mass, blood pressure and blood.",
            source="Efron et al. (2004), doi:10.1214/009053604000000067; scikit-learn's copy",
            licence="public, no licence stated; the copy is part of scikit-learn (BSD-3-Clause)",
            load=_diabetes,
        ),
    )
}
