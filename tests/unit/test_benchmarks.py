import asyncio
import itertools
import json
import re
import sys
import types
from pathlib import Path

import pytest

from benchmarks import ratios, report
from benchmarks.load import Request, Span, Text, figures, percentile, run
from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.ratios import TARGETS
from benchmarks.texts import Texts, from_file

REQUIRED = {
    "throughput_32_vs_engine",
    "throughput_32_vs_trimmed_engine",
    "throughput_32_vs_best_peer",
    "p50_alone_vs_engine",
    "p50_alone_minus_engine_ms",
    "article_vs_one_by_one",
    "first_segment_of_12_vs_one_sentence",
    "streamed_article_vs_plain",
    "streamed_16_vs_plain_16",
    "streamed_16_vs_plain_16_cpu",
    "short_p95_mixed_vs_alone",
    "summarize_vs_transformers",
    "cold_start_cpu_s",
    "first_request_s",
    "memory_vs_files",
    "memory_over_files_bytes",
    "memory_flat",
    "queue_overhead_1000_waiting",
    "resubmit_one_changed_vs_first",
}


def sentences(count: int, seed: int) -> list[tuple[str, int]]:
    return [(f"Sentence {seed} {i}.", 10 + i % 20) for i in range(count)]


def test_a_request_counts_by_the_share_of_its_time_that_lies_in_the_window() -> None:
    # Two clients; both have had an answer at 1, and nothing is sent after 9.
    requests = [
        Request(0, 1, 100, "single"),
        Request(0, 1, 100, "single"),
        Request(1, 8, 700, "single"),
        Request(1, 9, 800, "single"),
        Request(8, 10, 200, "single"),  # half of it lies in the window
    ]
    found = figures(
        Span(requests, begun=0, opened=1, closed=9, ended=10, clients=2, client_cpu_s=0)
    )
    assert found.steady
    assert found.tokens_per_s == pytest.approx((700 + 800 + 100) / 8)


def test_where_the_first_answers_take_most_of_the_time_the_whole_span_counts() -> None:
    requests = [Request(0, 8, 800, "article"), Request(0, 10, 1000, "article")]
    found = figures(
        Span(requests, begun=0, opened=10, closed=5, ended=10, clients=2, client_cpu_s=0)
    )
    assert not found.steady
    assert found.tokens_per_s == pytest.approx(180)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(1, 21)]
    assert percentile(values, 95) == 19
    assert percentile(values, 99) == 20
    assert percentile([7.0], 99) == 7


async def test_each_client_sends_its_next_text_when_it_has_an_answer() -> None:
    under_way = most = 0

    async def ask(text: Text) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    texts = iter([Text(str(n), 1, "single") for n in range(20)])
    span = await run([ask] * 4, [texts] * 4, duration_s=60)
    assert len(span.requests) == 20
    assert most == 4


def test_contenders_get_the_same_texts_and_rounds_get_others() -> None:
    def first(round_: int) -> list[Text]:
        return list(itertools.islice(Texts(sentences, 1).of(round_, "single", 4, 9)[0], 9))

    assert first(1) == first(1)
    assert first(1) != first(2)


def test_no_sentence_of_a_file_comes_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Equal sentences in flight at once are translated once, which would flatter who does that.
    module = types.SimpleNamespace(SentencePieceProcessor=lambda model_file: Words())
    monkeypatch.setitem(sys.modules, "sentencepiece", module)
    file = tmp_path / "text.en"
    file.write_text("One sentence. Another one.\nA third.", encoding="utf-8")
    drawn = from_file(file, tmp_path / "source.spm")(10, 5)
    assert len({text for text, _ in drawn}) == 10


class Words:
    def encode(self, text: str) -> list[str]:
        return text.split()


def test_a_mixed_load_has_three_articles_for_each_short_sentence() -> None:
    queues = Texts(sentences, 1).of(1, "mixed", 16, 5)
    kinds = [next(queue).kind for queue in queues]
    assert kinds.count("article") == 12
    assert kinds.count("single") == 4


@pytest.mark.parametrize("plan", [FULL, QUICK], ids=lambda plan: plan.name)
def test_every_plan_measures_what_the_ratios_need(plan: Plan) -> None:
    cells = {(cell.contender, cell.key) for cell in plan.cells}
    needed = [("lur", key) for key in ("single@1", "single@32", "mixed@16", "short@1")]
    assert cells.issuperset(needed)
    assert any((peer, "single@32") in cells for peer in ratios.PEERS)


def test_the_whole_plan_measures_every_peer_at_32_clients() -> None:
    cells = {(cell.contender, cell.key) for cell in FULL.cells}
    assert cells.issuperset((peer, "single@32") for peer in ratios.PEERS)


def test_every_figure_that_was_asked_for_has_a_target_and_a_meaning() -> None:
    assert {target.key for target in TARGETS} == REQUIRED


def test_a_target_says_whether_it_is_met() -> None:
    values = {
        "throughput_32_vs_engine": 0.89,
        "memory_vs_files": 2.0,
        "memory_over_files_bytes": 1.0,
    }
    verdicts = ratios.verdicts(values)
    assert verdicts["throughput_32_vs_engine"] == {"target": "≥ 0.90 ×", "met": False}
    assert verdicts["memory_vs_files"]["met"]  # 1.2 × the files and 200 MB on top
    assert "memory_flat" not in verdicts


def test_the_committed_results_make_a_table_and_have_every_ratio() -> None:
    if not report.LATEST.exists():
        assert report.latest_table() == ""
        return
    result = json.loads(report.LATEST.read_text(encoding="utf-8"))
    assert result["ratios"].keys() >= REQUIRED
    assert not result["quick"]
    rows = [line for line in report.latest_table().splitlines() if line.startswith("|")]
    widths = {line.count("|") for line in rows}
    assert len(widths) == 2  # two tables, each of one width


def test_the_readme_of_the_benchmark_explains_every_contender_and_ratio() -> None:
    text = (Path(report.__file__).parent / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9_]+)`", text))
    assert named.issuperset(ratios.PEERS)
    assert named.issuperset(REQUIRED - {"p50_alone_minus_engine_ms", "streamed_16_vs_plain_16_cpu"})
