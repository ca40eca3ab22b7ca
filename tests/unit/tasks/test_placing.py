"""Marks in translations: on the right words where links say which, and always whole and nested."""

import random
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.markup.blocks import Block, Mark
from service.markup.docx import DocxMarkup
from service.markup.html import HTMLMarkup
from service.tasks.marked_sentence import MAX_COMPARISONS
from service.tasks.placing import kept_of, placed
from service.tasks.results import Range, TranslatedSegment
from service.text.alignment import Link
from service.text.kept import apart, without
from service.text.segment import is_translatable, split
from tests.fuzz.growth import seconds
from tests.unit.markup.docx_files import of_paragraphs, opened, run


def links_of(source: str, text: str, pairs: str) -> tuple[Link, ...]:
    """Links between words, as in `minister=ministre energy=énergie`."""
    found = []
    for pair in pairs.split():
        one, _, other = pair.partition("=")
        start, here = source.index(one), text.index(other)
        found.append(Link(here, here + len(other), start, start + len(one), 1.0))
    return tuple(found)


def translated(html: str, *sentences: tuple[str, str]) -> str:
    """The page with its one block translated: texts of its sentences and their links."""
    markup = HTMLMarkup(html)
    [block] = markup.blocks
    found = apart(block.text, split(block.text).segments, kept_of(block))
    segments = [
        TranslatedSegment(
            Range(one.start, one.end), text, -0.1, text, links=links_of(one.text, text, pairs)
        )
        for (one, _), (text, pairs) in zip(found, sentences, strict=True)
    ]
    return markup.rebuilt([placed(block, segments)[0]]).decode()


@pytest.mark.parametrize(
    ("html", "sentences", "expected"),
    [
        ("The <b>energy minister</b> of <a>Greece</a> spoke.",
         [("Le ministre grec de l’énergie a parlé.",
           "energy=énergie minister=ministre Greece=grec spoke=parlé The=Le")],
         "Le <b>ministre</b> <a>grec</a> de l’énergie a parlé."),
        ("A <b>red <i>car</i></b> here", [("Ici une voiture rouge", "red=rouge car=voiture A=une")],
         "Ici une <b><i>voiture</i> rouge</b>"),
        ("He said: <q>“Never!”</q> twice", [("Deux fois il dit : « Jamais ! »", "Never=Jamais")],
         "Deux fois il dit : <q>« Jamais ! »</q>"),
        ("a <b>word</b>, then", [("un mot, puis", "word=mot then=puis")], "un <b>mot</b>, puis"),
        ("See <b>Figure 7</b> now", [("Voir Figure 7 là", "")], "Voir <b>Figure 7</b> là"),
        ('So <q>"no!"</q> it is', [('C’est "non !" ainsi', "no=non So=ainsi is=est")],
         'C’est <q>"non !"</q> ainsi'),
        ("It costs <b>3 percent</b> more", [("Cela coûte 3 % de plus", "percent=% It=Cela")],
         "Cela coûte <b>3 %</b> de plus"),
        ("One <b>two. Three</b> four.", [("Deux un.", "One=un two=Deux"),
                                         ("Quatre trois.", "Three=trois four=Quatre")],
         "<b>Deux un. Quatre trois</b>."),
        ("<b>One. Two. Three</b> four.",
         [("Un.", ""), ("Deux.", ""), ("Trois quatre.", "Three=Trois four=quatre")],
         "<b>Un. Deux. Trois</b> quatre."),
        ("One <img> two three", [("Trois deux un", "One=un two=deux three=Trois")],
         "<img> Trois deux un"),
        ("One two <img>three", [("Un deux trois", "One=Un two=deux three=trois")],
         "Un deux <img>trois"),
        ("Now <img>.", [("Maintenant.", "Now=Maintenant")], "Maintenant<img>."),
        ("One.<br> Two <wbr>three.", [("Un.", ""), ("Deux trois.", "Two=Deux three=trois")],
         "Un.<br> Deux <wbr>trois."),
        ("x <b>one</b> <b>two</b> y", [("y deux un x", "one=un two=deux x=x y=y")],
         "y <b>deux</b> <b>un</b> x"),
        ("x <b>the</b> <b>cat</b> y", [("x chat y", "x=x y=y cat=chat the=chat")],
         "x <b></b><b>chat</b> y"),
        ("Use <code>a.b</code> in <b>C</b>", [("En C utilisez a.b", "Use=utilisez C=C")],
         "En <b>C</b> utilisez <code>a.b</code>"),
        ("<a>Use <code>a b</code></a> there", [("Là a b utilisez", "Use=utilisez there=Là")],
         "Là <a><code>a b</code> utilisez</a>"),
        ("x <b>never translated</b> y", [("x never translated y", "")],
         "x <b>never translated</b> y"),
    ],
)  # fmt: skip
def test_marks_stand_around_the_words_that_render_theirs(
    html: str, sentences: list[tuple[str, str]], expected: str
) -> None:
    assert translated(html, *sentences) == expected


