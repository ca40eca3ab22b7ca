from pathlib import Path

import pytest

from service import core
from service.core import LARGE_BYTES, Machine
from service.engines.base import Layout
from service.models.catalog import ModelSpec
from service.models.rows import builtin_rows
from service.models.store import ModelFiles
from service.settings import Settings
from tests.fakes import DESCRIPTION

ROWS = {spec.name: spec for spec in builtin_rows()}
TRANSLATOR, SUMMARIZER = ROWS["opus-mt-en-ru"], ROWS["distilbart-cnn-12-6"]


@pytest.mark.parametrize(
    ("cpus", "layout"),
    [(1, (1, 1)), (2, (2, 1)), (3, (3, 1)), (4, (2, 2)), (8, (2, 4)), (16, (4, 4)), (17, (4, 4))],
)
def test_a_layout_uses_the_cpus_and_no_more(cpus: int, layout: tuple[int, int]) -> None:
    assert Layout.chosen(cpus) == Layout(*layout)
    assert layout[0] * layout[1] <= cpus


def test_what_the_operator_says_of_a_layout_counts() -> None:
    assert Layout.chosen(8, workers=8) == Layout(8, 1)
    assert Layout.chosen(8, threads=8) == Layout(1, 8)
    assert Layout.chosen(2, workers=1) == Layout(1, 2)
    assert Layout.chosen(2, workers=3, threads=5) == Layout(3, 5)


def machine(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch, size: int, cpus: int = 2, **settings: object
) -> Machine:
    monkeypatch.setattr(core, "usable_cpus", lambda: cpus)
    files = ModelFiles(Path(), DESCRIPTION, "r", "0" * 40, "Apache-2.0", "int8", size)
    return Machine.of(spec, files, Settings.read({}, **settings))


def test_a_large_summarizer_gets_one_worker_with_the_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large = machine(SUMMARIZER, monkeypatch, LARGE_BYTES)
    assert (large.layout, large.batch_tokens) == (Layout(1, 2), 2048)
    assert machine(SUMMARIZER, monkeypatch, LARGE_BYTES, cpus=8).layout == Layout(2, 4)
    assert machine(SUMMARIZER, monkeypatch, LARGE_BYTES - 1).layout == Layout(2, 1)
    assert machine(TRANSLATOR, monkeypatch, LARGE_BYTES).layout == Layout(2, 1)
    assert machine(SUMMARIZER, monkeypatch, LARGE_BYTES, threads=1).layout == Layout(2, 1)
    assert machine(SUMMARIZER, monkeypatch, LARGE_BYTES, workers=2).layout == Layout(2, 1)


def test_a_gpu_gets_large_batches_and_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = machine(TRANSLATOR, monkeypatch, 1, device="cuda")
    assert (gpu.device, gpu.layout, gpu.batch_tokens) == ("cuda", Layout(1, 1), 8192)


def test_a_gpu_without_the_library_that_multiplies_is_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from service.engines import ct2

    monkeypatch.setattr(ct2.ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(ct2, "CUBLAS", "libnothing-of-this-name.so.12")
    assert not ct2.has_gpu()
    [record] = caplog.records
    assert record.message == "gpu_unusable"
    assert "libnothing-of-this-name.so.12" in record.reason  # type: ignore[attr-defined]
    monkeypatch.setattr(ct2, "CUBLAS", "libc.so.6")
    assert ct2.has_gpu()
    monkeypatch.setattr(ct2.ctranslate2, "get_cuda_device_count", lambda: 0)
    assert not ct2.has_gpu()


def test_auto_is_the_cpu_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    from service.engines import ct2

    monkeypatch.setattr(ct2, "has_gpu", lambda: False)
    assert machine(TRANSLATOR, monkeypatch, 1, device="auto").device == "cpu"
    monkeypatch.setattr(ct2, "has_gpu", lambda: True)
    assert machine(TRANSLATOR, monkeypatch, 1, device="auto").device == "cuda"
