"""Facts like those of ``result.json``, made up, for tests of what reads them."""

from __future__ import annotations

import math
import random
from typing import Any

TITLES = {
    "network": "Neural network",
    "linear": "Linear model",
    "svm": "Support vector machine",
    "neighbours": "Nearest neighbours",
    "boosting": "Gradient boosting",
    "forest": "Random forest",
    "constant": "Always the same answer",
}
CENTRES = dict(zip(TITLES, (0.991, 0.989, 0.986, 0.984, 0.978, 0.976, 0.442), strict=True))
FOLDS = 10
ORDER = ("linear", "network", "svm", "boosting", "forest", "neighbours", "constant")  # best first, on numbers


def classification_facts(
    classes: tuple[str, ...] = ("Adelie", "Chinstrap", "Gentoo"),
    columns: tuple[str, ...] = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "island", "sex"),
) -> dict[str, Any]:
    """A study of classes in which every part is present; the network and a linear model are equivalent."""
    luck = random.Random(0)
    facts = _common(columns, luck) | {
        "name": "penguins",
        "task": "classification",
        "target": "species",
        "classes": list(classes),
        "metrics": {
            "accuracy": {"label": "accuracy", "better": "higher", "percent": True},
            "log_loss": {"label": "log loss", "better": "lower", "percent": False},
        },
        "contenders": [_classifier(name, centre, luck) for name, centre in CENTRES.items()] + [_left_out()],
        "confusion": {"contender": "linear", "counts": _counts(len(classes))},
        "residuals": None,
        "coverage": {"nominal": 0.9, "measured": 0.903, "size": 1.02},
        "balance": {name: 152 - 7 * (place % 20) for place, name in enumerate(classes)},
        "effects": [_effect(column, place, classes) for place, column in enumerate(columns[:6])],
    }
    facts["network"]["map"] = _map(classes, luck)
    return facts


def regression_facts(columns: tuple[str, ...] = ("bmi", "s5", "bp", "sex")) -> dict[str, Any]:
    """A study of a number: the network is worse than a linear model."""
    luck = random.Random(1)
    facts = _common(columns, luck)
    truth = [150 + 80 * luck.gauss(0, 1) for _ in range(300)]
    facts |= {
        "name": "diabetes",
        "task": "regression",
        "target": "progression",
        "classes": [],
        "metrics": {"rmse": {"label": "root mean squared error", "better": "lower", "percent": False}},
        "contenders": [_regressor(name, 54.5 + 2.5 * place, luck) for place, name in enumerate(ORDER)],
        "confusion": None,
        "residuals": {
            "contender": "linear",
            "truth": truth,
            "predicted": [150 + 0.6 * (y - 150) + 40 * luck.gauss(0, 1) for y in truth],
        },
        "coverage": {"nominal": 0.9, "measured": 0.891, "size": 171.0},
        "balance": None,
        "effects": [
            {
                "column": c,
                "kind": "number",
                "x": [i / 9 for i in range(10)],
                "y": {"prediction": [100 + 9 * i for i in range(10)]},
            }
            for c in columns
        ],
    }
    facts["verdict"] |= {
        "word": "worse",
        "sentence": "The network is worse than a linear model (56.9 against 54.5). Use the linear model.",
        "metric": "rmse",
        "price": None,
        "region": 0.545,
        "difference": -2.4,
        "interval": [-3.9, -0.9],
        "chance_better": 0.0,
        "chance_equivalent": 0.02,
        "chance_worse": 0.98,
    }
    facts["learning_curve"] |= {"metric": "rmse", "label": "root mean squared error", "percent": False}
    facts["test"] = None
    facts["network"]["map"] = _map((), luck)
    return facts


def hostile_names(how_many: int) -> tuple[str, ...]:
    """Names that no page should trip over; all different."""
    wild = (
        "<script>alert(1)</script>",
        "\"quoted\" 'twice'",
        "$x^2$",
        "$\\frac{1}{0}$",
        "two\nlines",
        "\u202eright to left",
        "x" * 10_000,
        "🦊🐧👩‍🚀",
        "日本語の列",
        "عربي",
        "{{ 7 * 7 }}",
        "{% raw %}",
        "]]><!-- -->",
        "\x00\x1b[31m",
        "#000001",
        "",
        "a_b^c",
        "</svg><img src=http://evil.example/x onerror=alert(1)>",
        'style="fill: #000001"',
        "&lt;b&amp;",
        "\ud800 half",
    )
    return tuple(wild[:how_many]) + tuple(f"plain {place}" for place in range(how_many - len(wild)))