@pytest.mark.parametrize(
    ("html", "sentence", "expected"),
    [
        ("Emissions of CO<sub>2</sub> rose last year.",
         ("Անցյալ տարի CO2 արտանետումները աճել են։", ""),
         "Անցյալ տարի CO<sub>2</sub> արտանետումները աճել են։"),
        ("Emissions of CO<sub>2</sub> rose.",
         ("CO2-ի արտանետումները աճել են։", "CO2=CO2 Emissions=արտան rose=աճել"),
         "CO<sub>2</sub>-ի արտանետումները աճել են։"),
        ("The lake covers 25 km<sup>2</sup> here.", ("Լիճը զբաղեցնում է 25 կմ2 այստեղ։", ""),
         "Լիճը զբաղեցնում է 25 կմ<sup>2</sup> այստեղ։"),
        ("H<sub>2</sub>O<sub><i>2</i></sub> is bad", ("Վատ է H2O2-ը", ""),
         "Վատ է H<sub>2</sub>O<sub><i>2</i></sub>-ը"),
        ("He won the 3<sup>rd</sup> prize in 2010.",
         ("2010 թվականին նա շահեց 3-րդ մրցանակը։", ""),
         "2010 թվականին նա շահեց 3-<sup>րդ</sup> մրցանակը։"),
        ("It is 10<sup>\u22126</sup> m.", ("Դա 10\u22126 մ է։", "10=10 6=6"),
         "Դա 10<sup>\u22126</sup> մ է։"),
        ("It rose in 2010.<sup>1</sup> more", ("Դա աճեց 2010-ին։1 ավելի", ""),
         "Դա աճեց 2010-ին։<sup>1</sup> ավելի"),
        # a word and a note beside it share the word that renders both
        ("<b>The book</b><sup>1</sup> is good.",
         ("Լավն է գիրքը1։", "book1=գիրքը1 good=Լավն"), "Լավն է <b>գիրքը</b><sup>1</sup>։"),
        ("on <b>Monday and CO</b>2 here", ("երկուշաբթի և CO2 այստեղ", "Monday=երկ and=և here=այս"),
         "<b>երկուշաբթի և CO</b>2 այստեղ"),
        ("so CO<b>2 emissions</b> rose", ("CO2 արտանետումները աճել են", "emissions=արտ rose=աճել"),
         "CO<b>2 արտանետումները</b> աճել են"),
        # an initial
        ("<span>T</span>he minister said so.", ("Նախարարն այդպես ասաց։", "minister=Նախարարն"),
         "<span>Ն</span>ախարարն այդպես ասաց։"),
        # letters that are in no word: the word that renders theirs
        ("a thing un<b>believ</b>able here", ("անհավատալի բան", "unbelievable=անհավ thing=բան"),
         "<b>անհավատալի</b> բան"),
        ("a well-<b>known</b> man", ("homme bien connu", "well=bien known=connu man=homme"),
         "homme bien <b>connu</b>"),
        # an index that was not written is nowhere, and no word is raised for it
        ("He won the 3<sup>rd</sup> prize.",
         ("Նա շահեց երրորդ մրցանակը։", "He=Նա won=շահեց 3rd=երրորդ prize=մրցանակը"),
         "Նա շահեց երրորդ<sup></sup> մրցանակը։"),
        ("He won the 3<sup>rd</sup> prize.", ("Նա շահեց երրորդ մրցանակը։", ""),
         "Նա շահեց երրորդ<sup></sup> մրցանակը։"),
        ("2 lakes are 25 km<sup>2</sup>", ("2 լիճ 25 քառակուսի", "2=2 lakes=լիճ 25=25 km=քառ"),
         "2 լիճ 25 քառակուսի<sup></sup>"),
        ("25 km<sup><code>2</code></sup> here", ("Այստեղ 25 կմ2", ""),
         "Այստեղ 25 կմ<sup><code>2</code></sup>"),
        # no word
        ("we <a>in</a> the house were", ("մենք տանն էինք", "we=մենք house=տանն were=էինք"),
         "մենք <a></a>տանն էինք"),
        ("so <b>he went. On</b> Monday", ("նա գնաց երկուշաբթի", "he=նա went=գնաց Monday=երկ"),
         "<b>նա գնաց</b> երկուշաբթի"),
    ],
)  # fmt: skip
def test_a_mark_never_jumps_to_a_word_that_is_not_its_own(
    html: str, sentence: tuple[str, str], expected: str
) -> None:
    markup = HTMLMarkup(html)
    [block] = markup.blocks
    text, pairs = sentence
    links = links_of(block.text, text, pairs)
    segment = TranslatedSegment(Range(0, len(block.text)), text, -0.1, text, links=links)
    assert markup.rebuilt([placed(block, [segment])[0]]).decode() == expected


