"""Which models exist, and which of them serve what.

A row (`ModelSpec`) says where a checkpoint comes from and what it is worth; a route names the rows
that do one kind of work, the first choice and then its spares. The rows that come with the service
are in `rows`, a user's own are read by `catalog_file`. The catalog does not know which files are
there, loaded or downloaded: that is the store's and the registry's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from service.errors import UnknownModel, UnsuitableModel, UnsupportedPair

__all__ = [
    "PROFILES",
    "SUMMARIZE",
    "ArchiveSource",
    "Catalog",
    "DirectorySource",
    "EngineName",
    "HubSource",
    "ModelSpec",
    "Profile",
    "Quality",
    "Quantization",
    "Source",
    "Task",
]

Task = Literal["summarize", "translate"]
EngineName = Literal["ctranslate2", "transformers"]
Quantization = Literal["int8", "int8_float32", "int16", "float16", "bfloat16", "float32"]
Profile = Literal["standard", "light", "bundled"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

SUMMARIZE = "summarize"
"""The route of the summarizers; a translation route is called `source-target`."""


@dataclass(frozen=True, slots=True)
class HubSource:
    """A hub repository at a pinned commit."""

    repository: str
    revision: str


@dataclass(frozen=True, slots=True)
class DirectorySource:
    """A local directory: a checkpoint in the hub's layout, or an already converted model."""

    path: Path


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """An OPUS-MT zip of a native Marian model.

    Without `sha256` the hash seen at the first download is recorded and compared ever after.
    """

    url: str
    sha256: str | None = None


Source = HubSource | DirectorySource | ArchiveSource


@dataclass(frozen=True, slots=True)
class Quality:
    """A published or measured figure, and where it stands."""

    metric: str
    test_set: str
    value: float
    source: str


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One row of the catalog.

    Attributes:
        languages: (language,) of a summarizer, (source, target) of a translator; ISO 639-1.
        source_token, target_token: language tokens, in the checkpoint's own spelling. Marian puts
            `target_token` before the source; M2M100 and NLLB force it as the first target token.
        generation: overrides of the checkpoint's own generation defaults (fields of `Decoding`).
        max_source_tokens, max_target_tokens: overrides of the checkpoint's own limits.
        bundled: ships with the service; every answer then carries the warning `bundled_model`.
        worth: one sentence for people on what to expect of the output.
    """

    name: str
    task: Task
    languages: tuple[str, ...]
    source: Source
    license: str
    engine: EngineName = "ctranslate2"
    quantization: Quantization = "int8"
    text_prefix: str = ""
    source_token: str | None = None
    target_token: str | None = None
    generation: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    max_source_tokens: int | None = None
    max_target_tokens: int | None = None
    quality: Quality | None = None
    bundled: bool = False
    worth: str = ""

    @property
    def route(self) -> str:
        """The route this row can serve."""
        return SUMMARIZE if self.task == "summarize" else "-".join(self.languages)

    @property
    def repository(self) -> str:
        """Where it comes from, for people: a repository, a URL or a directory's name."""
        match self.source:
            case HubSource(repository=repository):
                return repository
            case ArchiveSource(url=url):
                return url
            case DirectorySource(path=path):
                return path.name

    @property
    def revision(self) -> str:
        """The pinned commit or hash; empty where the source has none."""
        match self.source:
            case HubSource(revision=revision):
                return revision
            case ArchiveSource(sha256=sha256):
                return sha256 or ""
            case DirectorySource():
                return ""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The rows, and for each route the names of its models: the first choice, then the spares."""

    specs: Mapping[str, ModelSpec]
    routes: Mapping[str, tuple[str, ...]]

    def named(self, name: str) -> ModelSpec:
        """Returns the row of that name.

        Raises:
            UnknownModel: there is none.
        """
        try:
            return self.specs[name]
        except KeyError:
            raise UnknownModel(name, self.specs) from None

    def summarizers(self, model: str | None = None) -> tuple[ModelSpec, ...]:
        """Returns the models to try in order; just `model` where it is given.

        Raises:
            UnknownModel: no such name.
            UnsuitableModel: `model` does not summarize.
        """
        if model is None:
            return tuple(self.named(name) for name in self.routes.get(SUMMARIZE, ()))
        spec = self.named(model)
        if spec.task != "summarize":
            raise UnsuitableModel(model, does=_does(spec), asked=SUMMARIZE)
        return (spec,)

    def translators(
        self, source: str, target: str, model: str | None = None
    ) -> tuple[ModelSpec, ...]:
        """Returns the models to try in order; just `model` where it is given.

        Raises:
            UnsupportedPair: no route from `source` to `target`.
            UnknownModel: no model is called `model`.
            UnsuitableModel: `model` does not translate this pair.
        """
        if model is not None:
            spec = self.named(model)
            if spec.task != "translate" or spec.languages != (source, target):
                raise UnsuitableModel(model, does=_does(spec), asked=f"{source}→{target}")
            return (spec,)
        names = self.routes.get(f"{source}-{target}")
        if not names:
            raise UnsupportedPair(source, target, self.pairs())
        return tuple(self.named(name) for name in names)

    def pairs(self) -> list[tuple[str, str]]:
        """Returns the language pairs that have a route, sorted."""
        pairs = (tuple(route.split("-", 1)) for route in self.routes if route != SUMMARIZE)
        return sorted((source, target) for source, target in pairs)

    def routed(self) -> list[ModelSpec]:
        """Returns the rows that some route names, without repetition, in route order."""
        names = dict.fromkeys(name for names in self.routes.values() for name in names)
        return [self.named(name) for name in names]


def _does(spec: ModelSpec) -> str:
    return "→".join(spec.languages) if spec.task == "translate" else SUMMARIZE
