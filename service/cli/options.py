"""Flags that commands share, and what they say: settings, a core, typographic rules."""

import os
from collections.abc import Callable
from typing import Any

import click

from service.core import Core, build_core
from service.settings import Settings, SettingsError
from service.telemetry.logs import configure_logs
from service.text.typography import Typography

__all__ = [
    "all_flags",
    "codes",
    "common",
    "core_of",
    "faithful",
    "flags_of",
    "settings_of",
    "targets_of",
    "typography_rules",
]


FOREVER_S = 7 * 24 * 3600.0
"""A command takes the time that its model and its repairs need; the hurried press Ctrl-C."""


def all_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds a flag for every setting; one that is not given leaves the environment's value."""
    for setting in reversed(Settings.explained()):
        shown = "" if setting.default in (None, (), "") else f" [default: {setting.default}]"
        option = click.option(
            setting.flag,
            setting.name,
            type=click.Choice(setting.choices) if setting.choices else str,
            default=None,
            help=setting.description.replace("`", "") + shown,
        )
        command = option(command)
    return command


def flags_of(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the flags of some settings, for a command without a server."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for setting in [s for s in Settings.explained() if s.name in names]:
            help_text = setting.description.replace("`", "")
            command = click.option(setting.flag, setting.name, default=None, help=help_text)(
                command
            )
        return command

    return decorate


common = flags_of("profile", "model_cache", "catalog")
faithful = flags_of("profile", "model_cache", "catalog", "glossary", "typography", "repair_tries")


def settings_of(flags: dict[str, object]) -> Settings:
    """Reads the environment; flags that are given win.

    Raises:
        SettingsError: a value is not valid.
    """
    return Settings.read(os.environ, **flags)


def core_of(flags: dict[str, object]) -> Core:
    """Builds a core for a command: it waits as long as its work takes, and logs warnings only.

    Raises:
        SettingsError, CatalogError: see `build_core`.
    """
    configure_logs("warning")
    return build_core(
        Settings.read(os.environ, load_wait_s=FOREVER_S, deadline_s=FOREVER_S, **flags)
    )


def typography_rules(flags: dict[str, object]) -> Typography:
    """Returns the rules that translations are served with.

    Raises:
        SettingsError: there is no such rule.
    """
    try:
        return Typography.of(settings_of(flags).typography)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def codes(text: str) -> tuple[str, ...]:
    """Reads a list like `hy,ru`; each once, in order."""
    return tuple(dict.fromkeys(code.strip() for code in text.split(",") if code.strip()))


def targets_of(text: str) -> tuple[str, ...]:
    """Reads a list like `hy,ru` that names one language or several.

    Raises:
        click.UsageError: it names none.
    """
    if not (found := codes(text)):
        raise click.UsageError("--to names no language: give one, or several like hy,ru")
    return found
