"""Settings: read from the environment and a file, checked once, and never changed afterwards.

Knows names, defaults and shapes of settings. Opens no database and no key: whether what they name is there is found
out by who uses them.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from coi_tracker.errors import Misconfigured

PREFIX = "COI_"
DEFAULT_FILE = Path("coi.toml")
NOT_SETTINGS = frozenset(
    {"COI_CONFIG", "COI_EPCIS_SCHEMA", "COI_REQUIRE_ALL", "COI_ISBT128_FACILITY", "COI_ZPL_RENDERER_JS"}
)
"""Names that begin like a setting and are none: where the file is, what tests read, and what `labels` reads."""

_ORIGIN = re.compile(r"[!-*,-~]{1,200}")
_ISSUER = re.compile(r"https://[^\s?#]{1,500}|http://(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?(/[^\s?#]{0,500})?")
_DATABASE = re.compile(r"(sqlite|postgresql)(\+[a-z0-9]+)?://\S+")


def _database(url: str) -> str:
    if not _DATABASE.fullmatch(url):
        raise ValueError("not a database address")
    return url


def _origin(name: str) -> str:
    if not _ORIGIN.fullmatch(name):
        raise ValueError("not a name of a log")
    return name


def _issuer(address: str) -> str:
    """Nothing, or an address that nobody on the way can change: plain http only on this machine."""
    if address and not _ISSUER.fullmatch(address):
        raise ValueError("not an issuer")
    return address


class Settings(BaseModel):
    """Everything that can be set. A field's description says what is expected of its value.

    Paths are relative to the working directory. In the file a name is written as here, in the environment in capitals
    after ``COI_``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: Annotated[str, AfterValidator(_database)] = Field(
        "sqlite:///var/coi.sqlite3", description="an address like sqlite:///FILE or postgresql://USER@HOST/NAME"
    )
    key_dir: Path = Field(Path("var/keys"), description="a folder that only the tracker's account may read")
    checkpoint_dir: Path = Field(Path("var/checkpoints"), description="a folder that checkpoints are copied to")
    origin: Annotated[str, AfterValidator(_origin)] = Field(
        "localhost/coi-log", description="the name of the log in its checkpoints: visible ASCII without blanks or '+'"
    )
    host: str = Field("127.0.0.1", min_length=1, description="the address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="a port from 1 to 65535")
    threads: int = Field(8, ge=1, le=200, description="how many requests are answered at once, 1 to 200")
    https: bool = Field(False, description="true when people reach the pages by https: cookies then go no other way")
    tls_certificate: Path | None = Field(
        None, description="a PEM file, with tls_key, when `coi serve` itself speaks https"
    )
    tls_key: Path | None = Field(None, description="the PEM file of the key of tls_certificate")
    idle_minutes: int = Field(15, ge=1, le=240, description="minutes without a sign of life until the screen locks")
    session_hours: int = Field(12, ge=1, le=24, description="hours after which everybody signs in anew")
    sign_in_tries: int = Field(5, ge=3, le=20, description="wrong passwords that lock an account, 3 to 20")
    sign_in_window_minutes: int = Field(15, ge=1, le=1440, description="minutes within which they count, 1 to 1440")
    sign_in_lock_minutes: int = Field(15, ge=1, le=1440, description="minutes of the first lock, 1 to 1440")
    password_days: int = Field(365, ge=0, le=3650, description="days until a password is changed, 0 for no such day")
    totp_for: Literal["nobody", "admins", "everybody"] = Field(
        "nobody", description="who needs a second factor: nobody, admins or everybody"
    )
    oidc_issuer: Annotated[str, AfterValidator(_issuer)] = Field(
        "", description="the issuer of an OpenID provider, https://..., or nothing"
    )
    oidc_client_id: str = Field("", max_length=200, description="the name that provider knows this tracker by")
    oidc_client_secret_file: Path | None = Field(None, description="a file with the secret shared with that provider")
    oidc_name: str = Field("the organisation", min_length=1, max_length=60, description="what people call it")
    checkpoint_minutes: int = Field(
        10, ge=0, le=1440, description="minutes between two signed checkpoints while pages are served; 0: none"
    )
    webhook_hosts: str = Field(
        "",
        max_length=2000,
        pattern=r"^[A-Za-z0-9.:\[\]_ -]*$",
        description="hosts (or HOST:PORT) that events may be sent to though private or without TLS, blanks between",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="debug, info, warning or error"
    )

    @property
    def speaks_tls(self) -> bool:
        """Whether the server itself speaks https, without a proxy in front."""
        return self.tls_certificate is not None and self.tls_key is not None


class SettingsError(Misconfigured):
    """Settings that cannot be used; ``problems`` holds (name, expected, came) of each."""

    def __init__(self, problems: tuple[tuple[str, str, str], ...]) -> None:
        self.problems = problems
        if len(problems) == 1:
            name, expected, came = problems[0]
            super().__init__(expected=f"{name}: {expected}", came=came, do="correct this setting; nothing was changed")
            return
        lines = "\n".join(f"  {name}: expected {expected}; got {came}" for name, expected, came in problems)
        super().__init__(
            expected="settings without mistakes",
            came=f"{len(problems)} mistakes:\n{lines}\n",
            do="correct them; nothing was changed",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.problems), ()


def load_settings(environment: Mapping[str, str] | None = None, *, file: Path | None = None) -> Settings:
    """The settings of this process: defaults, then the file, then the environment.

    `file`: read instead of ``COI_CONFIG`` or ``./coi.toml``. Raises SettingsError with every mistake at once.
    """
    env = os.environ if environment is None else environment
    source = file or (Path(env["COI_CONFIG"]) if env.get("COI_CONFIG") else None)
    from_file = _from_file(source or DEFAULT_FILE, required=source is not None)
    from_env = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in env.items()
        if name.startswith(PREFIX) and name not in NOT_SETTINGS
    }
    written_as = {**{name: name for name in from_file}, **{name: PREFIX + name.upper() for name in from_env}}
    return _checked({**from_file, **from_env}, written_as)


def _checked(values: Mapping[str, object], written_as: Mapping[str, str]) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        found = (_problem(one["type"], str(one["loc"][0]), values, written_as) for one in error.errors())
        raise SettingsError(tuple(dict.fromkeys(found))) from None


def _problem(kind: str, name: str, values: Mapping[str, object], written_as: Mapping[str, str]) -> tuple[str, str, str]:
    shown = written_as.get(name, name)
    if kind == "extra_forbidden":
        return shown, f"one of the settings {', '.join(sorted(Settings.model_fields))}", "a setting nobody reads"
    expected = Settings.model_fields[name].description or "another value"
    came = "something else" if name == "database_url" else f"{str(values[name])[:80]!r}"  # an address holds a password
    return shown, expected, came


def _from_file(path: Path, *, required: bool) -> dict[str, object]:
    if not required and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(path, f"a mistake: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or "bytes that are not UTF-8") from None


def _unreadable(path: Path, came: str) -> SettingsError:
    return SettingsError(((str(path), "a TOML file of settings", came),))
