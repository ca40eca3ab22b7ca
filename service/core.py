"""Joins the rooms below HTTP: from settings to tasks that run. Shared by the app and the commands.

Knows who needs whom, and nothing of how any of them works.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from service.engines.base import Engine, Layout
from service.errors import ModelUnavailable
from service.machine import usable_cpus
from service.models.catalog import Catalog, EngineName, ModelSpec
from service.models.catalog_file import load_catalog
from service.models.registry import Loading, Registry
from service.models.store import ModelFiles, Progress, Store
from service.runner import ModelInfo, Record, Runner
from service.settings import Settings, SettingsError
from service.tasks.detection import Detector
from service.tasks.documents import Documents
from service.tasks.judge import Fidelity
from service.tasks.memory import Memory, Shelf, UnusableShelf
from service.tasks.summarize import Summarizer
from service.tasks.translate import Translator
from service.text.glossary import Glossary
from service.text.typography import Typography

if TYPE_CHECKING:
    from service.shared.store import SharedStore

__all__ = ["Core", "SystemClock", "build_core"]

ENGINES: Mapping[EngineName, tuple[str, str]] = {
    "ctranslate2": ("service.engines.ct2", "CTranslate2Engine"),
    "transformers": ("service.engines.hf", "TransformersEngine"),
}
"""Where each engine is; imported only when a model needs it."""

THREAD_TOKENS = 1024
GPU_TOKENS = 8192
"""Budget of a batch in padded source tokens, on a CPU for each of its threads: batches of more than
some 36 sentences are no faster there and make others wait (`benchmarks/README.md`)."""

LARGE_BYTES = 200_000_000
"""A model of so many bytes is large: in int8, of a width of 1024 rather than 512."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Core:
    """Everything that works without HTTP.

    `stopping` is set when the process has been told to end: what has begun goes on.
    """

    settings: Settings
    catalog: Catalog
    store: Store
    registry: Registry
    memory: Memory
    summarizer: Summarizer
    translator: Translator
    detector: Detector
    documents: Documents
    shared: "SharedStore | None" = None
    stopping: threading.Event = field(default_factory=threading.Event)

    def preload(self) -> list[tuple[ModelSpec, ...]]:
        """Returns the models that `LUR_PRELOAD` names, each with the spares behind it.

        Raises:
            UnknownModel: it names one that the catalog lacks.
        """
        routes = list(self.catalog.routes.values())
        names = [name for name in self.settings.preload if name != "all"]
        chains = routes if "all" in self.settings.preload else []
        for name in names:
            route = next((route for route in routes if name in route), (name,))
            chains = [*chains, route[route.index(name) :]]
        return [tuple(map(self.catalog.named, chain)) for chain in chains]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Core"]:
        """Begins the preloads, looks after idle models, and ends every runner at the end.

        Raises:
            SettingsError: the file of the result cache cannot be used.
        """
        try:
            await self.memory.open()
        except UnusableShelf as error:
            raise SettingsError(f"LUR_RESULT_CACHE_FILE: {error}") from error
        if self.shared is not None:
            await self.shared.open()
        works: list[Coroutine[Any, Any, None]] = [self.registry.look_after()]
        works += [_in_thread(self.store.clean)]
        works += [self._make_ready(chain) for chain in self.preload()]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield self
        finally:
            self.stopping.set()
            for task in tasks:
                task.cancel()
            await self.registry.close()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.memory.close()
            if self.shared is not None:
                await self.shared.close()

    async def _make_ready(self, chain: Sequence[ModelSpec]) -> None:
        """Loads the first of a chain that can be had, however long it takes."""
        while True:
            try:
                return await self.registry.make_ready(chain)
            except ModelUnavailable as error:
                await asyncio.sleep(error.retry_after_s or 0)


