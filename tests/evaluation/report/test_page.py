"""The whole page: one safe file, the same for the same facts, whatever is missing and whatever the data is called."""

from __future__ import annotations

import copy
import json
import math
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

from example_facts import classification_facts, hostile_names, regression_facts
from lamina.evaluation.report import report_html, write_report

VOID = {"meta", "br", "img", "hr", "link", "input"}
WORDS = ("better", "equivalent", "worse", "undecided")


class Reader(HTMLParser):
    """Checks that tags close in order; keeps attributes and the text that a person sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that holds nothing."""
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        """A tag closes: the one that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Words, if a person sees them."""
        if "style" not in self.open:
            self.words.append(data)

    @property
    def tags(self) -> set[str]:
        """Every tag with an attribute."""
        return {tag for tag, _, _ in self.attributes}


def read(page: str) -> Reader:
    """Parse a page that must be whole and ask no one for anything."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    assert not reader.tags & {"script", "iframe", "img", "link", "object", "embed", "form", "base"}
    assert all(not name.startswith("on") for _, name, _ in reader.attributes)
    references = [
        value or "" for _, name, value in reader.attributes if name in ("src", "href", "xlink:href", "srcset")
    ]
    assert all(reference.startswith("#") for reference in references)
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert len(style) == 1
    assert "@import" not in style[0]
    assert "url(" not in style[0]
    ids = [value for _, name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert all(reference[1:] in ids for reference in references)
    return reader


def text_of(page: str) -> str:
    """What a person reads, with single spaces."""
    return " ".join(" ".join(read(page).words).split())


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """One page of each kind of task."""
    return {"classes": report_html(classification_facts()), "numbers": report_html(regression_facts())}


def test_the_page_is_whole_safe_and_says_all(pages: dict[str, str]) -> None:
    """Every tag is closed, no other host is named, and each part has its heading."""
    everywhere = ("The contenders", "Would more data help?", "Which columns matter", "How the network learnt")
    everywhere += ("The network", "What each column does", "How the network sees", "The data", "How it was made")
    own = {
        "classes": (
            "Practically equal",
            "What is taken for what",
            "Can the probabilities be believed?",
            "TabPFN was left out",
        ),
        "numbers": ("The network is worse", "Predicted against true"),
    }
    for kind, page in pages.items():
        words = text_of(page)
        assert [part for part in (*everywhere, *own[kind]) if part not in words] == []
        assert "http:" not in page.replace("http-equiv", "")
        assert "https:" not in page


def test_the_verdict_comes_first_and_the_making_last(pages: dict[str, str]) -> None:
    """The order is that in which a colleague would want to know: verdict, numbers, pictures, tables, making."""
    words = text_of(pages["classes"])
    order = (
        "A linear model is as good",
        "Use this model",
        "Would more data help?",
        "The contenders in numbers",
        "How it was made",
    )
    places = [words.index(part) for part in order]
    assert places == sorted(places)


def test_the_page_forbids_everything_but_its_own_styles(pages: dict[str, str]) -> None:
    """The security policy lets nothing in; the language is named; it follows the dark, paper and small screens."""
    page = pages["classes"]
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert '<html lang="en">' in page
    for condition in ("prefers-color-scheme: dark", "@media print", "max-width: 560px"):
        assert condition in page


def test_every_picture_says_what_it_shows(pages: dict[str, str]) -> None:
    """Each drawing is an image with words for those who cannot see it, and follows the page's colours."""
    for page in pages.values():
        drawings = re.findall(r"<svg[^>]*>", page)
        assert len(drawings) > 8
        assert all('role="img"' in drawing and re.search(r'aria-label="[^"]{20,}"', drawing) for drawing in drawings)
        assert re.findall(r"<svg.*?</svg>", page, re.DOTALL)
        assert not re.findall(r"(?:fill|stroke): #", page)


def test_equal_facts_give_equal_bytes() -> None:
    """The page depends on the facts alone, and leaves them as they were."""
    facts = classification_facts()
    before = copy.deepcopy(facts)
    assert report_html(facts) == report_html(json.loads(json.dumps(facts)))
    assert facts == before


@pytest.mark.parametrize("make", [classification_facts, regression_facts])
def test_any_part_may_be_missing_or_null(make: Any) -> None:
    """Without any one part of the facts, or with null in its place, the page is still whole."""
    facts = make(columns=("bill_length_mm",))
    facts["contenders"] = [one | {"calibration": None} for one in facts["contenders"]]
    drawn = ("learning_curve", "network", "importance", "effects", "confusion", "residuals")  # what takes long, alone
    for place, part in enumerate(facts):
        kept = () if part in drawn else ("contenders",) if part in ("verdict", "metrics", "test") else ()
        away = {part, *drawn, "contenders"} - {*kept} if part != "classes" else {part}
        without = {name: value for name, value in facts.items() if name not in away}
        read(report_html(without | {part: None} if place % 2 == (make is regression_facts) else without))


@pytest.mark.parametrize("make", [classification_facts, regression_facts])
def test_any_part_may_be_the_only_one(make: Any) -> None:
    """Each part of the facts can be shown without all the others."""
    for part, value in make(columns=("bill_length_mm",)).items():
        read(report_html({part: value}))


