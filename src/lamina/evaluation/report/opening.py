"""What a reader sees first: the verdict, the three chances, and the numbers that matter."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.evaluation.report import field
from lamina.evaluation.report.field import Facts
from lamina.evaluation.report.read import mapping, number, pair, text
from lamina.evaluation.report.words import Scale, duration, rows_words, sentence_of, share, size, without_label

WORDS = {
    "better": ("▲", "The network is better"),
    "equivalent": ("≈", "Practically equal"),
    "worse": ("▼", "The network is worse"),
    "undecided": ("?", "Undecided"),
}


@dataclass(frozen=True, kw_only=True)
class Chance:
    """One part of the bar of chances."""

    kind: str
    name: str
    words: str
    percent: str  # for the style sheet


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One number to remember, with what belongs to it."""

    name: str
    value: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The sentence, its word as a badge, and how sure it is."""

    kind: str
    sign: str
    word: str
    sentence: str
    asides: tuple[str, ...]
    chances: tuple[Chance, ...]
    chances_sentence: str


def verdict_of(facts: Facts) -> Verdict | None:
    """The verdict, or None if there is none."""
    verdict = mapping(facts.get("verdict"))
    sign, word = WORDS.get(text(verdict.get("word")), ("", ""))
    kind = text(verdict.get("word")) if word else "undecided"
    if verdict.get("nothing_to_learn"):
        kind, sign, word = "nothing", "∅", "Nothing to learn"
    if not word:
        return None
    return Verdict(
        kind=kind,
        sign=sign,
        word=word,
        sentence=sentence_of(verdict.get("sentence")) or f"{word}.",
        asides=tuple(filter(None, (_decide(verdict), sentence_of(verdict.get("price"))))),
        chances=chances_of(verdict),
        chances_sentence=_region(facts, verdict),
    )


def chances_of(verdict: Facts) -> tuple[Chance, ...]:
    """The chances that the network is worse, practically equal, and better."""
    named = (("worse", "worse"), ("equivalent", "practically equal"), ("better", "better"))
    found = [(kind, name, number(verdict.get(f"chance_{kind}"))) for kind, name in named]
    if any(part is None or not 0 <= part <= 1 for _, _, part in found):
        return ()
    return tuple(Chance(kind=k, name=n, words=share(p), percent=f"{100 * (p or 0):.3f}") for k, n, p in found)


def facts_to_remember(facts: Facts) -> tuple[Fact, ...]:
    """The chosen model, its score, and what it costs."""
    one, scale = field.chosen(facts), field.headline(facts)
    if not one:
        return ()
    found = [Fact(name="Use this model", value=field.title(one), detail=field.settings(one))]
    if scale and field.mean(one, scale.name) is not None:
        found.append(_score(one, scale))
    cost = mapping(one.get("cost"))
    if number(cost.get("fit_seconds")) is not None:
        found.append(Fact(name="Training time", value=duration(cost.get("fit_seconds")), detail=_ratio(facts, one)))
    if number(cost.get("predict_ms_a_row")) is not None:
        milliseconds = number(cost.get("predict_ms_a_row")) or 0.0
        stored = f"{size(cost.get('bytes'))} to keep" if number(cost.get("bytes")) is not None else ""
        found.append(Fact(name="A prediction", value=duration(milliseconds / 1000), detail=stored))
    return tuple(found)


def sentences_to_remember(facts: Facts) -> tuple[Fact, ...]:
    """Would more data help, and what did the rows say that no choice ever saw?"""
    found = [Fact(name="More data", value=_more_data(facts)), Fact(name="Test", value=line_of_test(facts))]
    return tuple(fact for fact in found if fact.value)


def line_of_test(facts: Facts) -> str:
    """The test line: in the facts' words, or else from its numbers."""
    test, scale = mapping(facts.get("test")), field.headline(facts)
    told = sentence_of(test.get("sentence"))
    if told or scale is None or (mean := field.mean(test, scale.name)) is None:
        return told
    rows = number(test.get("rows"))
    ends = field.interval(test, scale.name)
    where = f" on {rows_words(rows)} that no choice ever saw" if rows else ""
    span = f" ({scale.range(*ends)})" if ends else ""
    return f"{scale.label}{where}: {scale.words(mean)}{span}."


def _more_data(facts: Facts) -> str:
    return without_label(sentence_of(mapping(facts.get("learning_curve")).get("sentence")), "More data: ")


def _score(one: Facts, scale: Scale) -> Fact:
    ends = field.interval(one, scale.name)
    detail = f"interval {scale.range(*ends)}" if ends else ""
    label = scale.label[:1].upper() + scale.label[1:]
    return Fact(name=label, value=scale.words(field.mean(one, scale.name)), detail=detail)


def _ratio(facts: Facts, one: Facts) -> str:
    verdict = mapping(facts.get("verdict"))
    network = field.contender(facts, verdict.get("network"))
    spent = duration(mapping(network.get("cost")).get("fit_seconds"))
    return f"the network took {spent}" if network and network is not one and spent != "–" else ""


def _decide(verdict: Facts) -> str:
    """How many rows would decide it, unless the sentence of the verdict has said so."""
    rows = number(verdict.get("rows_to_decide"))
    told = "would decide it" in text(verdict.get("sentence"))
    return f"About {rows_words(rows)} would decide it." if rows and not told else ""


def _region(facts: Facts, verdict: Facts) -> str:
    scale, region, ends = field.headline(facts), number(verdict.get("region")), pair(verdict.get("interval"))
    if scale is None or region is None:
        return ""
    rival = field.title_of(facts, verdict.get("rival")) if verdict.get("rival") else "its rival"
    words = f"Chances for the network; its rival is: {rival}. "
    words += f"Practically equal means: within {scale.gap(region)} of {scale.label}."
    difference = number(verdict.get("difference"))
    if difference is None:
        return words
    span = f" ({scale.gap(ends[0])} to {scale.gap(ends[1])})".replace(" points to", " to") if ends else ""
    return f"{words} The measured difference is {scale.gap(difference)}{span}.".replace("-", "−")
