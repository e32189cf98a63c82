"""How the numbers were made, and what they cannot say."""

from __future__ import annotations

import json

from lamina.evaluation.report import field
from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.read import mapping, mappings, number, sequence, text
from lamina.evaluation.report.words import count, duration, listed, plain_number, rows_words, sentence_of, share, shown


def protocol_words(facts: Facts) -> str:
    """How the rows were dealt into those to learn from and those to judge by.

    >>> protocol_words({"protocol": {"folds": 5, "repeats": 10, "group": None, "time": None, "test_rows": 0}})
    '5 folds, dealt 10 times; no test set was kept apart'
    """
    protocol = mapping(facts.get("protocol"))
    folds, repeats, test = (number(protocol.get(key)) for key in ("folds", "repeats", "test_rows"))
    parts = (
        [f"{count(folds)} folds" + (f", dealt {count(repeats)} times" if repeats and repeats > 1 else "")]
        if folds
        else []
    )
    for key, words in (
        ("group", "rows with the same “{}” kept together"),
        ("time", "later rows by “{}” judged by earlier ones"),
    ):
        if protocol.get(key):
            parts.append(words.format(shown(protocol[key], 40)))
    if test is not None:
        parts.append(f"{rows_words(test)} kept apart as a test set" if test else "no test set was kept apart")
    return "; ".join(parts)


def made_how(facts: Facts) -> list[tuple[str, str, bool]]:
    """Names and values of how the report came about; True for what a machine reads."""
    versions = ", ".join(
        f"{shown(name, 30)} {shown(value, 40)}" for name, value in mapping(facts.get("environment")).items()
    )
    seconds = number(facts.get("seconds"))
    found = [
        ("Command", sentence_of(facts.get("command")), True),
        ("Seed", "" if facts.get("seed") is None else shown(facts["seed"], 40), True),
        ("Judged by", protocol_words(facts), False),
        ("Took", duration(seconds) if seconds is not None else "", False),
        ("Energy of the whole machine", _joules(facts), False),
        ("Made on", shown(facts.get("created") or "", 40) if facts.get("created") else "", False),
        ("Data fingerprint", sentence_of(facts.get("fingerprint")), True),
        ("Versions", versions, False),
        ("Network", sentence_of(mapping(facts.get("network")).get("code")), True),
        ("Method", sentence_of(mapping(facts.get("verdict")).get("method")), False),
        ("Stopped", _stopped(facts), False),
    ]
    return [entry for entry in found if entry[1]]


def _joules(facts: Facts) -> str:
    spent = number(facts.get("joules"))
    return "" if spent is None else f"{count(spent)} J"


def model_facts(facts: Facts) -> list[tuple[str, str]]:
    """What is known about the model that was kept."""
    return [
        (shown(name, 40), _plain(value)) for name, value in mapping(facts.get("model")).items() if value is not None
    ]


def limits_of(facts: Facts) -> list[str]:
    """What a careful reader would say against the numbers, as far as the facts tell."""
    found = [
        _tested(facts), _covered(facts), sentence_of(facts.get("optimism")), _extrapolated(facts), _explained(facts),
        _small(facts), _leaking(facts), _learnable(facts),
    ]  # fmt: skip
    return [sentence for sentence in found if sentence]


def _tested(facts: Facts) -> str:
    test = mapping(facts.get("test"))
    if not test:
        return "" if not facts.get("contenders") else (
            "No rows were kept apart to the very end: the score of the chosen model is the one it was chosen by, and "
            "may be a little too good."
        )  # fmt: skip
    optimism, scale = number(test.get("optimism")), field.headline(facts)
    if optimism is None or scale is None:
        return ""
    region = number(mapping(facts.get("verdict")).get("region")) or 0.0
    gap = f"about {scale.gap(optimism)}" if optimism > 0.1 * region else "nothing measurable"
    return f"Choosing the best of several flatters its score; here by {gap}."


def _covered(facts: Facts) -> str:
    coverage = mapping(facts.get("coverage"))
    nominal, measured, width = (number(coverage.get(key)) for key in ("nominal", "measured", "size"))
    if nominal is None or measured is None:
        return ""
    classes = facts.get("task") != "regression"
    size = plain_number(width)
    each = f" A set holds {size} classes on average." if classes else f" They are {size} wide on average."
    kind = "Sets of classes" if classes else "Intervals"
    return f"{kind} meant to hold the truth in {share(nominal)} of the cases held it in {share(measured, 1)}." + (
        "" if width is None else each
    )


def _extrapolated(facts: Facts) -> str:
    curves = mapping(mapping(facts.get("learning_curve")).get("contenders"))
    banded = any(mapping(one).get("band") for one in curves.values())
    return (
        "The dashed part of the learning curve is a forecast; beyond four times the rows nothing is claimed."
        if banded
        else ""
    )


def _explained(facts: Facts) -> str:
    if not facts.get("importance") and not facts.get("effects"):
        return ""
    return (
        "Importance and effects describe what the model does, not what causes what; columns that say the same share "
        "their importance."
    )


def _small(facts: Facts) -> str:
    rows = number(facts.get("rows"))
    if not rows or rows >= 200:
        return ""
    return f"{rows_words(rows)} are few: another sample may well lead to another verdict."


def _leaking(facts: Facts) -> str:
    serious = [f for f in mappings(facts.get("findings")) if f.get("severity") == "error"]
    names = list(dict.fromkeys(shown(f["column"], 40) for f in serious if text(f.get("column"))))
    return f"See the data checks before you trust any score: {listed(names[:5])}." if names else ""


def _learnable(facts: Facts) -> str:
    if not mapping(facts.get("verdict")).get("nothing_to_learn"):
        return ""
    return "No contender did better than always giving the same answer; the differences between them mean nothing."


def _stopped(facts: Facts) -> str:
    words = [shown(stop, 40) for stop in sequence(facts.get("stopped"))]
    return ", ".join(dict.fromkeys(words))


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    words = value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False, default=str)
    return shown(words, 300)