def test_a_part_of_a_word_has_its_look_in_a_word_file() -> None:
    high = '<w:vertAlign w:val="superscript"/>'
    markup = DocxMarkup(of_paragraphs(run("On the 1") + run("st", high) + run(" of May he came.")))
    [block] = markup.blocks
    text = "Նա եկավ մայիսի 1-ին։"
    segment = TranslatedSegment(Range(0, len(block.text)), text, -0.1, text)
    [paragraph] = opened(markup.rebuilt([placed(block, [segment])[0]])).paragraphs
    assert paragraph.text == text
    assert [r.text for r in paragraph.runs if r.font.superscript] == ["ին"]


def test_where_what_is_kept_cannot_stand_its_sentence_stays() -> None:
    """Two links with code in each, and the code of the one between the words of the other."""
    block = Block("a x b y", (Mark(0, 3), Mark(2, 3, keep=True), Mark(4, 7), Mark(6, 7, keep=True)))
    text = "y a x x"
    found, stay = placed(block, [TranslatedSegment(Range(0, 7), text, -0.1, text)])
    assert found == block
    assert stay == {0}


WORDS = [
    "un",
    "deux",
    "xy",
    "3",
    "%",
    ".",
    "« »",
    "ab cd",
    "",
    " ",
    "Lur",
    "՞",
    "\ud800",
    "CO2",
    "H2O-ն",
    "one2",
]
PARTS = [
    "<b>", "</b>", "<i>", "</i>", "<img>", "<br>", "<code>ab cd</code>", "<code>3</code>", "one ",
    "two ", "Lur ", "3 ", ". ", "Next ", "\u201cq\u201d ", "<!-- -->", "</a>", "<a>",
    "on", "CO", "2", "H",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=16).map("".join), st.integers(0, 10_000))
@example(". Next . <code>ab cd</code>", 223)
@example("one <a>two <code>3</code></a> <b><code>ab cd</code> Lur</b> Next", 3)
def test_whatever_comes_back_marks_nest_and_what_is_kept_is_there(html: str, seed: int) -> None:
    chance = random.Random(seed)
    markup = HTMLMarkup(html)
    for block in markup.blocks:
        segments = []
        for one, kept in apart(block.text, split(block.text).segments, kept_of(block)):
            words = [*chance.choices(WORDS[:6] + WORDS[8:], k=chance.randint(0, 5))]
            others = [w for w in words if w not in {k.text for k in kept}]
            said = [*others, *(k.text for k in kept)]
            chance.shuffle(said)
            has_words = is_translatable(without(one.text, kept))
            text = " ".join(said) if has_words else one.text  # what is only kept is not translated
            links = tuple(
                Link(*sorted(chance.choices(range(len(text) + 1), k=2)),
                     *sorted(chance.choices(range(len(one.text) + 1), k=2)), chance.random())
                for _ in range(chance.randint(0, 6))
            )  # fmt: skip
            segments.append(
                TranslatedSegment(Range(one.start, one.end), text, -0.1, text, links=links)
            )
        done, _ = placed(block, segments)
        assert len(done.marks) == len(block.marks)
        assert all(0 <= m.start <= m.end <= len(done.text) for m in done.marks)
        written = HTMLMarkup(html).rebuilt(
            [done if other is block else other for other in markup.blocks]
        )
        for sign in ("<b>", "</b>", "<img>", "<code>ab cd</code>", "<code>3</code>", "</a>"):
            assert written.decode(errors="surrogatepass").count(sign) == html.count(sign)
        for mark, own in zip(done.marks, block.marks, strict=True):
            if own.keep:
                kept = block.text[own.start : own.end]
                assert done.text[mark.start : mark.end].strip() in (kept, "") or not kept.strip()


@pytest.mark.parametrize("unit", ["a <b>a</b> ", "ab1<b>2</b> ", "<b>a b</b>1 ", "a<b>1</b>"])
def test_very_many_marks_in_one_sentence_take_little_time(unit: str) -> None:
    def work(text: str) -> None:
        [block] = HTMLMarkup(text).blocks
        said = block.text.replace("a", "b")
        segment = TranslatedSegment(Range(0, len(block.text)), said, -0.1, said)
        done, _ = placed(block, [segment])
        assert len(done.marks) == len(block.marks)

    size = int(MAX_COMPARISONS**0.5)
    assert seconds(work, unit * 4 * size) < 16 * seconds(work, unit * size) + 1


def test_a_mark_of_a_block_keeps_its_index() -> None:
    block = Block("a b", (Mark(0, 1), Mark(2, 3)))
    segment = TranslatedSegment(
        Range(0, 3), "b a", -0.1, "b a", links=links_of("a b", "b a", "a=a b=b")
    )
    done, _ = placed(block, [segment])
    assert done == Block("b a", (Mark(2, 3), Mark(0, 1)))
    assert replace(done, text=block.text, marks=block.marks) == block
