import pytest
from hypothesis import given, settings

from service.text.faithful import Article, replacement
from tests.unit.text.strategies import texts

ARTICLE = Article.read(
    "YEREVAN, 14 May — Armenia and the European Union signed a transport agreement on Tuesday.\n"
    "Transport Minister Anahit Zolyan said 46 million euros would be spent by 2027. “We will not"
    " wait,” Zolyan told reporters.\n"
    "Her Georgian colleague, Levan Kartvelidze, praised the plan of the UN and of the World Health"
    " Organization. Jean-Claude Morel, who works for Al-Jazeera at O'Hare, was there. A judge, S."
    " Petrov, was not. Tōkyō sent 2,300 engineers, two ships and the band of Karen Saroyan.\n"
    "Dutch and French firms may bid. Neural networks (NNs) plan the route. The Caucasus Hauliers"
    " Association (CHA) objects: it has a list of state-of-the-art lorries."
)


def names(sentence: str, article: Article = ARTICLE) -> list[str]:
    return [f.value for f in article.doubts(sentence) if f.code == "name_not_in_source"]


def numbers(sentence: str, article: Article = ARTICLE) -> list[str]:
    return [f.value for f in article.doubts(sentence) if f.code == "number_not_in_source"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Armenians welcomed the deal with the EU.",
        "Armenia's deal was signed on Tuesday, 14 May.",
        "The Armenian minister Zolyan spoke.",
        "Minister A. Zolyan spoke to Georgians.",
        "The United Nations and the WHO agreed.",
        "The U.N. agreed.",
        "Kartvelidze, of Georgia, agreed.",
        "The reporter Jean Claude Morel works for Al Jazeera at O’Hare.",
        "Tokyo’s engineers came.",
        "Firms from France and the Netherlands came.",
        "Georgia has ships in Tokyo.",
        "Judge Petrov stayed away.",
        "The NN is used by the CHA.",
        "President Zolyan stayed.",
        "SOTA lorries came.",
        "Workers cheered. Critics did not.",
        "“Nobody waits,” Zolyan said.",
        "The Yerevan Agreement was signed.",
        "CLICK HERE for news.",
        "A plan has been signed with Japan.",
    ],
)
def test_names_of_the_article_in_another_form_raise_no_doubt(sentence: str) -> None:
    assert names(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "doubtful"),
    [
        ("The minister Anahit Zolian spoke.", "Anahit Zolian"),
        ("The minister Zoly spoke.", "Zoly"),
        ("The minister Zollyan spoke.", "Zollyan"),
        ("The minister Zolyans spoke.", "Zolyans"),
        ("They met Boris Ivanov.", "Boris Ivanov"),
        ("Ivanov met them.", "Ivanov"),
        ("Azerbaijan signed.", "Azerbaijan"),
        ("Azerbaijanis signed.", "Azerbaijanis"),
        ("The NATO plan was signed.", "NATO"),
        ("The US plan was signed.", "US"),
        ("The African Union signed.", "African Union"),
        ("It was signed on Wednesday.", "Wednesday"),
        ("It was signed on 14 June.", "June"),
        ("It was signed in March.", "March"),
        ("They flew to O'Malley.", "O'Malley"),
        ("Jean-Pierre Morel spoke.", "Jean-Pierre Morel"),
        ("A paper by U.S. President Zolyan.", "U.S."),
    ],
)
def test_other_names_are_doubted_as_they_are_written(sentence: str, doubtful: str) -> None:
    assert names(sentence) == [doubtful]


@pytest.mark.parametrize("name", ["Levan Zolyan", "Karen Kartvelidze", "Anahit Saroyan"])
def test_two_people_mixed_into_one_are_doubted(name: str) -> None:
    assert names(f"They met {name} there.") == [name]


def test_so_they_are_at_the_head_of_a_sentence() -> None:
    assert names("Levan Zolyan left.") == ["Levan Zolyan"]


@pytest.mark.parametrize("name", ["L. Zolyan", "K. Kartvelidze"])
def test_a_wrong_initial_is_doubted(name: str) -> None:
    assert names(f"They met {name} there.") == [name]


@pytest.mark.parametrize("name", ["Zolyan Anahit", "Anahit Zolyan", "A. Zolyan", "Mr Zolyan"])
def test_a_name_in_another_order_or_shorter_is_not(name: str) -> None:
    assert names(f"They met {name} there.") == []


def test_words_of_science_are_no_names_in_a_paper_and_names_in_the_news() -> None:
    paper = Article.read("We propose an algorithm for neural networks.")
    assert names("We train a DNN with Gaussian noise.", paper) == []
    assert names("They met Gaussian of DNN there.") == ["Gaussian of DNN"]


def test_acronyms_of_common_nouns_are_no_names() -> None:
    assert names("The band was on TV, said its CEO.") == []


def test_what_a_town_has_may_have_a_capital() -> None:
    assert names("The Yerevan City Council agreed.") == []
    assert names("The Vanadzor City Council agreed.") == ["Vanadzor City Council"]


def test_a_month_in_figures_is_had() -> None:
    assert names("It ended in June.", Article.read("It ended on 2026-06-05.")) == []
    assert names("It ended in July.", Article.read("It ended on 2026-06-05.")) == ["July"]


