import hashlib
import hmac
import logging
import os
import re
import stat
from pathlib import Path

import pytest

from service import access
from service.access import (
    Key,
    KeysFile,
    UnusableKeys,
    add_line,
    is_loopback,
    keys_of,
    line_of,
    new_secret,
    read_keys,
)
from service.settings import Settings, SettingsError

A, B = "a" * 64, "b" * 64


def sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Watch:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "keys"
    found.write_text(f"ann:use:{sha256('one')}\n")
    found.chmod(0o600)
    return found


def stale() -> float:
    return access.metrics.API_KEYS_STALE._value.get()


def test_a_line_is_name_scopes_and_hash() -> None:
    text = f"# whose\n\n ann : use, metrics : {A}\r\nbob:admin:{B.upper()}\n"
    ann, bob = read_keys(text.encode())
    assert ann == Key("ann", frozenset({"use", "metrics"}), bytes.fromhex(A))
    assert (bob.name, bob.digest) == ("bob", bytes.fromhex(B))


def test_a_mark_at_the_beginning_that_some_editors_leave_is_no_fault() -> None:
    assert read_keys(f"\ufeffann:use:{A}".encode())[0].name == "ann"


def test_admin_covers_all_and_the_others_themselves() -> None:
    admin, metrics = read_keys(f"a:admin:{A}\nm:metrics:{B}".encode())
    assert [admin.may(scope) for scope in access.SCOPES] == [True, True, True]
    assert [metrics.may(scope) for scope in access.SCOPES] == [False, True, False]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([f"ann:use:{A}", "bob"], "line 2: three parts are needed, name:scopes:sha256"),
        ([f"ann:use:{A}:more"], "line 1: three parts are needed, name:scopes:sha256"),
        (["# c", "", f"an n:use:{A}"], "line 3: a name is a letter and"),
        ([f":use:{A}"], "line 1: a name is a letter and"),
        ([f"1ann:use:{A}"], "line 1: a name is a letter and"),
        ([f"{'n' * 65}:use:{A}"], "line 1: a name is a letter and"),
        ([f"ann:use,root:{A}"], "line 1: an unknown scope; there are use, metrics, admin"),
        ([f"ann::{A}"], "line 1: an unknown scope"),
        ([f"ann:use:{A[:-1]}"], "line 1: the last part is no SHA-256"),
        ([f"ann:use:{A[:-1]}g"], "line 1: the last part is no SHA-256"),
        (["ann:use:lur_mysecret"], "line 1: the last part is no SHA-256"),
        ([f"ann:use:{A}", "#", f"ann:use:{B}"], "line 3: the name of line 1 again"),
        ([f"ann:use:{A}", f"bob:use:{A.upper()}"], "line 2: the key of line 1 again"),
        (["# nobody"], "there is no key in it"),
        ([], "there is no key in it"),
    ],
)
def test_a_fault_is_named_with_its_line_and_without_its_content(
    lines: list[str], fault: str
) -> None:
    with pytest.raises(UnusableKeys) as caught:
        read_keys("\n".join(lines).encode())
    assert str(caught.value).startswith(fault)
    for secret in (A, B, "mysecret", "root"):
        assert secret not in str(caught.value)


def test_bytes_that_are_no_text_are_a_fault_of_their_line() -> None:
    with pytest.raises(UnusableKeys, match=r"^line 2: not UTF-8$"):
        read_keys(b"# \xd5\xac\n\xff\xfe\n")


def test_new_secrets_differ_and_are_256_bits() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(secret.startswith("lur_") and len(secret) == 4 + 43 for secret in secrets)


def test_the_line_of_a_secret_lets_it_in(path: Path) -> None:
    add_line(path, line_of("bob", ["use", "metrics"], "two"))
    holder = KeysFile(path).holder("two")
    assert holder is not None
    assert (holder.name, holder.scopes) == ("bob", {"use", "metrics"})
    assert "two" not in path.read_text()


def test_a_line_is_added_behind_a_last_line_without_an_end(path: Path) -> None:
    path.write_text(path.read_text().rstrip())
    add_line(path, f"bob:use:{B}")
    assert [key.name for key in KeysFile(path).keys] == ["ann", "bob"]


