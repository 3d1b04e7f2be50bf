"""The command line as a person and as a program meet it: help, answers, exit codes, passwords."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from coi_tracker.cli import cli

ADMIN = "an administrator's password"
WHY = ["--by", "anna", "--reason", "a test", "--password-stdin"]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, without settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("COI_CONFIG", "COI_DATABASE_URL", "COI_KEY_DIR", "COI_CHECKPOINT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def coi(*arguments: str, typed: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), input=typed, prog_name="coi")


def answer(*arguments: str, typed: str | None = None) -> Any:
    done = coi(*arguments, "--json", typed=typed)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def installed(house: Path) -> Path:
    done = coi("init", "--admin", "anna", "--password-stdin", typed=f"{ADMIN}\n")
    assert done.exit_code == 0, done.output
    return house


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = dict(commands())


@pytest.mark.requirement("COI-CLI-02")
def test_every_promised_command_is_there() -> None:
    promised = {"init", "serve", "demo", "simulate", "attempt", "verify", "rebuild", "checkpoint", "export"}
    assert promised <= {path[0] for path in ALL if path}
    assert {("course", "show"), ("process", "show"), ("protocol", "check"), ("accounts", "list")} <= set(ALL)


@pytest.mark.requirement("COI-CLI-03")
@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "coi")
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    done = coi(*path, "--help")
    assert done.exit_code == 0
    example = done.stdout.split("Example:")[1].strip().splitlines()[0]
    assert "coi " in example
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.requirement("COI-CLI-03")
@pytest.mark.parametrize("path", ALL, ids=lambda path: " ".join(path) or "coi")
def test_the_options_of_an_example_exist(path: tuple[str, ...]) -> None:
    known = {option for command in ALL.values() for p in command.params for option in p.opts + p.secondary_opts}
    lines = coi(*path, "--help").stdout.split("Example:")[1].split("\n\n")[0].splitlines()
    used = {word for line in lines for word in line.split() if word.startswith("--")}
    assert used <= known | {"--help"}


@pytest.mark.requirement("COI-CLI-04")
def test_what_a_program_may_read_has_json() -> None:
    silent = {"serve", "demo", "accounts add", "accounts role", "accounts password", "accounts deactivate"}
    silent |= {"person erase", "protocol release", "printers add", "printers deactivate"}
    silent |= {"print-fetch", "print-worker"}
    silent |= {"tokens add", "tokens revoke", "webhooks add", "webhooks pause", "webhooks resume", "webhooks deliver"}
    silent |= {"accounts own-password", "accounts unlock", "accounts totp-remove", "accounts link"}
    without = {
        " ".join(path)
        for path, command in ALL.items()
        if not isinstance(command, click.Group) and not any("--json" in p.opts for p in command.params)
    }
    assert without == silent


@pytest.mark.requirement("COI-CLI-05")
@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("export", "--all"),
        ("verify", "--nonsense"),
        ("course",),
        ("export", "--out", "x"),
        ("--config",),
    ],
)
def test_misuse_ends_with_2_and_says_where_help_is(house: Path, arguments: tuple[str, ...]) -> None:
    done = coi(*arguments)
    assert done.exit_code == 2
    assert "--help" in done.output
    assert list(house.iterdir()) == []


@pytest.mark.requirement("COI-CLI-07")
def test_init_makes_what_only_its_owner_may_read(installed: Path) -> None:
    modes = {str(path.relative_to(installed)): oct(stat.S_IMODE(path.stat().st_mode)) for path in installed.rglob("*")}
    assert {name: mode for name, mode in modes.items() if mode not in ("0o700", "0o600")} == {}
    assert {"var/coi.sqlite3", "var/keys/persons.key", "var/keys/log.key"} <= set(modes)


def test_init_again_changes_nothing(installed: Path) -> None:
    before = {path: path.read_bytes() for path in (installed / "var/keys").iterdir()}
    keys = answer("key", "show")
    again = answer("init", "--admin", "somebody", "--password-stdin")
    assert [again["vkey"]] == keys
    assert {path: path.read_bytes() for path in (installed / "var/keys").iterdir()} == before
    assert [one["account"] for one in answer("accounts", "list")] == ["anna"]


def test_people_are_added_given_roles_and_taken_out(installed: Path) -> None:
    secret = "nina's own password"
    assert coi("accounts", "add", "nina", "--name", "Nina Berg", *WHY, typed=f"{ADMIN}\n{secret}\n").exit_code == 0
    role = ["accounts", "role", "nina", "auditor", "office", "--trained-until", "2030-01-31"]
    assert coi(*role, *WHY, typed=f"{ADMIN}\n").exit_code == 0
    nina = answer("accounts", "list")[1]
    assert nina["roles"] == [{"place": "office", "role": "auditor", "trained_until": "2030-01-31"}]
    assert coi(*role, "--remove", *WHY, typed=f"{ADMIN}\n").exit_code == 0
    assert coi("accounts", "deactivate", "nina", *WHY, typed=f"{ADMIN}\n").exit_code == 0
    nina = answer("accounts", "list")[1]
    assert (nina["roles"], nina["active"]) == ([], False)


@pytest.mark.requirement("COI-CLI-05")
def test_a_wrong_administrator_changes_nothing(installed: Path) -> None:
    done = coi("accounts", "deactivate", "anna", *WHY, typed="wrong password\n")
    assert done.exit_code == 1
    assert "Expected the password of an active administrator" in done.stderr
    assert answer("accounts", "list")[0]["active"]


def test_a_password_is_asked_on_a_terminal_only(installed: Path) -> None:
    done = coi("accounts", "deactivate", "anna", "--by", "anna", "--reason", "x")
    assert done.exit_code == 2
    assert "--password-stdin" in done.stderr


@pytest.mark.requirement("COI-CLI-11", "COI-CLI-09")
def test_checkpoint_verify_and_export_of_everything(installed: Path) -> None:
    first = answer("checkpoint")
    assert first["new"]
    assert not answer("checkpoint")["new"]
    report = answer("verify")
    assert (report["verified"], report["tree_size"]) == (True, first["size"])
    assert (installed / "var/checkpoints").exists()
    made = answer("export", "--all", "--out", "all.zip", "--by", "Anna Lind")
    assert made["entries"] == made["tree_size"] == first["size"]
    assert coi("export", "--all", "--out", "all.zip").exit_code == 1


@pytest.mark.requirement("COI-CLI-01", "COI-CLI-11")
def test_both_databases_are_installed_signed_and_verified_alike(
    house: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COI_DATABASE_URL", database_url)
    made = answer("init", "--admin", "anna", "--password-stdin", typed=f"{ADMIN}\n")
    first = answer("checkpoint")
    report = answer("verify")
    assert (report["verified"], report["tree_size"], report["vkey"]) == (True, first["size"], made["vkey"])
    assert answer("rebuild", "--check")["verified"]
    assert answer("course", "list")["total"] == 0
    assert answer("export", "--site", "office", "--out", "office.zip")["entries"] == 1


@pytest.mark.requirement("COI-CLI-06")
def test_progress_is_shown_on_a_terminal_and_nowhere_else(installed: Path) -> None:
    """A real terminal: the two ends of a pseudo terminal."""
    import pty

    command = [sys.executable, "-c", "from coi_tracker.cli import main; main()", "verify"]
    quiet = subprocess.run(command, capture_output=True, text=True, check=True)
    assert quiet.stderr == ""
    terminal = {**os.environ, "TERM": "xterm"}
    here, there = pty.openpty()
    with os.fdopen(here, "rb", buffering=0) as screen:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=there, env=terminal, check=True)
        seen = os.read(screen.fileno(), 65536).decode()
        os.close(there)
    assert "Verifying entries" in seen


def test_a_rotated_key_signs_from_then_on(installed: Path) -> None:
    answer("checkpoint")
    keys = answer("key", "rotate", "--yes")
    assert len(keys) == 2
    assert answer("checkpoint")["new"]
    assert answer("verify")["verified"]


def test_a_changed_entry_fails_the_verification(installed: Path) -> None:
    import sqlite3

    answer("checkpoint")
    database = sqlite3.connect(installed / "var/coi.sqlite3")
    guards = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'")
    triggers = guards.fetchall()
    for name, _ in triggers:
        database.execute(f"DROP TRIGGER {name}")
    database.execute("UPDATE events SET entry = replace(entry, 'anna', 'anne') WHERE chain = 'account/anna'")
    for _, sql in triggers:
        database.execute(sql)
    database.commit()
    database.close()
    done = coi("verify", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["first_bad"]["chain"] == "account/anna"


def test_protocols_are_checked_released_and_listed(installed: Path) -> None:
    from importlib import resources

    file = installed / "study.toml"
    text = (resources.files("coi_tracker.protocols") / "example_melanoma_til.toml").read_text(encoding="utf-8")
    file.write_text(text)
    found = answer("protocol", "check", "study.toml")
    assert found["correct"]
    assert coi("protocol", "release", "study.toml", *WHY, typed=f"{ADMIN}\n").exit_code == 0
    assert [one["digest"] for one in answer("protocol", "list")] == [found["digest"]]


def test_the_process_is_shown_as_a_table_a_diagram_and_json(house: Path) -> None:
    assert "receive_tissue" in coi("process", "show").stdout
    assert (
        "stateDiagram" in coi("process", "show", "--mermaid").stdout
        or "flowchart" in coi("process", "show", "--mermaid").stdout
    )
    assert "receive_tissue" in {row["step"] for row in answer("process", "show")}


def test_an_empty_record_has_no_courses(installed: Path) -> None:
    assert answer("course", "list")["total"] == 0
    assert coi("course", "show", "CTFNABAEVCBDH").exit_code == 1
    assert coi("course", "show", "CTFNABAEVCBDX").exit_code == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--from", "yesterday"), "is a time like"),
        (("--from", "2026-01-01T08:00:00"), "needs its time zone"),
        (("--from", "2026-02-01", "--to", "2026-01-01"), "--from is before --to"),
        (("--all", "--site", "office"), "exactly one of"),
        (("--course", "nonsense"), "COI identifier"),
    ],
)
def test_a_wrong_choice_of_what_to_export_is_misuse(installed: Path, options: tuple[str, ...], message: str) -> None:
    done = coi("export", *options, "--out", "x.zip")
    assert done.exit_code == 2
    assert message in done.stderr
    assert not (installed / "x.zip").exists()


def test_the_program_itself_answers_on_standard_output_and_complains_on_standard_error(house: Path) -> None:
    command = [sys.executable, "-c", "from coi_tracker.cli import main; main()"]
    done = subprocess.run([*command, "process", "show"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    wrong = subprocess.run([*command, "verify"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("error: Expected the database file coi.sqlite3; got no such file;")


def test_a_reader_that_went_away_is_no_fault(house: Path) -> None:
    line = f"{sys.executable} -c 'from coi_tracker.cli import main; main()' process show | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
