"""The settings: frozen, validated, read once from a mapping.

`Settings.read` is the only reader of the environment, and it is given the mapping. Each field is
the environment variable `LUR_<FIELD>` and the flag `--<field>` of `lur serve`; its description is
the one in `docs/running.md`, in `--help` and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

__all__ = ["Explained", "Secret", "Settings", "SettingsError"]

PREFIX = "LUR_"
LISTS = ("preload", "typography", "trusted_proxies", "allowed_hosts", "cors_origins")
"""Settings of several values, comma-separated in the environment."""

WORDS = {"yes": True, "on": True, "no": False, "off": False}
"""How a switch may be written beside msgspec's `true`, `false`, `1` and `0`."""

FOR_CLIENTS = ("LUR_SERVER", "LUR_KEY")
"""What tells a client of a service elsewhere where that is; not about the service here."""

Count = Annotated[int, Meta(ge=1)]


class Secret(str):
    """What no log and no error may show; only `repr` is kept from it, for it is made to be used."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


class SettingsError(ValueError):
    """A setting is wrong; the message names the variable and the value's fault."""


def _default_model_cache() -> Path:
    """`model_cache/` beside the package where that is a checkout, else the user's cache."""
    beside = Path(__file__).resolve().parents[1] / "model_cache"
    return beside if (beside / "README.md").exists() else Path.home() / ".cache" / "lur"


