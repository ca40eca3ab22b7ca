"""Evaluation: what is read, how it is scored, what is counted, how it is shown."""

import json
import sys
from pathlib import Path

import pytest

from service.evaluate import doubts, summaries, translation
from service.evaluate.doubts import Example
from service.evaluate.inputs import (
    EvaluationError,
    Row,
    check_lengths,
    read_lines,
    read_rows,
    read_summaries,
)
from service.evaluate.running import _portions, _raw
from service.evaluate.scores import UNSCORED, Quality, SummaryScorer, TranslationScorer
from service.evaluate.show import (
    examples_to_read,
    summary_table,
    translation_table,
    write_examples,
)
from service.evaluate.summaries import Summaries
from service.evaluate.translation import Corpus, System, TranslationReport
from service.tasks.results import Range, TranslatedSegment, Translation
from service.text.checks import CODES
from service.text.finding import Finding
from service.text.typography import Typography


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def corpus_of(*lines: str, references: tuple[str, ...] | None = None) -> Corpus:
    return Corpus(Path("source.txt"), ("en", "hy"), lines, references)


def system_of(*lines: str, final: tuple[str, ...] | None = None) -> System:
    return System("system", lines, final or lines)


def example(line: int, *codes: str) -> Example:
    findings = tuple(Finding(code, "7", f"{code} it is") for code in codes)
    return Example(line, f"source {line}", f"output {line}", findings)


# Reading


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("a\nb\n", ["a", "b"]),
        ("a\nb", ["a", "b"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("\ufeffa\n", ["a"]),
        ("a\n\nb\n\n", ["a", "", "b", ""]),
        ("a\u2028b\x0bc\x85d\n", ["a\u2028b\x0bc\x85d"]),
        ("", []),
    ],
)
def test_only_a_newline_ends_a_line(tmp_path: Path, content: str, lines: list[str]) -> None:
    assert read_lines(written(tmp_path / "f", content)) == lines


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"/absent: No such file or directory$"):
        read_lines(tmp_path / "absent")
    with pytest.raises(EvaluationError, match=r"Is a directory$"):
        read_lines(tmp_path)


def test_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path / "f", "one\nпривет\n".encode("cp1251"))
    with pytest.raises(EvaluationError, match=r"/f is not UTF-8 text: byte 0xef in line 2$"):
        read_lines(path)


def test_files_that_do_not_pair_up_are_named_with_their_lengths() -> None:
    check_lengths(Path("a"), ["1", "2"], Path("b"), ["1", "2"])
    with pytest.raises(EvaluationError, match=r"^a has 2 lines, b has 3: "):
        check_lengths(Path("a"), ["1", "2"], Path("b"), ["1", "2", "3"])


@pytest.mark.parametrize("article", ["article", "text", "document"])
@pytest.mark.parametrize("summary", ["summary", "highlights", "abstract"])
def test_the_fields_of_common_data_sets_are_known(
    tmp_path: Path, article: str, summary: str
) -> None:
    content = json.dumps({article: "Long.", summary: "Short.", "id": 5})
    assert read_rows(written(tmp_path / "f", f"\n{content}\n")) == [Row(2, "Long.", "Short.")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"body": "A", "summary": "B"}',
         "no field 'article' or 'text' or 'document'; it has 'body', 'summary'"),
        ('{"article": "A"}', "no field 'summary' or 'highlights' or 'abstract'; it has 'article'"),
        ("{}", "it has none"),
        ('{"article": 5, "summary": "B"}', "field 'article' is no text"),
        ('{"article": " ", "summary": "B"}', "field 'article' is no text"),
        ('{"article": "A", "summary": "\\ud800"}', "field 'summary' is no text"),
        ("[]", "not a JSON object"),
        ("article,summary", "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    path = written(tmp_path / "f", '{"article": "A", "summary": "B"}\n' + line)
    with pytest.raises(EvaluationError) as caught:
        read_rows(path)
    assert str(caught.value).startswith(f"{path}, line 2: ")
    assert str(caught.value).endswith(message)


def test_rows_there_must_be(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"f has no rows$"):
        read_rows(written(tmp_path / "f", "\n"))


def test_summaries_are_lines_or_rows(tmp_path: Path) -> None:
    assert read_summaries(written(tmp_path / "s.txt", "A.\n\nB.\n")) == ["A.", "", "B."]
    rows = '{"output": "A.", "summary": "B."}\n{"highlights": "C.\\nD."}\n{"output": ""}\n'
    assert read_summaries(written(tmp_path / "s.jsonl", rows)) == ["A.", "C.\nD.", ""]


def test_a_corpus_must_hold_text(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"f has no text$"):
        translation.read_corpus(written(tmp_path / "f", "\n \n"), None, ("en", "hy"))


# Scores


def test_bleu_is_the_geometric_mean_of_the_precisions() -> None:
    quality = TranslationScorer().score(["a b c d e"], ["a b c d f"])
    assert quality.bleu == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25, abs=0.005)