def _common(columns: tuple[str, ...], luck: random.Random) -> dict[str, Any]:
    return {
        "format": 2,
        "rows": 344,
        "command": "lamina fit penguins species --out run",
        "seed": 0,
        "created": "2026-11-21",
        "environment": {"lamina": "0.1.0", "python": "3.12.4", "torch": "2.13.0", "scikit-learn": "1.9.0"},
        "seconds": 41.2,
        "fingerprint": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "columns": {column: "category" if place > 3 else "number" for place, column in enumerate(columns)},
        "left_out": {"id": "identifier"},
        "verdict": {
            "word": "equivalent",
            "sentence": "A linear model is as good as the network (accuracy 98.9 against 99.1 %; chance that the "
            "difference matters: 5 %) and 60 times cheaper to train. Use the linear model.",
            "network": "network",
            "rival": "linear",
            "chosen": "linear",
            "metric": "accuracy",
            "region": 0.01,
            "difference": 0.002,
            "interval": [-0.004, 0.008],
            "chance_better": 0.04,
            "chance_equivalent": 0.95,
            "chance_worse": 0.01,
            "p_value": 0.4,
            "method": "corrected t",
            "rows_to_decide": None,
            "nothing_to_learn": False,
            "cost_ratio": 60.2,
            "price": "The last 0.2 points cost 60 times the training time.",
        },
        "splits": [{"train": 275, "test": 69, "repeat": fold // 5} for fold in range(FOLDS)],
        "protocol": {"folds": 5, "repeats": 2, "group": None, "time": None, "test_rows": 68},
        "naive_split": {
            "metric": "accuracy",
            "naive": 0.97,
            "right": 0.81,
            "sentence": "A random split would have told you 97.0 %; with whole groups held out it is 81.0 %.",
        },
        "learning_curve": _curve(luck),
        "test": {
            "rows": 68,
            "kind": "opened once",
            "scores": {"accuracy": {"mean": 0.985, "interval": [0.92, 0.998]}},
            "optimism": 0.004,
            "sentence": "On 68 rows that no choice ever saw: accuracy 98.5 % (92.0 to 99.8).",
        },
        "importance": [
            {
                "column": column,
                "mean": 0.31 / (1 + place),
                "low": 0.31 / (1 + place) - 0.02 - 0.03 * place,
                "high": 0.34 / (1 + place),
            }
            for place, column in enumerate(columns)
        ],
        "network": _network(luck),
        "findings": [
            {
                "kind": "identifier",
                "severity": "warning",
                "column": "id",
                "sentence": "'id' is different in every row and was left out.",
                "count": 344,
            },
            {
                "kind": "missing",
                "severity": "info",
                "column": "sex",
                "sentence": "'sex' is empty in 11 rows.",
                "count": 11,
            },
        ],
        "notes": ["2 rows without a species were left out."],
        "drift": [{"column": columns[0], "distance": 0.12, "sentence": "A little higher in the test rows."}],
        "model": {"kind": "linear", "parameters": 33, "seeds": [0], "signature": {"features": 11, "scores": 3}},
        "optimism": "Five folds were drawn twice; another draw moves the accuracy by about 0.3 points.",
        "stopped": ["patience", "epochs"],
    }


def _score(centre: float, spread: float, luck: random.Random, most: float = math.inf) -> dict[str, Any]:
    folds = [min(most, centre + spread * luck.gauss(0, 1)) for _ in range(FOLDS)]
    mean = sum(folds) / FOLDS
    return {"mean": mean, "interval": [mean - spread, min(most, mean + spread)], "folds": folds}


def _cost(place: int) -> dict[str, Any]:
    return {
        "fit_seconds": 0.21 * 4**place,
        "cpu_seconds": 0.2,
        "fit_seconds_folds": [0.2] * FOLDS,
        "predict_ms_a_row": 0.003 * 3**place,
        "rows_per_second": 300000,
        "bytes": 2210 * 7**place,
        "parameters": 33 * 7**place,
        "multiply_adds": 33,
        "joules": None,
    }


def _classifier(name: str, centre: float, luck: random.Random) -> dict[str, Any]:
    place = list(TITLES).index(name)
    bins = [
        {
            "confidence": c,
            "accuracy": min(1.0, c + 0.04 * luck.gauss(0, 1)),
            "low": c - 0.14,
            "high": min(1.0, c + 0.08),
            "rows": round(8 + 230 * (c - 0.4) ** 3),
        }
        for c in (0.48, 0.55, 0.65, 0.75, 0.85, 0.92, 0.98)
    ]
    return {
        "name": name,
        "title": TITLES[name],
        "settings": f"{name.title()}()",
        "chosen_settings": {"C": 1.0} if name == "linear" else {},
        "left_out": None,
        "note": "a fold ended early" if name == "network" else None,
        "scores": {"accuracy": _score(centre, 0.006, luck, 1.0), "log_loss": _score(4 * (1.01 - centre), 0.01, luck)},
        "cost": _cost(place),
        "calibration": None
        if name == "constant"
        else {"temperature": 1.1, "ece": 0.012 + place / 300, "ece_interval": [0.004, 0.03], "bins": bins},
    }


def _regressor(name: str, centre: float, luck: random.Random) -> dict[str, Any]:
    return {
        "name": name,
        "title": TITLES[name],
        "settings": "",
        "chosen_settings": {},
        "left_out": None,
        "note": None,
        "scores": {"rmse": _score(centre, 2.0, luck), "r2": _score(0.5, 0.02, luck)},
        "cost": _cost(2),
        "calibration": None,
    }


def _left_out() -> dict[str, Any]:
    return {
        "name": "tabpfn",
        "title": "TabPFN",
        "left_out": "it is not installed",
        "scores": {},
        "cost": None,
        "calibration": None,
    }


def _counts(classes: int) -> list[list[int]]:
    return [
        [
            50 + row if row == column else (row + 2 * column) % 3 if abs(row - column) == 1 else 0
            for column in range(classes)
        ]
        for row in range(classes)
    ]


def _effect(column: str, place: int, classes: tuple[str, ...]) -> dict[str, Any]:
    if place > 3:
        return {
            "column": column,
            "kind": "category",
            "x": ["Biscoe", "Dream", "Torgersen"],
            "y": {c: [0.2, 0.3 + 0.02 * (i % 5), 0.4] for i, c in enumerate(classes)},
        }
    x = [30 + 3 * step for step in range(10)]
    lines = {
        c: [1 / (1 + math.exp((step - 4 - i) * (-1) ** i)) / 2 for step in range(10)] for i, c in enumerate(classes)
    }
    return {"column": column, "kind": "number", "x": x, "y": lines}


def _curve(luck: random.Random) -> dict[str, Any]:
    sizes = [34, 60, 107, 190, 275]

    def one(a: float, b: float, c: float) -> dict[str, Any]:
        law = {"a": a, "b": b, "c": c}
        points = [
            {"rows": n, "errors": [max(0.0, (a + b * n**-c) * (1 + 0.15 * luck.gauss(0, 1))) for _ in range(5)]}
            for n in sizes
        ]
        band = [
            {"rows": n, "low": 0.85 * (a + b * n**-c), "middle": a + b * n**-c, "high": 1.2 * (a + b * n**-c)}
            for n in [34, 60, 107, 190, 275, 400, 600, 850, 1100]
        ]
        return {
            "points": points,
            "law": law,
            "why_no_law": None,
            "band": band,
            "doubled": {"rows": 550, "now": 0.011, "then": 0.009, "low": 0.007, "high": 0.011},
        }

    return {
        "metric": "error",
        "label": "error rate",
        "percent": True,
        "contenders": {"network": one(0.006, 1.4, 0.8), "linear": one(0.010, 0.5, 0.7)},
        "crossing": {"rows": 520, "low": 300, "high": 900},
        "sentence": "More data: doubling the rows would lower the network's error from 1.1 to 0.9 % "
        "(90 % interval 0.7 to 1.1).",
    }


def _network(luck: random.Random) -> dict[str, Any]:
    def history() -> dict[str, Any]:
        epochs = [
            {
                "epoch": e,
                "seconds": e / 5,
                "training_loss": 1.1 * 0.9**e + 0.01,
                "validation_loss": 1.1 * 0.91**e + 0.03 + 0.0004 * e + 0.005 * luck.random(),
            }
            for e in range(1, 61)
        ]
        return {"start_loss": 1.12, "chance_loss": 1.06, "epochs": epochs}

    return {
        "code": "Table(trunk=MLP(widths=(128, 64)))",
        "inputs": 11,
        "scores": 3,
        "members": 4,
        "layers": [
            {"name": "trunk.0", "kind": "Affine", "inputs": 11, "units": 128, "activation": "relu", "weights": 1536},
            {"name": "trunk.1", "kind": "Affine", "inputs": 128, "units": 64, "activation": "tanh", "weights": 8256},
            {"name": "head", "kind": "Affine", "inputs": 64, "units": 3, "activation": None, "weights": 195},
        ],
        "histories": [history() for _ in range(4)],
        "diagnoses": [
            {"kind": "healthy", "sentence": "The training went well.", "advice": "Nothing needs to be changed."}
        ],
        "map": None,
        "units": [
            {"unit": 17, "rows": [3, 5, 9], "summary": "Strongest for Gentoo with a bill longer than 47 mm."},
            {"unit": 4, "rows": [1, 2], "summary": "Strongest for Adelie from Torgersen."},
        ],
    }


def _map(classes: tuple[str, ...], luck: random.Random) -> dict[str, Any]:
    def place(group: int) -> list[float]:
        return [3 * math.cos(2.4 * group) + luck.gauss(0, 0.8), 3 * math.sin(2.4 * group) + luck.gauss(0, 0.8)]

    groups = [row % max(1, len(classes)) for row in range(200)]
    points = [place(group) for group in groups]
    return {
        "explained": [0.6, 0.2],
        "points": points,
        "labels": [classes[g] for g in groups] if classes else [p[0] for p in points],
        "rows": list(range(200)),
    }