def test_a_verb_is_no_month_where_the_article_has_capitals() -> None:
    article = Article.read("Zolyan may come to Gyumri, said Saroyan of the Ararat Choir.")
    assert names("She comes in May.", article) == ["May"]


def test_an_article_without_capitals_has_its_names_all_the_same() -> None:
    article = Article.read("Police say that karen saroyan 's derby at gyumri kept henry vii away .")
    assert names("Karen Saroyan was at Gyumri .", article) == []
    assert numbers("Henry VII was at Gyumri .", article) == []
    assert names("Karen Zolyan was at Gyumri .", article) == ["Karen Zolyan"]


@pytest.mark.parametrize(
    ("sentence", "doubtful"),
    [
        ("The plan costs 46 million euros until 2027.", []),
        ("The plan costs 64 million euros until 2027.", ["64 million"]),
        ("The plan ends in 2028.", ["2028"]),
        ("About 2,000 engineers came.", []),
        ("Exactly 2,400 engineers came.", ["2,400"]),
    ],
)
def test_numbers_are_asked_for_too(sentence: str, doubtful: list[str]) -> None:
    assert numbers(sentence) == doubtful


def test_each_value_is_given_once_with_words_for_people() -> None:
    found = ARTICLE.doubts("Ivanov met Ivanov in 1999 and in 1999.")
    assert [(f.code, f.value) for f in found] == [
        ("number_not_in_source", "1999"),
        ("name_not_in_source", "Ivanov"),
    ]
    assert all(f.message.endswith(".") and f.value not in f.message for f in found)


@settings(deadline=None)
@given(texts, texts)
def test_any_article_and_sentence_have_an_answer(text: str, sentence: str) -> None:
    for finding in Article.read(text).doubts(sentence):
        assert finding.value in sentence


@settings(deadline=None)
@given(texts)
def test_a_text_has_no_doubt_about_itself_but_for_letters_it_cannot_fold(text: str) -> None:
    plain = "".join(c for c in text if c.isascii() and not c.isdigit())
    assert names(plain, Article.read(plain)) == []


SENTENCES = [
    "YEREVAN — The bridge at Ijevan reopens in May after two years of repairs.",
    "It cost 46 million euros, said the mayor of Ijevan.",
    "But the bridge at Ijevan is narrow.",
    "“The bridge at Ijevan is narrow and old,” he said.",
    "“The bridge at Ijevan is narrow and the road to it is long.",
    "Why is the bridge at Ijevan so narrow and so old?",
    "The bridge at Ijevan",
    "The mayor of Ijevan, Karen Saroyan, promised a wider bridge within three years.",
    "Drivers of lorries want a tunnel instead.",
]


def test_the_sentence_that_supports_best_stands_in_without_its_dateline() -> None:
    found = replacement("The bridge at Ijevan reopens in June.", SENTENCES, [], 20)
    assert found == "The bridge at Ijevan reopens in May after two years of repairs."


def test_what_leans_on_other_sentences_is_passed_over() -> None:
    for leaning in SENTENCES[1:7]:
        assert replacement(leaning, [leaning], [], 50) is None


@pytest.mark.parametrize(
    "opening",
    ["He", "However, he", "This mayor", "In addition, he", "Meanwhile, the mayor", "And the mayor",
     "Another mayor", "“She", "As a result, the mayor", "Their mayor"],
)  # fmt: skip
def test_no_sentence_opens_with_a_word_that_points_back(opening: str) -> None:
    sentence = f"{opening} promised a wider bridge within three years."
    assert replacement("The mayor promised a bridge.", [sentence], [], 50) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "Itineraries of five buses were changed by the mayor.",
        "Butchers asked the mayor for a wider bridge.",
        "“A wider bridge is needed,” said the mayor, Karen Saroyan.",
        "Some 46 buses (all of them old) cross the bridge of the mayor.",
    ],
)
def test_what_only_looks_leaning_may_stand(sentence: str) -> None:
    assert replacement("The mayor and the bridge.", [sentence], [], 50) == sentence


def test_no_more_words_than_are_allowed() -> None:
    doubtful = "The mayor, Karen Saroyan, promised a wider road."
    assert replacement(doubtful, SENTENCES, [], 13) == SENTENCES[7]
    shorter = replacement(doubtful, SENTENCES, [], 12)
    assert shorter != SENTENCES[7]
    assert replacement(doubtful, SENTENCES, [], 4) is None
    assert replacement(doubtful, SENTENCES, []) == SENTENCES[7]


def test_nothing_that_the_summary_has_already() -> None:
    taken = ["Mayor Karen Saroyan of Ijevan promised a wider bridge within three years."]
    found = replacement("The mayor promised a wider bridge at Ijevan in May.", SENTENCES, taken, 50)
    assert found == "The bridge at Ijevan reopens in May after two years of repairs."


def test_none_where_no_sentence_shares_a_word() -> None:
    assert replacement("Elephants swim.", SENTENCES, [], 50) is None
    assert replacement("", SENTENCES, [], 50) is None
    assert replacement("The bridge.", [], [], 50) is None


@settings(deadline=None)
@given(texts, texts, texts)
def test_any_texts_have_a_replacement_or_none(sentence: str, one: str, taken: str) -> None:
    found = replacement(sentence, [one, sentence], [taken], 10)
    assert found is None or found in one or found in sentence
