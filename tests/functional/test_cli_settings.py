"""Settings: from defaults, a file and the environment, every mistake at once, and no secret repeated."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from coi_tracker.config import Settings, SettingsError, load_settings

SETTINGS = pytest.mark.requirement("COI-CLI-07")


@SETTINGS
def test_without_any_the_database_is_a_file_under_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings({}).database_url == "sqlite:///var/coi.sqlite3"


@SETTINGS
def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "coi.toml"
    file.write_text("port = 9000\norigin = 'example.org/log'\n")
    found = load_settings({"COI_CONFIG": str(file), "COI_PORT": "9001", "HOME": "/", "COI_EPCIS_SCHEMA": "x"})
    assert (found.port, found.origin) == (9001, "example.org/log")


@SETTINGS
@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"COI_PORT": "nine"}, "COI_PORT: a port from 1 to 65535; got 'nine'"),
        ({"COI_PORT": "0"}, "COI_PORT: a port from 1 to 65535; got '0'"),
        ({"COI_LOG_LEVEL": "loud"}, "COI_LOG_LEVEL: debug, info, warning or error; got 'loud'"),
        ({"COI_ORIGIN": "two words"}, "COI_ORIGIN: the name of the log"),
        ({"COI_DATABSE_URL": "sqlite:///x"}, "COI_DATABSE_URL: one of the settings"),
    ],
)
def test_a_mistake_is_one_sentence(environment: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(environment)
    assert words in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@SETTINGS
def test_every_mistake_is_said_at_once_and_no_password_is_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"COI_DATABASE_URL": "mysql://me:hush@host/x", "COI_PORT": "x", "COI_FOO": "y"})
    assert len(caught.value.problems) == 3
    assert "hush" not in str(caught.value)


@SETTINGS
@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe", b"[server]\nport = 1\n"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "wrong.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError):
        load_settings({}, file=file)


@SETTINGS
def test_a_file_that_was_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_settings({"COI_CONFIG": str(tmp_path / "none.toml")})


@SETTINGS
def test_settings_never_change() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]