class SystemClock:
    """The machine's own time."""

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def build_core(settings: Settings) -> Core:
    """Wires store, registry and tasks. Does no work, reads no model.

    Raises:
        CatalogError: the user's catalog file is wrong.
        SettingsError: a typographic rule, a glossary, the result cache's file or the address of the
            shared store is wrong.
    """
    catalog = load_catalog(settings.profile, settings.catalog)
    store = Store(settings.model_cache, offline=settings.offline)
    registry = Registry(
        ModelLoader(store, settings).load,
        SystemClock(),
        load_wait_s=settings.load_wait_s,
        idle_unload_s=settings.idle_unload_s,
        memory_budget_bytes=settings.memory_budget_bytes,
    )
    shared = _shared(settings)
    memory = Memory(settings.result_cache_bytes, *_shelves(settings, shared))
    translator = Translator(
        catalog,
        registry,
        memory,
        settings.max_characters,
        _fidelity(settings, catalog),
        settings.deadline_s,
    )
    summarizer = Summarizer(catalog, registry, memory, translator, settings.max_characters)
    detector = Detector(catalog, translator)
    documents = Documents(translator, settings.max_characters)
    return Core(
        settings,
        catalog,
        store,
        registry,
        memory,
        summarizer,
        translator,
        detector,
        documents,
        shared,
    )


def _shared(settings: Settings) -> "SharedStore | None":
    password_file = settings.shared_password_file
    if settings.shared_url is None:
        if password_file is not None:
            raise SettingsError("LUR_SHARED_PASSWORD_FILE: LUR_SHARED_URL does not say of what")
        return None
    from service.shared.address import Address
    from service.shared.store import SharedStore  # the client is imported where it is used

    try:
        address = Address.parse(settings.shared_url, password_file)
    except ValueError as error:
        raise SettingsError(f"LUR_SHARED_URL: {error}") from error
    try:
        address.credentials()
    except (OSError, ValueError) as error:
        raise SettingsError(f"LUR_SHARED_PASSWORD_FILE={password_file}: {error}") from error
    return SharedStore(address)


def _shelves(settings: Settings, shared: "SharedStore | None") -> Iterator[Shelf]:
    if settings.result_cache_file is not None:
        yield _file(settings.result_cache_file, settings.result_cache_file_bytes)
    if shared is not None:
        from service.tasks.memory_shared import MemoryShared

        yield MemoryShared(shared, settings.shared_keep_s)


def _file(path: Path, max_bytes: int) -> Shelf:
    from service.tasks.memory_file import MemoryFile  # SQLite is imported where it is used

    file = MemoryFile(path, max_bytes, SystemClock())
    try:
        file.check()
    except UnusableShelf as error:
        raise SettingsError(f"LUR_RESULT_CACHE_FILE: {error}") from error
    return file


def _fidelity(settings: Settings, catalog: Catalog) -> Fidelity:
    """Reads what the settings name.

    Raises:
        SettingsError: an unknown typographic rule; a glossary that cannot be read, is not valid, or
            is for a pair that no route translates.
    """
    try:
        typography = Typography.of(settings.typography)
    except ValueError as error:
        raise SettingsError(f"LUR_TYPOGRAPHY: {error}") from error
    glossaries = _glossaries(settings.glossary, catalog)
    return Fidelity(typography, glossaries, settings.repair_tries)


def _glossaries(directory: Path | None, catalog: Catalog) -> dict[str, Glossary]:
    if directory is None:
        return {}
    files = sorted(directory.glob("*.tsv"))
    if not files:
        raise SettingsError(f"LUR_GLOSSARY: {directory} holds no file like en-hy.tsv")
    found = {}
    for file in files:
        if file.stem not in catalog.routes:
            raise SettingsError(f"LUR_GLOSSARY: {file}: no model translates {file.stem}")
        try:
            found[file.stem] = Glossary.parse(file.read_text("utf-8"), str(file))
        except UnicodeDecodeError as error:
            raise SettingsError(f"LUR_GLOSSARY: {file} is not UTF-8: {error}") from error
        except (ValueError, OSError) as error:
            raise SettingsError(f"LUR_GLOSSARY: {error}") from error
    return found