def test_chrf_counts_words_too() -> None:
    """The same letters in other words: chrF without word n-grams would give more."""
    from sacrebleu.metrics.chrf import CHRF

    quality = TranslationScorer().score(["ab cd ef gh"], ["abc def ghi j"])
    assert quality.chrf is not None
    assert (
        quality.chrf < CHRF(word_order=0).corpus_score(["ab cd ef gh"], [["abc def ghi j"]]).score
    )


def test_a_perfect_output_scores_100_and_an_empty_one_0() -> None:
    scorer = TranslationScorer()
    sentences = ["Կառավարությունը քննարկեց նոր ծրագիրը։", "Նիստը տևեց երեք ժամ։"]
    assert scorer.score(sentences, sentences) == Quality(100.0, 100.0)
    assert scorer.score(["", ""], sentences) == Quality(0.0, 0.0)


def test_a_blank_reference_is_left_out_of_the_scores() -> None:
    scorer = TranslationScorer()
    assert scorer.score(["a b c d", "noise"], ["a b c d", " "]) == Quality(100.0, 100.0)
    assert scorer.score(["noise"], [""]) == UNSCORED


def test_outputs_that_look_tokenized_are_scored_in_silence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    TranslationScorer().score(["a b c ."] * 200, ["a b c ."] * 200)
    assert not caplog.records


def test_rouge_is_the_mean_f_measure_of_stemmed_words() -> None:
    scores = SummaryScorer().score(["The cats sat.", "one"], ["the cat ran", "one"])
    assert scores["rouge1"] == pytest.approx(100 * (2 / 3 + 1) / 2, abs=0.005)
    assert scores["rouge2"] == pytest.approx(100 * (1 / 2 + 0) / 2, abs=0.005)
    assert scores["rougeL"] == pytest.approx(100 * (2 / 3 + 1) / 2, abs=0.005)


def test_rouge_l_is_the_longest_common_subsequence_of_the_whole_summary() -> None:
    scores = SummaryScorer().score(["a b\nc d"], ["c d\na b"])
    assert (scores["rouge1"], scores["rougeL"]) == (100.0, 50.0)


