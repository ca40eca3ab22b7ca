from pathlib import Path

import pytest

from service import settings as module
from service.settings import Settings, SettingsError

SPELLED = {
    "profile": ("light", "light"),
    "model_cache": ("/m", Path("/m")),
    "catalog": ("/c.toml", Path("/c.toml")),
    "host": ("0.0.0.0", "0.0.0.0"),
    "port": ("9000", 9000),
    "preload": ("a, b", ("a", "b")),
    "max_characters": ("5", 5),
    "max_document_bytes": ("2048", 2048),
    "queue_jobs": ("6", 6),
    "max_batch_tokens": ("7", 7),
    "batch_wait_ms": ("0.5", 0.5),
    "deadline_s": ("2.5", 2.5),
    "load_wait_s": ("0", 0.0),
    "idle_unload_s": ("-1", -1.0),
    "memory_budget_bytes": ("8", 8),
    "result_cache_bytes": ("0", 0),
    "result_cache_file": ("/r.db", Path("/r.db")),
    "result_cache_file_bytes": ("9000000", 9_000_000),
    "shared_url": ("valkey://store:6379/1", "valkey://store:6379/1"),
    "shared_password_file": ("/p", Path("/p")),
    "shared_keep_s": ("3600", 3600),
    "workers": ("3", 3),
    "threads": ("3", 3),
    "device": ("cuda", "cuda"),
    "batch_timeout_s": ("0", 0.0),
    "glossary": ("/g", Path("/g")),
    "typography": ("-hy-yev, ru-no-break-spaces", ("-hy-yev", "ru-no-break-spaces")),
    "repair_tries": ("1", 1),
    "api_keys_file": ("/k", Path("/k")),
    "open": ("Yes", True),
    "requests_per_minute": ("60", 60),
    "tokens_per_minute": ("9000", 9000),
    "concurrent_requests": ("2", 2),
    "client_timeout_s": ("5", 5.0),
    "trusted_proxies": ("10.0.0.0/8, ::1", ("10.0.0.0/8", "::1")),
    "allowed_hosts": ("lur.example", ("lur.example",)),
    "cors_origins": ("https://a.example", ("https://a.example",)),
    "offline": ("true", True),
    "grace_s": ("4", 4),
    "log_level": ("debug", "debug"),
}


def test_every_setting_is_tried_here() -> None:
    assert set(SPELLED) == set(Settings.__struct_fields__)


@pytest.mark.parametrize("name", SPELLED)
def test_a_setting_is_read_from_its_variable_and_a_flag_wins(name: str) -> None:
    text, value = SPELLED[name]
    variable = f"LUR_{name.upper()}"
    assert getattr(Settings.read({variable: text}), name) == value
    assert getattr(Settings.read({}, **{name: text}), name) == value
    assert getattr(Settings.read({variable: text}, **{name: None}), name) == value
    if (other := getattr(Settings(), name)) is None:
        return  # a flag cannot take a value away
    assert getattr(Settings.read({variable: text}, **{name: other}), name) == other


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "70000"),
        ("port", "http"),
        ("profile", "huge"),
        ("deadline_s", "0"),
        ("max_characters", "0"),
        ("idle_unload_s", "-2"),
        ("repair_tries", "3"),
        ("offline", "maybe"),
        ("open", "maybe"),
        ("client_timeout_s", "0"),
        ("requests_per_minute", "-1"),
        ("device", "tpu"),
    ],
)
def test_a_wrong_value_names_the_variable_and_the_value(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"^LUR_{name.upper()}='{text}': "):
        Settings.read({f"LUR_{name.upper()}": text})


def test_what_is_secret_is_not_shown() -> None:
    settings = Settings.read({"LUR_SHARED_URL": "valkey://user:hunter2@store"})
    assert settings.shared_url == "valkey://user:hunter2@store"
    assert "hunter2" not in f"{settings} {settings!r}"


def test_an_unknown_variable_of_ours_is_refused_and_others_are_not_ours() -> None:
    with pytest.raises(SettingsError, match="LUR_PRT"):
        Settings.read({"LUR_PRT": "1"})
    assert Settings.read({"PORT": "1", "LURE": "2"}) == Settings()


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert Settings.read({"LUR_PORT": "", "LUR_CATALOG": ""}) == Settings()


