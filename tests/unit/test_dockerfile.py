"""The Dockerfile says what the code, the lock files and the tools that read it expect."""

import re
from pathlib import Path

import service
from service.models.catalog import PROFILES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text()
STAGES = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def test_its_label_is_the_version() -> None:
    assert f'image.version="{service.__version__}"' in TEXT


def test_it_tells_the_same_of_every_image() -> None:
    for label in ("source", "revision", "created"):
        for stage in ("serving", "full"):
            assert f"org.opencontainers.image.{label}=" in STAGES[stage]
    for label in ("title", "description", "licenses", "version", "base.name"):
        assert f"org.opencontainers.image.{label}=" in STAGES["base"]


def test_the_code_comes_last_so_that_its_change_builds_nothing_else() -> None:
    for stage in ("serving", "full"):
        assert STAGES[stage].strip().splitlines()[-1] == "COPY service/ /app/service/"
    for stage in ("build", "packages", "converter"):
        assert "service/" not in STAGES[stage]


def test_packages_are_installed_from_lock_files_with_hashes_but_torch() -> None:
    installs = re.findall(r"install ([^\n]*\.lock)", TEXT)
    assert len(installs) == 4
    for options in installs:
        assert ("--require-hashes" in options) != ("convert.lock" in options)


def test_the_profile_it_is_built_with_is_one() -> None:
    assert re.search(r"^ARG PROFILE=(\S+)", TEXT, re.MULTILINE)[1] in PROFILES  # type: ignore[index]


def test_builders_without_buildkit_can_read_it() -> None:
    for modern in ("<<", "--link", "--checksum", "--mount", "# syntax="):
        assert modern not in TEXT


def test_what_it_copies_is_not_ignored() -> None:
    kept = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", TEXT, re.MULTILINE)
    for source in " ".join(copied).split():
        assert (ROOT / source.rstrip("/")).exists(), source
        assert any(Path(source).match(pattern) for pattern in kept), source