@pytest.mark.parametrize(
    ("library", "scorer"),
    [("sacrebleu.metrics.bleu", TranslationScorer), ("rouge_score.rouge_scorer", SummaryScorer)],
)
def test_a_missing_library_is_named_by_its_extra(
    monkeypatch: pytest.MonkeyPatch, library: str, scorer: type
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(EvaluationError, match=r"pip install '\.\[eval\]' in the checkout$"):
        scorer()


# Counting


def test_a_share_counts_sentences_not_findings() -> None:
    examples = [example(1, "number_lost", "number_lost"), example(3, "number_lost", "url_lost")]
    found = doubts.shares(("number_lost", "url_lost", "repetition"), examples, 8)
    assert found == {"number_lost": 0.25, "url_lost": 0.125, "repetition": 0.0}
    assert doubts.shares(("url_lost",), [], 0) == {"url_lost": 0.0}


def test_a_seed_chooses_the_same_examples_again() -> None:
    examples = [example(line, "number_lost") for line in range(100)]
    chosen = doubts.sample(examples, 10, seed=1)
    assert chosen == doubts.sample(examples, 10, seed=1) != doubts.sample(examples, 10, seed=2)
    assert sorted(chosen, key=lambda e: e.line) == chosen
    assert len({e.line for e in chosen}) == 10
    assert doubts.sample(examples, 1000, seed=1) == examples


def test_checks_read_what_users_get_and_scores_both() -> None:
    corpus = corpus_of("It has 45 rooms.", references=("Այն ունի 45 սենյակ և բակ։",))
    report = translation.evaluate(
        corpus,
        system_of("Այն ունի 46 սենյակ եւ բակ։", final=("Այն ունի 45 սենյակ և բակ։",)),
        TranslationScorer(),
    )
    assert report.examples == ()
    assert report.final == Quality(100.0, 100.0)
    assert report.raw.bleu is not None
    assert report.raw.bleu < 100


def test_after_typography_both_armenian_full_stops_count_as_one() -> None:
    references = ("Նախարարն այսօր բացեց նոր կամուրջը:",)
    corpus = corpus_of("The minister opened the new bridge today.", references=references)
    system = system_of("Նախարարն այսօր բացեց նոր կամուրջը։")
    report = translation.evaluate(corpus, system, TranslationScorer())
    assert report.final == Quality(100.0, 100.0)
    assert report.raw.bleu is not None
    assert report.raw.bleu < 100


def test_a_lost_number_is_counted_and_kept_with_its_line() -> None:
    corpus = corpus_of(
        "The hall is open.", "", "It has 45 rooms.", references=("Դահլիճը բաց է։", "", "45։")
    )
    system = system_of("Դահլիճը բաց է։", "", "Այն ունի սենյակներ։")
    report = translation.evaluate(corpus, system, None)
    assert report.sentences == 2
    assert report.checks["number_lost"] == 0.5
    assert report.any_check == 0.5
    [found] = report.examples
    assert (found.line, found.source, found.output, found.reference) == (
        3, "It has 45 rooms.", "Այն ունի սենյակներ։", "45։",
    )  # fmt: skip
    assert [finding.value for finding in found.findings if finding.code == "number_lost"] == ["45"]


def test_a_blank_source_line_counts_nowhere() -> None:
    references = ("Դահլիճը այսօր բաց է։", "Սա ոչ ոք չի ասել։")
    corpus = corpus_of("The hall is open today.", " ", references=references)
    system = system_of("Դահլիճը այսօր բաց է։", "777")
    report = translation.evaluate(corpus, system, TranslationScorer())
    assert (report.sentences, report.raw, report.examples) == (1, Quality(100.0, 100.0), ())


def test_the_object_of_a_translation_has_every_check_and_no_score_without_reference() -> None:
    report = translation.evaluate(corpus_of("Good day."), system_of("Բարի օր։"), None)
    assert report.as_json() == {
        "sentences": 1,
        "bleu": None,
        "chrf": None,
        "normalized": {"bleu": None, "chrf": None},
        "checks": dict.fromkeys(CODES, 0.0),
        "any_check": 0.0,
    }


def test_a_file_gets_our_typography(tmp_path: Path) -> None:
    path = written(tmp_path / "out", "Հայաստան եւ Վրաստան\n")
    raw, corpus = ("Հայաստան եւ Վրաստան",), corpus_of("Armenia and Georgia")
    system = translation.by_file(corpus, path, Typography())
    assert system == System(str(path), raw, ("Հայաստան և Վրաստան",))
    system = translation.by_file(corpus, path, Typography.of(["-hy-yev"]))
    assert system == System(str(path), raw, raw)


def test_a_summary_is_compared_with_its_article_sentence_by_sentence() -> None:
    rows = [
        Row(1, "The bridge in Vorlan opened in 1985. It is 120 metres long.", "A bridge opened."),
        Row(4, "A school burned down on Monday.", "A school burned down."),
    ]
    texts = ("The bridge opened in 1985. It is 340 metres long.", "A school burned down.")
    report = summaries.evaluate(rows, Summaries("s", texts), SummaryScorer())
    assert report.articles == 2
    assert report.sentences == 3
    assert report.words == 7.0
    assert report.checks["number_not_in_source"] == pytest.approx(1 / 3, abs=1e-6)
    [found] = report.examples
    assert (found.line, found.output) == (1, "It is 340 metres long.")
    assert list(report.as_json()) == ["articles", "rouge1", "rouge2", "rougeL", "words", "checks"]
    assert list(report.checks) == list(summaries.CODES)


def test_an_empty_summary_has_no_sentences() -> None:
    report = summaries.evaluate([Row(1, "A b.", "A.")], Summaries("s", ("",)), SummaryScorer())
    assert (report.sentences, report.words, report.checks["number_not_in_source"]) == (0, 0.0, 0.0)
    assert report.rouge["rouge1"] == 0.0


# Running


def test_requests_are_bounded_in_lines_and_in_characters() -> None:
    assert _portions(corpus_of("aaaa", "", "bbbb", "ccc", "dddddddddddd", "e"), 8) == [
        [0, 2], [3], [4], [5],
    ]  # fmt: skip
    assert list(map(len, _portions(corpus_of(*["a"] * 130), 1000))) == [64, 64, 2]


def test_the_raw_line_keeps_what_is_between_its_sentences() -> None:
    segments = (
        TranslatedSegment(Range(1, 4), "Մեկ։", 0.0, "Մեկ ։"),
        TranslatedSegment(Range(6, 9), "Երկու։", 0.0, "Երկու :"),
    )
    translation = Translation(0, "hy", " Մեկ։  Երկու։\t", (), segments, ())
    assert _raw(" One  Two\t", translation) == " Մեկ ։  Երկու :\t"


# Showing


def report_of(name: str, bleu: float | None, *examples: Example) -> TranslationReport:
    chrf = bleu and bleu + 1
    quality, final = Quality(bleu, chrf), Quality(bleu and bleu + 2, bleu and bleu + 3)
    return TranslationReport(name, ("en", "hy"), 4, quality, final, examples)


def test_the_table_has_a_column_for_each_system() -> None:
    table = translation_table(
        [report_of("first", 10.04, example(1, "number_lost")), report_of("much-longer", 20.0)]
    )
    lines = table.splitlines()
    assert [line.split() for line in lines[:5]] == [
        ["4", "sentences,", "en→hy", "first", "much-longer"],
        ["BLEU", "10.0", "20.0"],
        ["chrF++", "11.0", "21.0"],
        ["after", "typography:", "BLEU", "12.0", "22.0"],
        ["after", "typography:", "chrF++", "13.0", "23.0"],
    ]
    [lost] = [line for line in lines if "number_lost" in line]
    assert lost.split() == ["number_lost", "25.0", "%", "0.0", "%"]
    assert lines[-1].split() == ["any", "of", "these", "25.0", "%", "0.0", "%"]
    assert len({len(line) for line in lines if line.endswith("%")}) == 1
    assert all(any(code in line for line in lines) for code in CODES)


def test_the_table_has_no_scores_without_references() -> None:
    table = translation_table([report_of("s", None)])
    assert "BLEU" not in table
    assert "chrF" not in table
    assert "any of these" in table


def test_the_table_of_summaries() -> None:
    rouge = {"rouge1": 44.06, "rouge2": 21.07, "rougeL": 30.62}
    report = summaries.SummaryReport("s", 9, rouge, 55.5, 20, (example(1, "name_not_in_source"),))
    assert [line.split() for line in summary_table([report]).splitlines()] == [
        ["9", "articles", "s"],
        ["ROUGE-1", "44.1"],
        ["ROUGE-2", "21.1"],
        ["ROUGE-L", "30.6"],
        ["words", "55.5"],
        [],
        ["sentences", "with"],
        ["number_not_in_source", "0.0", "%"],
        ["name_not_in_source", "5.0", "%"],
        ["quotation_not_in_source", "0.0", "%"],
    ]


def test_examples_show_what_one_reads_to_judge_them() -> None:
    long = Example(
        9, "a\nb" + "x" * 5000, "out", (Finding("repetition", "out", "again"),), "reference 9"
    )
    lines = list(examples_to_read(report_of("s", None, example(3, "number_lost"), long), 5, 0))
    assert lines[:5] == [
        "\ns: 2 of 2 sentences with doubts",
        "\nline 3",
        "  source     source 3",
        "  output     output 3",
        "  number_lost (7): number_lost it is",
    ]
    assert lines[6].startswith("  source     a bxxx")
    assert len(lines[6]) < 1100
    assert lines[-2:] == ["  reference  reference 9", "  repetition (out): again"]


def test_without_examples_nothing_is_shown() -> None:
    assert list(examples_to_read(report_of("s", None), 5, 0)) == []
    assert list(examples_to_read(report_of("s", None, example(3, "number_lost")), 0, 0)) == []


def test_examples_are_written_one_object_a_line(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    write_examples(path, [report_of("a", None, example(3, "number_lost")), report_of("b", None)])
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {
            "system": "a",
            "line": 3,
            "source": "source 3",
            "output": "output 3",
            "reference": None,
            "findings": [{"code": "number_lost", "value": "7", "message": "number_lost it is"}],
        }
    ]
