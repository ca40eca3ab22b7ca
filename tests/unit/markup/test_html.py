"""HTML and XML taken apart and put together: what stays, and what can never be."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.markup.blocks import Block, Mark
from service.markup.html import HTMLMarkup
from service.markup.tags import tokens
from tests.fuzz.growth import MIN_SECONDS, seconds
from tests.unit.text.strategies import texts

SIGNS = [
    "<b>", "</b>", "<i class='x>y'>", "</i>", '<a href=/?a=1&b=2 title="T &quot;t&quot;">', "</a>",
    "<p>", "</p>", "<div>", "</div>", "<li>", "<ul>", "</ul>", "<br>", "<br/>", "</br>",
    "<img alt=A>", "<code>", "</code>", "<span translate=no>", "<span translate='yes'>", "</span>",
    "<pre>", "</pre>", "<script>", "</script>", "<style>", "</style>", "<svg>", "</svg>",
    "<path/>", "<textarea>", "</textarea>", "<title>", "</title>", "<!--", "-->", "--!>",
    "<!DOCTYPE html>", "<![CDATA[", "]]>", "<?x", "?>", "<", "</", ">", "/>", "&", "&amp;", "&lt;",
    "&nbsp;", "&notit;", "&#65;", "&#x1F98A", "&#99999999999999999999;", "&bogus;", '"', "'", "=",
    " ", "\n", "\t ", "\xa0", "\0", "\ud800", "word", "Ab", " c ", "X. Y", "1", "<A B",
    '<x:y z="', "<plaintext>", "<button>", "<select><option>",
]  # fmt: skip
pages = st.lists(st.sampled_from(SIGNS) | st.text(max_size=3), max_size=30).map("".join)


def signs(text: str, xml: bool) -> Counter[str]:
    """Everything but text, as it is written; values that are translated are left out."""
    found: Counter[str] = Counter()
    for token in tokens(text, xml=xml):
        if token.kind == "text" or (token.kind == "raw" and token.name == "title"):
            continue
        written, start = "", token.start
        for name, first, last, quote in token.attributes:
            if name in ("alt", "title") and not xml:
                written += text[start:first].removesuffix(quote)
                start = last + len(quote)
        found[written + text[start : token.end]] += 1
    return found


def changed(block: Block, chance: random.Random) -> Block:
    """A translation that says what it likes, its marks anywhere: a hostile model."""
    text = chance.choice(["<script>x()</script> & \"q\" 'r' -->", block.text.upper() + " ]]>", "<"])
    marks = []
    for mark in block.marks:
        first, last = sorted(chance.choices(range(len(text) + 1), k=2))
        marks.append(replace(mark, start=first, end=last))
    return Block(text, tuple(marks))


@settings(max_examples=150, deadline=None)
@given(pages | texts, st.booleans(), st.booleans())
@example("<b>x<i> y </b> z</i> w", False, True)
@example("<a> <b>x</b>&nbsp;</a> y <code>z", False, True)
def test_a_page_comes_back_byte_for_byte(text: str, xml: bool, ignores: bool) -> None:
    markup = HTMLMarkup(text, ("b", "x:y") if ignores else (), xml=xml)
    assert markup.rebuilt(markup.blocks) == text.encode(errors="surrogatepass")


@settings(max_examples=200, deadline=None)
@given(pages, st.booleans(), st.integers(0, 1000))
@example("a <b>x</b> <b>y</b> z <img alt=Q>", False, 1)
@example('<p title="a">b <a title=c>d', False, 2)
def test_whatever_a_model_says_no_tag_is_lost_and_none_is_new(
    text: str, xml: bool, seed: int
) -> None:
    markup = HTMLMarkup(text, xml=xml)
    chance = random.Random(seed)
    rebuilt = markup.rebuilt([changed(block, chance) for block in markup.blocks])
    assert signs(rebuilt.decode(errors="surrogatepass"), xml) == signs(text, xml)


@settings(max_examples=150, deadline=None)
@given(pages, st.booleans())
def test_marks_nest_and_places_say_where_a_character_stands(text: str, xml: bool) -> None:
    for block in HTMLMarkup(text, xml=xml).blocks:
        opened: list[Mark] = []
        for mark in block.marks:
            assert 0 <= mark.start <= mark.end <= len(block.text)
            while opened and opened[-1].end <= mark.start:
                opened.pop()
            assert not opened or mark.end <= opened[-1].end
            opened.append(mark)
        assert len(block.places) == len(block.text) + 1
        assert list(block.places) == sorted(block.places)
        for place, character in zip(block.places, block.text, strict=False):
            assert text[place] == character or text[place] in "&<\t\n\f\r"


def said(text: str, *ignored: str, xml: bool = False) -> list[str]:
    """The blocks, their marks in brackets; what is kept in braces."""
    found = []
    for block in HTMLMarkup(text, ignored, xml=xml).blocks:
        shown = [""] * (len(block.text) + 1)
        for mark in block.marks:
            opens, closes = "{}" if mark.keep else "[]"
            if mark.start == mark.end:
                shown[mark.start] += opens + closes
            else:
                shown[mark.start] += opens
                shown[mark.end] = closes + shown[mark.end]
        found.append("".join(s + c for s, c in zip(shown, [*block.text, ""], strict=True)))
    return found


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("<p>The <b>energy minister</b> of <a href=..>Greece</a> spoke.</p>",
         ["The [energy minister] of [Greece] spoke."]),
        ("<p><b>All of it.</b></p>", ["All of it."]),
        ("<p><a href=x>Text <em>in</em></a> more", ["[Text [in]] more"]),
        ("<h1>One</h1>two<td>three<div>four", ["One", "two", "three", "four"]),
        ("<li>one<li>two", ["one", "two"]),
        ("<x-card>a</x-card> b", ["[a] b"]),
        ("a  b\n  c", ["a b c"]),
        ("a <b> b</b>", ["a [b]"]),
        ("One.<br>\n Two<wbr>rooms", ["One.{\n}Two[]rooms"]),
        ("a<!-- no -->b <img src=x> c", ["a[]b []c"]),
        ("<!DOCTYPE html><title>A &amp; b</title>", ["A & b"]),
        ("caf&eacute; &notit; &copy 5&nbsp;km", ["café ¬it; © 5\xa0km"]),
        ("Use <code>a &lt; b</code> now", ["Use {a < b} now"]),
        ("<code>x</code>", []),
        ("<b translate=no>Lur</b> is <i class='x notranslate'>a b</i>.", ["{Lur} is {a b}."]),
        ("<div translate=no>No <b>no</b> <i translate=yes>yes</i> no</div> yes", ["yes", "yes"]),
        ("<p translate=no>no<p>yes", ["yes"]),
        ("<li translate=no>no <b>no</b><li>yes", ["yes"]),
        ("<pre>no <b>no</b></pre><script>no('<b>')</script><style>no</style> yes", ["yes"]),
        ("yes <script>no</script> <svg><title>no</title><g/></svg> <textarea>no</textarea> yes",
         ["yes {}{}{}yes"]),
        ("<svg><text>no</text><g><p>yes</p><textarea><b>no", ["yes"]),
        ("<svg><foreignObject><p>no</p></foreignObject></svg> yes", ["yes"]),
        ("<iframe><p>no</p></iframe>yes<xmp><b>no</xmp>", ["yes"]),
        ("<img alt='A dog' title=Dogs><input placeholder=\"Your &quot;name&quot;\" value=no>",
         ["A dog", "Dogs", 'Your "name"']),
        ("<textarea placeholder=yes aria-label=Well>no", ["yes", "Well"]),
        ("<i translate=no title=no>no</i>", []),
        ("<img alt='&copy=1 &amp; a'>", ["&copy=1 & a"]),
        ("<a>Home</a><a>News</a>", ["Home", "News"]),
        ("1 &lt; 2, 3", []),
        ("a < b and <3", ["a < b and <3"]),
        ("open <b>for ever", ["open []for ever"]),
        ("never opened</b> on", ["never opened[] on"]),
        ("<b>x <i>y</b> z</i> w", ["x []y", "z[] w"]),
        ("keep <code>x <p>new", ["keep"]),
        ("a <!-- never closed <p>no", ["a"]),
        ("a <b title='never closed <p>no", ["a"]),
        ("<![if IE]>yes<![endif]--> yes", ["yes[] yes"]),
        ("&#" + "9" * 5000 + "; a", ["\ufffd a"]),
        ("\0a\ud800 b", ["\0a\ud800 b"]),
    ],
)  # fmt: skip
def test_what_is_language_in_html(text: str, blocks: list[str]) -> None:
    assert said(text) == blocks


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("Press <x id='1'/> the <b>button</b>.", ["Press [] the [button]."]),
        ("<d><t>One.</t><t>Two <B>b</B></t></d>", ["One.", "Two [b]"]),
        ("<d>\n  <p>One</p>\n</d>", ["One"]),
        ("<p>a <P>b</p> c</P>", ["a []b", "c"]),
        ("a <br>b</br> <code>c</code> <img>d</img>", ["a [b] [c] [d]"]),
        ("a\n b", ["a\n b"]),
        ("a <![CDATA[no <b>]]> &own; &lt; <?php no > ?> <!-- no -->b", ["a [] [] < [] []b"]),
        ("<!DOCTYPE d [<!ENTITY own 'no'>]><d title='no'>yes</d>", ["yes"]),
        ("<skip>no <p>no</p></skip> yes <Skip>yes</Skip>", ["{no no} yes [yes]"]),
        ("<t translate='no'>no</t> <t>yes</t> yes", ["{no} [yes] yes"]),
    ],
)  # fmt: skip
def test_what_is_language_in_xml(text: str, blocks: list[str]) -> None:
    assert said(text, "skip", xml=True) == blocks


def test_ignored_elements_of_html_are_kept_whatever_their_case() -> None:
    assert said("a <Ext>b <i>c</i></eXt> d", "EXT") == ["a {b c} d"]


@pytest.mark.parametrize(
    ("text", "blocks", "rebuilt"),
    [
        ("<p>a <B CLASS = 'x'>b</B >\n</p>", [Block("d c", (Mark(0, 1),))],
         "<p><B CLASS = 'x'>d</B > c\n</p>"),
        ("a <code>x&nbsp;y</code> b", [Block("x y c", (Mark(0, 3, keep=True),))],
         "<code>x&nbsp;y</code> c"),
        ("a<br>\n b", [Block("c\nd", (Mark(1, 2, keep=True),))], "c<br>\n d"),
        ("<img alt=Dog> <b title='Cat'>a</b> b",
         [Block('A "dog"'), Block("x y", (Mark(2, 3),)), Block("It's")],
         '<img alt="A &quot;dog&quot;"> x <b title=\'It&#39;s\'>y</b>'),
        ("<p>\n  <a href=x>\n  in </a> out\n", [Block("aus ein", (Mark(4, 7),))],
         "<p>\n  aus <a href=x>\n  ein</a> \n"),
        ("&copy; a &amp; <b>b</b>", [Block("© <a> & b", (Mark(8, 9),))],
         "© &lt;a&gt; &amp; <b>b</b>"),
    ],
)  # fmt: skip
def test_translations_stand_in_the_markup_of_the_input(
    text: str, blocks: list[Block], rebuilt: str
) -> None:
    assert HTMLMarkup(text).rebuilt(blocks).decode() == rebuilt


def test_another_number_of_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        HTMLMarkup("<p>a<p>b").rebuilt([Block("a")])


@pytest.mark.parametrize(
    "unit",
    ["<b>", "</b>", "<p>", "<b><p>", "<li>", "<a title=x>y</a>", "x <b>y</b> ", "<code>x", "<!--",
     "<", "<a b='", "<a b=c ", "&", "&notit", "<svg>", "<svg/>", "<span translate=no>", "</p><b>x",
     "<script>", "<title>", "<![CDATA[", "<?", "x\n", "<td>x", "<br>"],
)  # fmt: skip
@pytest.mark.parametrize("xml", [False, True])
def test_reading_and_writing_take_linear_time(unit: str, xml: bool) -> None:
    """Four times the text takes four times as long, not sixteen times."""

    def work(text: str) -> None:
        markup = HTMLMarkup(text, xml=xml)
        markup.rebuilt([replace(block, text=block.text + "!") for block in markup.blocks])

    size = 12_000 // len(unit)
    took = seconds(work, unit * 4 * size, runs=2)
    if took > 2 * MIN_SECONDS:
        assert took < 8 * seconds(work, unit * size, runs=3)


def test_very_many_open_elements_are_no_trouble() -> None:
    text = "<b>" * 200_000 + "x"
    markup = HTMLMarkup(text)
    assert [block.text for block in markup.blocks] == ["x"]
    assert markup.rebuilt([Block("y")]) == text[:-1].encode() + b"y"