@dataclass(frozen=True, slots=True)
class ModelLoader:
    """From a spec to a runner: files from the store, memory from the registry, an engine.

    `records`: by name, what the runners of a model leave to the next one.
    """

    store: Store
    settings: Settings
    records: dict[str, Record] = field(default_factory=dict)

    async def load(self, spec: ModelSpec, loading: Loading) -> Runner:
        """Fetches, converts and loads, as far as each is still to be done.

        Raises:
            ModelUnavailable: any of it failed; the reason is in it.
        """
        cancelled = threading.Event()

        def report(progress: Progress) -> None:
            loading.report(progress.state, progress.fraction)

        try:
            files = await _in_thread(lambda: self.store.ensure(spec, report, cancelled))
        finally:
            cancelled.set()
        await loading.reserve(files.bytes_on_disk)
        loading.report("loading", None)
        machine = await _in_thread(lambda: Machine.of(spec, files, self.settings))
        runner = self._runner(spec, files, machine)
        try:
            return await runner.start()
        except Exception as error:  # the engine's boundary: the runtimes raise what they like
            raise ModelUnavailable(
                spec.name, f"the engine {spec.engine} cannot load it: {error}"
            ) from error

    def _runner(self, spec: ModelSpec, files: ModelFiles, machine: "Machine") -> Runner:
        return Runner(
            ModelInfo(
                name=spec.name,
                repository=files.repository,
                revision=files.revision,
                license=files.license,
                engine=spec.engine,
                quantization=files.quantization,
            ),
            engine_builder(spec, files, machine),
            max_jobs=self.settings.queue_jobs,
            max_batch_tokens=self.settings.max_batch_tokens or machine.batch_tokens,
            batch_wait_s=self.settings.batch_wait_ms / 1000,
            batch_timeout_s=self.settings.batch_timeout_s,
            record=self.records.setdefault(spec.name, Record()),
        )


@dataclass(frozen=True, slots=True)
class Machine:
    """What an engine runs on."""

    device: Literal["cpu", "cuda"]
    layout: Layout

    @property
    def batch_tokens(self) -> int:
        """The budget of a batch that suits it."""
        return GPU_TOKENS if self.device == "cuda" else THREAD_TOKENS * self.layout.threads

    @classmethod
    def of(cls, spec: ModelSpec, files: ModelFiles, settings: Settings) -> "Machine":
        """Returns what the settings ask for, or what there is; imports the engine's runtime.

        A large summarizer gets one worker with several threads: its encoder reads hundreds of
        tokens at once, which two threads do in 0.55 of the time of one, and the whole summary takes
        0.85 (distilbart shape, int8, two cores; for a small model they take twice as long).

        Raises:
            ImportError: the runtime is not installed.
        """
        device = settings.device
        if device == "auto":
            module, _ = ENGINES[spec.engine]
            device = "cuda" if import_module(module).has_gpu() else "cpu"
        if device == "cuda":  # the batches share its processors
            return cls(device, Layout(settings.workers or 1, settings.threads or 1))
        cpus, threads = usable_cpus(), settings.threads
        if spec.task == "summarize" and files.bytes_on_disk >= LARGE_BYTES and not threads:
            threads = min(4, cpus // (settings.workers or 1))
        return cls(device, Layout.chosen(cpus, settings.workers, threads))


def engine_builder(spec: ModelSpec, files: ModelFiles, machine: Machine) -> Callable[[], Engine]:
    """Returns a function that builds the engine; the runtime is imported when it is called."""
    module, kind = ENGINES[spec.engine]

    def build() -> Engine:
        make = getattr(import_module(module), kind)
        engine: Engine = make(
            files.path, files.description, device=machine.device, layout=machine.layout
        )
        return engine

    return build


async def _in_thread(work: Callable[[], T]) -> T:
    """Runs `work` in a daemon thread: a download must not keep the process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def live() -> None:
        try:
            result, error = work(), None
        except BaseException as caught:
            result, error = None, caught
        with suppress(RuntimeError):  # the loop has ended, so nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=live, name="store", daemon=True).start()
    return await done
