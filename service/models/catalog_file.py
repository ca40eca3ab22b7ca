"""Builds the catalog of a profile, with a user's TOML file on top.

The file has one table a row (`[models.NAME]`) and one table of routes (`[routes]`). It knows the
file's spelling and turns it into the catalog's words; what the words mean is the catalog's.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import msgspec

from service.engines.base import Decoding
from service.models.catalog import (
    ArchiveSource,
    Catalog,
    DirectorySource,
    EngineName,
    HubSource,
    ModelSpec,
    Profile,
    Quality,
    Quantization,
    Source,
    Task,
)
from service.models.rows import ROUTES, builtin_rows

__all__ = ["CatalogError", "load_catalog"]

Text = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class CatalogError(ValueError):
    """A catalog file is wrong; the message names the file, the row and the key."""


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`quality` of a row."""

    metric: str
    test_set: str
    value: float
    source: str


class Row(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One `[models.NAME]` table."""

    task: Task
    license: Text
    language: Text | None = None
    source: Text | None = None
    target: Text | None = None
    hub: Text | None = None
    revision: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{40}$")] | None = None
    directory: Text | None = None
    archive: Text | None = None
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | None = None
    engine: EngineName = "ctranslate2"
    quantization: Quantization = "int8"
    text_prefix: str = ""
    source_token: Text | None = None
    target_token: Text | None = None
    generation: dict[str, float] = {}
    max_source_tokens: Count | None = None
    max_target_tokens: Count | None = None
    quality: Figure | None = None
    worth: str = ""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole document; its rows are read one by one, so that a mistake names its row."""

    models: dict[Text, dict[str, Any]] = {}
    routes: dict[Text, Annotated[list[Text], msgspec.Meta(min_length=1)]] = {}


def load_catalog(profile: Profile, path: Path | None = None) -> Catalog:
    """Builds the catalog of a profile, with a user's file on top.

    A row of the file replaces the built-in row of the same name. A row whose route the profile
    lacks is routed by itself; `[routes]` says otherwise.

    Raises:
        CatalogError: the file cannot be read or says something that makes no sense.
    """
    specs = {spec.name: spec for spec in builtin_rows()}
    routes = dict(ROUTES[profile])
    if path is not None:
        file = _read(path)
        for name, table in file.models.items():
            where = f"{path}: models.{name}"
            specs[name] = spec = _spec(where, name, _row(where, table), path.parent)
            routes.setdefault(spec.route, (name,))
        routes |= {route: tuple(names) for route, names in file.routes.items()}
        for route, names in routes.items():  # the profile's too: a row may have been replaced
            _check_route(f"{path}: routes.{route}", route, names, specs)
    return Catalog(MappingProxyType(specs), MappingProxyType(routes))


def _read(path: Path) -> File:
    try:
        document: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(document, File)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CatalogError(f"{path}: {error}") from error


def _row(where: str, table: dict[str, Any]) -> Row:
    try:
        return msgspec.convert(table, Row)
    except msgspec.ValidationError as error:
        raise CatalogError(f"{where}: {error}") from error


def _check_route(
    where: str, route: str, names: Sequence[str], specs: Mapping[str, ModelSpec]
) -> None:
    for name in names:
        if name not in specs:
            raise CatalogError(f"{where} names {name!r}, which is no row")
        if specs[name].route != route:
            raise CatalogError(f"{where} names {name!r}, which serves {specs[name].route}")


def _spec(where: str, name: str, row: Row, base: Path) -> ModelSpec:
    needed = ("source", "target") if row.task == "translate" else ("language",)
    languages = tuple(getattr(row, key) for key in needed)
    if None in languages:
        raise CatalogError(f"{where}: a row with task {row.task!r} needs {' and '.join(needed)}")
    _check_idle(where, row)
    try:
        Decoding().with_overrides(row.generation)
    except (ValueError, OverflowError) as error:  # a count may be `inf` in TOML
        raise CatalogError(f"{where}: {error}") from error
    return ModelSpec(
        name=name,
        languages=languages,
        source=_source(where, row, base),
        generation=MappingProxyType(row.generation),
        task=row.task,
        license=row.license,
        engine=row.engine,
        quantization=row.quantization,
        text_prefix=row.text_prefix,
        source_token=row.source_token,
        target_token=row.target_token,
        max_source_tokens=row.max_source_tokens,
        max_target_tokens=row.max_target_tokens,
        quality=Quality(**msgspec.structs.asdict(row.quality)) if row.quality else None,
        worth=row.worth,
    )


def _check_idle(where: str, row: Row) -> None:
    """Refuses keys that say nothing in such a row: whoever wrote them meant something."""
    idle = {
        "language": row.task == "translate",
        "source": row.task == "summarize",
        "target": row.task == "summarize",
        "revision": row.hub is None,
        "sha256": row.archive is None,
    }
    for key, does_nothing in idle.items():
        if does_nothing and getattr(row, key) is not None:
            raise CatalogError(f"{where}: {key} means nothing in such a row")


def _source(where: str, row: Row, base: Path) -> Source:
    match (row.hub, row.directory, row.archive):
        case (str(repository), None, None):
            if row.revision is None:
                raise CatalogError(f"{where}: hub needs a revision, a full commit hash")
            return HubSource(repository, row.revision)
        case (None, str(directory), None):
            try:
                return DirectorySource((base / Path(directory).expanduser()).resolve())
            except RuntimeError as error:  # `~nobody`
                raise CatalogError(f"{where}: directory {directory!r}: {error}") from error
        case (None, None, str(url)):
            return ArchiveSource(url, row.sha256)
        case _:
            raise CatalogError(f"{where}: give exactly one of hub, directory, archive")