def test_a_line_that_would_spoil_the_file_is_not_added(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(UnusableKeys, match="line 2: the name of line 1 again"):
        add_line(path, f"ann:use:{B}")
    assert path.read_bytes() == before


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        add_line(tmp_path / "new", f"bob:use:{B}")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_only_the_very_secret_has_a_holder(path: Path) -> None:
    keys = KeysFile(path)
    assert keys.holder("one") is not None
    for other in ("", "on", "one ", "One", sha256("one"), "\ud800", "օ"):
        assert keys.holder(other) is None


def test_every_key_is_compared_whichever_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_line(path, line_of("bob", ["use"], "two"))
    add_line(path, line_of("cy", ["use"], "three"))
    keys, real, compared = KeysFile(path), hmac.compare_digest, []

    def counting(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return real(a, b)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    for secret in ("one", "two", "three", "four"):
        compared.clear()
        keys.holder(secret)
        assert len(compared) == 3


def test_a_changed_file_is_read_again_but_looked_at_once_a_second(path: Path) -> None:
    watch = Watch()
    keys = KeysFile(path, watch)
    add_line(path, line_of("bob", ["use"], "two"))
    watch.now = 0.99
    assert keys.holder("two") is None
    watch.now = 1.0
    assert keys.holder("two") is not None


def test_a_key_that_is_taken_out_is_refused(path: Path) -> None:
    watch = Watch()
    add_line(path, line_of("bob", ["use"], "two"))
    keys = KeysFile(path, watch)
    path.write_text("\n".join(path.read_text().splitlines()[1:]))
    watch.now = 1.0
    assert keys.holder("one") is None
    assert keys.holder("two") is not None


def test_a_file_put_in_the_place_of_the_old_is_seen_though_time_and_size_are_the_same(
    path: Path,
) -> None:
    watch = Watch()
    keys = KeysFile(path, watch)
    info = path.stat()
    new = path.with_name("new")
    new.write_text(f"ann:use:{sha256('two')}\n")
    os.utime(new, ns=(info.st_atime_ns, info.st_mtime_ns))
    new.replace(path)
    watch.now = 1.0
    assert keys.holder("two") is not None


def test_a_faulty_file_leaves_the_old_keys_and_is_logged_once_without_its_content(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch()
    keys = KeysFile(path, watch)
    path.write_text(f"bob:use:{sha256('two')}\nann:use:lur_plain_secret\n")
    for second in (1.0, 2.0, 3.0):
        watch.now = second
        assert keys.holder("one") is not None
        assert keys.holder("two") is None
    [record] = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert (record.message, record.reason) == (  # type: ignore[attr-defined]
        "api_keys_refused",
        "line 2: the last part is no SHA-256, 64 hexadecimal digits",
    )
    assert "plain_secret" not in str(vars(record))
    assert stale() == 1
    path.write_text(f"bob:use:{sha256('two')}\n")
    watch.now = 4.0
    assert keys.holder("two") is not None
    assert keys.holder("one") is None
    assert stale() == 0


def test_a_file_that_is_gone_leaves_the_old_keys_until_it_is_back(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watch = Watch()
    keys = KeysFile(path, watch)
    path.rename(path.with_name("away"))
    for second in (1.0, 2.0):
        watch.now = second
        assert keys.holder("one") is not None
    assert [r.message for r in caplog.records] == ["api_keys_refused"]
    path.with_name("away").rename(path)
    watch.now = 3.0
    assert keys.holder("one") is not None
    assert stale() == 0


def test_a_file_that_others_can_read_is_warned_of_and_taken(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.chmod(0o640)
    assert KeysFile(path).holder("one") is not None
    assert [r.message for r in caplog.records] == ["api_keys_open_to_others"]


def test_what_is_no_file_of_keys_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"#" * (access.MAX_FILE_BYTES + 1))
    for name, fault in {
        "pipe": "not a regular file",
        ".": "not a regular file",
        "large": "larger than 1048576 bytes",
        "absent": "No such file or directory",
    }.items():
        with pytest.raises(UnusableKeys, match=fault):
            KeysFile(tmp_path / name)


def test_a_faulty_file_is_a_faulty_setting(path: Path) -> None:
    path.write_text("ann\n")
    with pytest.raises(SettingsError) as caught:
        keys_of(Settings(api_keys_file=path))
    assert str(caught.value).startswith(f"LUR_API_KEYS_FILE={path}: line 1: three parts")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "lur.example", ""])
def test_an_address_that_others_can_reach_needs_keys_or_a_word(host: str, path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        keys_of(Settings(host=host))
    for way in ("LUR_API_KEYS_FILE", "127.0.0.1", "LUR_OPEN=yes"):
        assert way in str(caught.value)
    assert keys_of(Settings(host=host, open=True)) is None
    assert keys_of(Settings(host=host, api_keys_file=path)) is not None
    assert keys_of(Settings(host=host, api_keys_file=path, open=True)) is not None


def test_the_image_starts_as_it_is_built() -> None:
    text = (Path(__file__).parents[2] / "Dockerfile").read_text()
    found = dict(re.findall(r"\b(LUR_[A-Z_]+)=(\S+)", text.split(" AS base\n")[-1]))
    settings = Settings.read(found | {"LUR_PROFILE": "bundled"})
    assert settings.host == "0.0.0.0"
    assert keys_of(settings) is None


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.255.3.4", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("fe80::1%lo", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("0", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