@pytest.mark.parametrize("place", ["verdict", "network", "learning_curve", "protocol", "confusion", "test", "coverage"])
def test_any_inner_part_may_be_missing_or_null(place: str) -> None:
    """The same one level down; and the page never shows Python's or JSON's words for nothing."""
    whole = classification_facts()
    whole["contenders"] = [one | {"calibration": None} for one in whole["contenders"]]
    others = ("task", "classes", "metrics", *(("contenders",) if place in ("verdict", "test") else ()))
    facts = {name: whole[name] for name in (place, *others)}
    for part in facts[place]:
        less = {name: value for name, value in facts[place].items() if name != part}
        for told in (less, less | {part: None}):
            words = text_of(report_html(facts | {place: told}))
            assert not re.search(r"\b(None|nan|NaN|null|inf)\b", words)


def test_no_facts_give_a_page_all_the_same() -> None:
    """Nothing to say is said in a whole page."""
    assert "Report" in text_of(report_html({}))


def test_unmeasured_scores_are_dashes() -> None:
    """None and NaN in scores, intervals, costs and bins are shown as not measured, not as numbers."""
    facts = classification_facts()
    for contender, nothing in zip(facts["contenders"], [None, math.nan, math.inf], strict=False):
        contender["scores"]["accuracy"] = {"mean": nothing, "interval": [nothing, 1.0], "folds": [nothing, 0.5]}
        contender["cost"] = dict.fromkeys(contender["cost"], nothing)
        contender["calibration"] = {"ece": nothing, "bins": [{"confidence": nothing, "accuracy": 1, "rows": 1}]}
    facts["importance"][0]["mean"] = facts["effects"][0]["y"]["Adelie"][0] = math.nan
    words = text_of(report_html(facts))
    assert not re.search(r"\b(None|nan|NaN|null|inf|undefined)\b", words)
    assert "–" in words


@pytest.mark.parametrize("word", WORDS)
def test_each_verdict_has_a_word_of_its_own(word: str) -> None:
    """The badge is a word, never only a colour."""
    badge = {"better": "The network is better", "equivalent": "Practically equal", "worse": "The network is worse"}
    page = text_of(report_html({"verdict": {"word": word, "sentence": "So it is.", "rows_to_decide": 1200}}))
    assert badge.get(word, "Undecided") in page
    assert "About 1,200 rows would decide it." in page


def test_nothing_to_learn_is_said_instead_of_a_verdict() -> None:
    """With labels that say nothing, no contender is praised."""
    facts = classification_facts()
    facts["verdict"] |= {"nothing_to_learn": True, "word": "equivalent"}
    words = text_of(report_html(facts))
    assert "Nothing to learn" in words
    assert "the differences between them mean nothing" in words


def test_hostile_names_are_only_text() -> None:
    """Names from the data bring no tag, no script, no formula, no warning; 200 classes and 500 columns fit."""
    names, columns = hostile_names(200), hostile_names(500)
    facts = classification_facts(names, columns)
    facts |= {
        "name": names[0],
        "target": names[2],
        "command": names[17],
        "notes": list(names),
        "left_out": dict.fromkeys(names, names[0]),
    }
    facts["contenders"][1]["title"] = facts["contenders"][1]["note"] = names[0]
    facts["findings"] = [{"kind": "leak", "severity": "error", "column": name, "sentence": name} for name in names[:30]]
    facts["network"]["layers"][0] |= {"kind": names[0], "activation": names[2]}
    facts["network"]["units"] = [{"unit": names[0], "summary": name} for name in names[:8]]
    facts["verdict"]["sentence"] = " ".join(names[:6])
    page = report_html(facts)
    words = text_of(page)
    assert "<script" not in page
    assert "<script>alert(1)</script>" in words
    assert "$x^2$" in words
    assert "{{ 7 * 7 }}" in words
    assert "x" * 1000 not in page
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\ud800-\udfff]", page)
    page.encode()


@pytest.mark.parametrize("first", range(3, 21, 9))
def test_hostile_names_are_only_text_where_few_are_drawn(first: int) -> None:
    """The same for nine classes, which are drawn as a map and not listed as a table."""
    names = hostile_names(21)[first : first + 9]
    page = report_html(classification_facts(names, names))
    read(page)
    assert "<svg" in page


def test_the_file_is_written_whole(tmp_path: Any) -> None:
    """What is written is what is made, in UTF-8, and the place is returned."""
    facts = {"name": "größe", "rows": 3}
    place = write_report(facts, tmp_path / "report.html")
    assert place == tmp_path / "report.html"
    assert place.read_text("utf-8") == report_html(facts)


def test_the_settings_of_others_are_neither_used_nor_changed() -> None:
    """A user's own style changes no byte of the page, and is the same afterwards; pyplot is never imported."""
    code = (
        "import matplotlib, sys\n"
        "from lamina.evaluation.report.svg import draw, frame\n"
        "def one(): return draw(lambda f: frame(f).plot([1, 2]), name='a', alt='b', height=90)\n"
        "first = one()\n"
        "matplotlib.rcParams.update({'font.size': 30, 'axes.facecolor': 'red', 'svg.fonttype': 'path'})\n"
        "before = matplotlib.rcParams.copy()\n"
        "assert one() == first and matplotlib.rcParams.copy() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_template_is_inside_the_package() -> None:
    """An installed lamina has the template and the style sheet."""
    from importlib.resources import files

    places = files("lamina.evaluation.report").joinpath("templates")
    assert sorted(place.name for place in places.iterdir()) == ["report.css", "report.html.j2"]
