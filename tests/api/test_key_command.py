"""`lur key`, and what `lur doctor` says of keys."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.access import KeysFile, read_keys
from service.cli import main


def lur(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environment)


def test_a_new_key_is_shown_once_with_the_line_that_lets_it_in(tmp_path: Path) -> None:
    result = lur("key", "ann", "--scopes", "use, metrics")
    assert result.exit_code == 0
    secret, line = result.stdout.splitlines()
    (tmp_path / "keys").write_text(line)
    holder = KeysFile(tmp_path / "keys").holder(secret)
    assert holder is not None
    assert (holder.name, holder.scopes) == ("ann", {"use", "metrics"})
    assert secret not in line


def test_a_key_is_for_work_unless_said_otherwise() -> None:
    [key] = read_keys(lur("key", "ann").stdout.splitlines()[1].encode())
    assert key.scopes == {"use"}


def test_a_file_grows_by_a_line_and_the_key_alone_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    secrets = [lur("key", name, "--file", str(path)).stdout.strip() for name in ("ann", "bob")]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = KeysFile(path)
    for secret, name in zip(secrets, ("ann", "bob"), strict=True):
        assert (holder := keys.holder(secret)) is not None
        assert holder.name == name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ann:x"], "a name is a letter and"),
        (["ann", "--scopes", "root"], "an unknown scope; there are use, metrics, admin"),
        (["bob", "--file", "keys"], "line 2: the name of line 1 again"),
        (["ann", "--file", "none/keys"], "none/keys: No such file or directory"),
    ],
)
def test_what_cannot_be_made_is_said_and_changes_nothing(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lur("key", "bob", "--file", "keys")
    before = Path("keys").read_bytes()
    result = lur("key", *arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert Path("keys").read_bytes() == before


@pytest.mark.parametrize(
    ("environment", "good", "message"),
    [
        ({}, True, "none; open to this machine alone on 127.0.0.1"),
        ({"LUR_HOST": "0.0.0.0", "LUR_OPEN": "yes"}, True, "open to whoever reaches it"),
        ({"LUR_HOST": "0.0.0.0"}, False, "others can reach this address"),
        ({"LUR_API_KEYS_FILE": "good"}, True, "1 in good"),
        ({"LUR_API_KEYS_FILE": "bad"}, False, "line 1: three parts are needed"),
    ],
)
def test_doctor_says_who_may_use_the_service(
    environment: dict[str, str],
    good: bool,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    lur("key", "ann", "--file", "good")
    Path("bad").write_text("ann\n")
    output = lur("doctor", LUR_PROFILE="bundled", **environment).stdout
    [line] = [line for line in output.splitlines() if " keys: " in line]
    assert line.startswith("ok" if good else "FAIL")
    assert message in line