@dataclass(frozen=True, slots=True)
class Explained:
    """A setting as an operator meets it; `default` None is explained by the description."""

    name: str
    variable: str
    flag: str
    default: object
    choices: tuple[str, ...]
    description: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may choose."""

    profile: Annotated[
        Literal["standard", "light", "bundled"],
        Meta(description="which models serve: `standard`, `light` or `bundled`"),
    ] = "standard"
    model_cache: Annotated[
        Path, Meta(description="where models are kept; a checkout's own `model_cache/` by default")
    ] = msgspec.field(default_factory=_default_model_cache)
    catalog: Annotated[
        Path | None, Meta(description="a TOML file with rows and routes of your own")
    ] = None
    host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=0, le=65535, description="port to listen on; 0 takes a free one")
    ] = 8000
    preload: Annotated[
        tuple[str, ...],
        Meta(description="models to load at start, by name, comma-separated; `all`: every route"),
    ] = ()
    max_characters: Annotated[
        int, Meta(ge=1, description="longest `text` of one request, in characters")
    ] = 100_000
    max_document_bytes: Annotated[
        int, Meta(ge=1024, description="largest file that `POST /v1/documents` takes, in bytes")
    ] = 20_000_000
    queue_jobs: Annotated[
        int, Meta(ge=1, description="jobs that may wait for one model before requests get 503")
    ] = 2048
    max_batch_tokens: Annotated[
        int,
        Meta(ge=0, description="budget of one batch, in padded source tokens; 0: by the device"),
    ] = 0
    batch_wait_ms: Annotated[
        float,
        Meta(
            ge=0,
            le=1000,
            description="a batch waits so long, or 5 % of the last one's time, for who was in that",
        ),
    ] = 1.0
    deadline_s: Annotated[float, Meta(gt=0, description="time one request may take")] = 120.0
    load_wait_s: Annotated[
        float, Meta(ge=0, description="how long a request waits for a model before it gets 503")
    ] = 20.0
    idle_unload_s: Annotated[
        float,
        Meta(
            ge=-1,
            description="unload a model unused for so long; -1: never. Those of `LUR_PRELOAD` stay",
        ),
    ] = -1.0
    memory_budget_bytes: Annotated[
        int,
        Meta(ge=0, description="memory for weights; least recently used leave; 0: no limit"),
    ] = 0
    result_cache_bytes: Annotated[
        int, Meta(ge=0, description="memory for what models have said; 0: nothing is remembered")
    ] = 32 * 1024 * 1024
    result_cache_file: Annotated[
        Path | None,
        Meta(description="an SQLite file that keeps it over restarts; holds translations"),
    ] = None
    result_cache_file_bytes: Annotated[
        int, Meta(ge=1024 * 1024, description="size of that file; what was used least leaves")
    ] = 1024 * 1024 * 1024
    shared_url: Annotated[
        Secret | None,
        Meta(description="a Valkey or Redis that processes share: `valkey://host:6379/0`"),
    ] = None
    shared_password_file: Annotated[
        Path | None, Meta(description="a file with its password, and nothing else in it")
    ] = None
    shared_keep_s: Annotated[
        int,
        Meta(ge=1, le=10 * 365 * 24 * 3600, description="how long it keeps what models have said"),
    ] = 7 * 24 * 3600
    workers: Annotated[
        int, Meta(ge=0, description="batches of one model that run at once; 0: chosen by the CPUs")
    ] = 0
    threads: Annotated[
        int, Meta(ge=0, description="threads of one batch; 0: chosen by the CPUs")
    ] = 0
    device: Annotated[
        Literal["cpu", "cuda", "auto"], Meta(description="where models run: cpu, cuda or auto")
    ] = "cpu"
    batch_timeout_s: Annotated[
        float,
        Meta(ge=0, description="a batch that takes longer hangs: its engine is replaced; 0: never"),
    ] = 60.0
    glossary: Annotated[
        Path | None,
        Meta(description="a directory of glossaries, one TSV file a pair: `en-hy.tsv`"),
    ] = None
    typography: Annotated[
        tuple[str, ...],
        Meta(description="typographic rules to turn on (`ru-no-break-spaces`) or off (`-hy-yev`)"),
    ] = ()
    repair_tries: Annotated[
        int, Meta(ge=0, le=2, description="further tries at a segment that fails a check")
    ] = 2
    api_keys_file: Annotated[
        Path | None, Meta(description="keys, one `name:scopes:sha256` a line; see `lur key`")
    ] = None
    open: Annotated[
        bool, Meta(description="serve without keys on an address that others can reach")
    ] = False
    requests_per_minute: Annotated[
        int, Meta(ge=0, description="of one key, or of one address without keys; 0: no limit")
    ] = 0
    tokens_per_minute: Annotated[
        int, Meta(ge=0, description="tokens in and out, of the same; 0: no limit")
    ] = 0
    concurrent_requests: Annotated[
        int, Meta(ge=0, description="requests of the same at once; 0: no limit")
    ] = 0
    client_timeout_s: Annotated[
        float, Meta(gt=0, description="a client may take so long to send, or to read on")
    ] = 30.0
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="addresses or networks whose `X-Forwarded-For` is believed"),
    ] = ()
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(description="names the service answers to; on a loopback address its own by default"),
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...], Meta(description="web origins whose pages may call the service")
    ] = ()
    offline: Annotated[bool, Meta(description="never contact a hub or an archive")] = False
    grace_s: Annotated[
        int, Meta(ge=1, description="time for accepted requests to finish at shutdown")
    ] = 30
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="least severe log line shown"),
    ] = "info"

    @classmethod
    def explained(cls) -> list["Explained"]:
        """Returns every setting with its variable, flag, default and description, in order."""
        hints = get_type_hints(cls, include_extras=True)
        found = []
        for field in msgspec.structs.fields(cls):
            hint = hints[field.name]
            meta = next(m for m in hint.__metadata__ if isinstance(m, Meta))
            default = None if field.name == "model_cache" else field.default
            found.append(
                Explained(
                    name=field.name,
                    variable=PREFIX + field.name.upper(),
                    flag="--" + field.name.replace("_", "-"),
                    default=default,
                    choices=get_args(get_args(hint)[0]) if _is_choice(hint) else (),
                    description=meta.description or "",
                )
            )
        return found

    @classmethod
    def read(cls, environment: Mapping[str, str], **overrides: object) -> "Settings":
        """Reads the settings from `environment`; `overrides` (flags) win where not None.

        `HF_HUB_OFFLINE`, the hub client's own switch, also turns `offline` on.

        Raises:
            SettingsError: a value is not valid, or a `LUR_` variable is not a setting.
        """
        names = {PREFIX + name.upper(): name for name in cls.__struct_fields__}
        known = {*names, *FOR_CLIENTS}
        if unknown := sorted(v for v in environment if v.startswith(PREFIX) and v not in known):
            raise SettingsError(f"unknown settings: {', '.join(unknown)}")
        values: dict[str, Any] = {
            names[v]: text for v, text in environment.items() if v in names and text != ""
        }
        if environment.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
            values.setdefault("offline", True)
        values |= {name: value for name, value in overrides.items() if value is not None}
        for name in LISTS:
            if isinstance(listed := values.get(name), str):
                values[name] = [item.strip() for item in listed.split(",") if item.strip()]
        for name, value in values.items():
            values[name] = cls._convert(name, value)
        return cls(**values)

    @classmethod
    def _convert(cls, name: str, value: object) -> Any:
        hint = next(f.type for f in msgspec.structs.fields(cls) if f.name == name)
        if get_args(hint)[0] is bool and isinstance(value, str):
            value = WORDS.get(value.lower(), value)
        try:
            return msgspec.convert(value, hint, strict=False, dec_hook=_own)
        except msgspec.ValidationError as error:
            raise SettingsError(f"{PREFIX}{name.upper()}={value!r}: {error}") from error


def _is_choice(hint: Any) -> bool:
    return get_origin(get_args(hint)[0]) is Literal


def _own(kind: type, value: object) -> Path | Secret:
    """Makes what msgspec does not know."""
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    if kind is Path and isinstance(value, str | Path):
        try:
            return Path(value).expanduser()
        except RuntimeError as error:  # `~nobody`
            raise ValueError(error) from error
    raise NotImplementedError(kind)
