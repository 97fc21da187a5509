"""Words that an engineer may not know: defined once, and led to from where they first stand."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dvfs_kernel.report import build, compare
from dvfs_kernel.report.glossary import TERMS, as_markdown
from dvfs_kernel.report.glossary_links import linked

PAGE = Path(__file__).parents[3] / "docs" / "glossary.md"
OPAQUE = {"a", "code", "dfn", "h1", "h2", "h3", "style", "svg", "title"}


class Words(HTMLParser):
    """The text of each section outside of links, and what each links to."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.section, self.stack = "", []
        self.text, self.links = {}, {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "section":
            self.section = values["id"]
        if tag in OPAQUE:
            self.stack.append(tag)
        if values.get("class") == "term":
            place = len(self.text.get(self.section, ""))
            self.links.setdefault(self.section, []).append((values, place))

    def handle_endtag(self, tag):
        if tag in OPAQUE:
            self.stack.remove(tag)

    def handle_data(self, data):
        if not self.stack:
            self.text[self.section] = self.text.get(self.section, "") + data


@pytest.fixture
def page(bare):
    return build(bare | {"paper": compare(bare)}, [], {})


def test_the_documentation_has_the_same_words():
    """`python -m dvfs_kernel.report.glossary` writes the page."""
    assert PAGE.read_text(encoding="utf-8") == as_markdown()


def test_each_word_stands_once():
    forms = [form for term in TERMS for form in (term.name, *term.forms)]
    assert len(set(forms)) == len(forms)
    assert len({term.anchor for term in TERMS}) == len(TERMS)
    assert [term.name.lower() for term in TERMS] == sorted(term.name.lower() for term in TERMS)
    for term in TERMS:
        assert term.meaning.endswith("."), term.name


def test_every_word_leads_to_the_glossary_where_it_first_stands(page):
    """In each section: no word stands before its link, and none without one."""
    words = Words(page)
    assert set(words.links) >= {"summary", "runs", "layers", "execution"}
    for section, text in words.text.items():
        links = words.links.get(section, [])
        first = {values["href"]: place for values, place in links}
        assert len(first) == len(links), section
        for term in TERMS:
            forms = "|".join(map(re.escape, (*term.forms, term.name)))
            stands = re.search(rf"(?<![\w&-])(?:{forms})(?![\w-])", text)
            if stands:
                place = first.get(f"#{term.anchor}")
                assert place is not None, (section, term.name, text[stands.start() - 40 :][:80])
                assert place <= stands.start(), (section, term.name)


def test_a_meaning_shows_under_the_pointer_and_from_the_keyboard(page):
    meanings = {f"#{term.anchor}": term.meaning for term in TERMS}
    for links in Words(page).links.values():
        for values, _ in links:
            assert values["title"] == meanings[values["href"]]
    for term in TERMS:
        assert f'id="{term.anchor}"' in page


@pytest.mark.parametrize("word", ["HFO", "LFO", "g", "hop", "relock", "gated", "window", "MCKP"])
def test_the_words_of_the_tables_are_defined(word):
    assert any(word == term.name for term in TERMS)


def test_a_page_without_a_glossary_stays_as_it_is():
    assert linked("<section><p>A hop on the LFO</p></section>") == (
        "<section><p>A hop on the LFO</p></section>"
    )


def test_what_is_no_text_is_left_alone():
    text = (
        '<section><svg aria-label="hop"><text>hop</text></svg><code>hop</code>'
        '<p class="hop">a hop, a hop</p></section><dfn id="term-hop">hop</dfn>'
    )
    assert linked(text).count('class="term"') == 1
    assert '<p class="hop">a <a class="term" href="#term-hop"' in linked(text)
