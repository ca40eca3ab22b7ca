"""What the models said is remembered, over restarts too, and the answers stay the same."""

from pathlib import Path

import msgspec
import pytest
from litestar.testing import TestClient
from prometheus_client import REGISTRY

from service.app import create_app
from service.settings import Settings
from tests.tinylang.grammar import sentences

ARTICLE = [triple.en for triple in sentences(41, 12)]
EDITED = [*ARTICLE[:7], sentences(42, 1)[0].en, *ARTICLE[8:]]


def jobs() -> float:
    found = REGISTRY.get_sample_value("lur_jobs_total", {"model": "tiny-en-hy", "outcome": "done"})
    return found or 0.0


def answers(settings: Settings, *texts: list[str]) -> list[tuple[dict[str, object], float]]:
    """What a service that has just been started answers, and the jobs that each answer took."""
    found = []
    with TestClient(create_app(settings)) as client:
        for text in texts:
            before = jobs()
            body = {"text": " ".join(text), "target": "hy", "segments": True}
            response = client.post("/v1/translate", json=body)
            assert response.status_code == 200, response.text
            found.append((response.json(), jobs() - before))
    return found


def unlike(settings: Settings, **changes: object) -> Settings:
    return msgspec.structs.replace(settings, **changes)


@pytest.fixture(scope="module")
def alone(tiny_settings: Settings) -> dict[str, object]:
    ((answer, took),) = answers(unlike(tiny_settings, result_cache_bytes=0), EDITED)
    assert took >= len(EDITED)
    return answer


def without_times(answer: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in answer.items() if key != "timings_ms"}


def test_an_article_with_one_changed_sentence_costs_that_sentence_alone(
    tiny_settings: Settings, alone: dict[str, object]
) -> None:
    (_, first), (edited, took), (again, none) = answers(tiny_settings, ARTICLE, EDITED, EDITED)
    assert first >= len(ARTICLE)
    assert 1 <= took <= 3, "with the further tries at it"
    assert none == 0
    assert without_times(edited) == without_times(again) == without_times(alone)
    assert (again["timings_ms"]["queue"], again["timings_ms"]["inference"]) == (0, 0)  # type: ignore[index]


def test_a_file_keeps_it_over_a_restart(
    tiny_settings: Settings, alone: dict[str, object], tmp_path: Path
) -> None:
    kept = unlike(tiny_settings, result_cache_file=tmp_path / "said.db")
    answers(kept, ARTICLE)
    ((edited, took),) = answers(kept, EDITED)
    assert 1 <= took <= 3
    assert without_times(edited) == without_times(alone)


def test_summaries_and_their_translations_are_remembered_too(tiny_settings: Settings) -> None:
    body = {"text": " ".join(ARTICLE), "translate_to": ["hy"]}
    with TestClient(create_app(tiny_settings)) as client:
        first, again = (client.post("/v1/summarize", json=body).json() for _ in range(2))
    assert again["timings_ms"]["inference"] == 0
    assert without_times(again) == without_times(first)