def test_the_hub_clients_own_switch_turns_offline_on_unless_ours_says_otherwise() -> None:
    assert Settings.read({"HF_HUB_OFFLINE": "1"}).offline
    assert not Settings.read({"HF_HUB_OFFLINE": "0"}).offline
    assert not Settings.read({"HF_HUB_OFFLINE": "1", "LUR_OFFLINE": "false"}).offline


@pytest.mark.parametrize("text", ["1", "true", "True", "YES", "on"])
def test_every_spelling_of_the_hub_clients_switch_is_understood(text: str) -> None:
    assert Settings.read({"HF_HUB_OFFLINE": text}).offline


@pytest.mark.parametrize("text", ["", "0", "false", "no", "off"])
def test_a_hub_clients_switch_that_is_off_changes_nothing(text: str) -> None:
    assert not Settings.read({"HF_HUB_OFFLINE": text}).offline
    assert Settings.read({"HF_HUB_OFFLINE": text, "LUR_OFFLINE": "true"}).offline


def test_a_flag_wins_over_the_hub_clients_switch_too() -> None:
    assert not Settings.read({"HF_HUB_OFFLINE": "1"}, offline=False).offline


def test_all_unknown_variables_are_named_at_once() -> None:
    with pytest.raises(SettingsError, match=r"^unknown settings: LUR_A, LUR_Z$"):
        Settings.read({"LUR_Z": "", "LUR_PORT": "1", "LUR_A": "1"})


def test_a_wrong_flag_is_named_as_its_variable() -> None:
    with pytest.raises(SettingsError, match=r"^LUR_PORT=70000: "):
        Settings.read({"LUR_PORT": "80"}, port=70000)


def test_preloads_are_names_between_commas() -> None:
    assert Settings.read({"LUR_PRELOAD": " a ,, b,"}).preload == ("a", "b")
    assert Settings.read({"LUR_PRELOAD": " , "}).preload == ()
    assert Settings.read({}, preload=["a"]).preload == ("a",)


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="LUR_DEADLINE_S='nan'"):
        Settings.read({"LUR_DEADLINE_S": "nan"})


def test_a_home_is_found() -> None:
    assert Settings.read({"LUR_MODEL_CACHE": "~/m"}).model_cache == Path.home() / "m"
    assert Settings.read({}, catalog=Path("~/c.toml")).catalog == Path.home() / "c.toml"


def test_the_home_of_nobody_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^LUR_MODEL_CACHE='~nobody-of-that-name/m': "):
        Settings.read({"LUR_MODEL_CACHE": "~nobody-of-that-name/m"})


def test_models_are_kept_in_the_checkout_or_else_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "__file__", str(tmp_path / "service" / "settings.py"))
    assert Settings().model_cache == Path.home() / ".cache" / "lur"
    (tmp_path / "model_cache").mkdir()
    (tmp_path / "model_cache" / "README.md").touch()
    assert Settings().model_cache == tmp_path / "model_cache"


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        Settings().port = 1  # type: ignore[misc]


def test_every_setting_is_explained() -> None:
    explained = Settings.explained()
    assert [e.name for e in explained] == list(Settings.__struct_fields__)
    assert all(e.description for e in explained)
    assert {e.name: e.choices for e in explained}["device"] == ("cpu", "cuda", "auto")
    assert {e.name: e.choices for e in explained}["port"] == ()


def test_a_setting_is_explained_under_all_its_names() -> None:
    by_name = {e.name: e for e in Settings.explained()}
    waiting = by_name["load_wait_s"]
    assert (waiting.variable, waiting.flag, waiting.default) == (
        "LUR_LOAD_WAIT_S",
        "--load-wait-s",
        20.0,
    )
    assert by_name["model_cache"].default is None, "it differs from machine to machine"


def test_the_explained_defaults_are_those_that_hold() -> None:
    plain = Settings()
    for explained in Settings.explained():
        if explained.name != "model_cache":
            assert getattr(plain, explained.name) == explained.default
