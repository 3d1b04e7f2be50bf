"""What cannot be understood or cannot work: a sentence with expected, came and do, an exit code, no partial change."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from coi_tracker.config import load_settings
from coi_tracker.services import people, setup
from coi_tracker.services.changes import INSTALLER
from coi_tracker.services.log_chain import uuid7
from coi_tracker.services.opening import open_record
from coi_tracker.services.record import system_clock
from coi_tracker.vocabulary import Role
from tests.conftest import absent
from tests.functional.test_cli import ADMIN, WHY, answer, coi, house, installed

__all__ = ["house", "installed"]  # fixtures


def attempt(value: object) -> Result:
    return coi("attempt", "--json", typed=value if isinstance(value, str | bytes) else json.dumps(value))


def a_sentence(done: Result, code: int, *words: str) -> None:
    """One sentence that says what was expected, what came and what to do; and no traceback."""
    assert done.exit_code == code, done.output
    lines = done.stderr.strip().splitlines()
    assert lines[0].startswith("error: Expected "), done.stderr
    assert "; got " in done.stderr
    assert lines[-1].endswith(".")
    assert "Traceback" not in done.output
    for word in words:
        assert word in done.stderr, done.stderr


def content(house: Path) -> str:
    """A digest of everything in the database, whatever SQLite did to its files."""
    database = sqlite3.connect(house / "var/coi.sqlite3")
    text = "\n".join(database.iterdump())
    database.close()
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def station(installed: Path) -> str:
    """A record with a nurse and a station; the station's code."""
    record = open_record(load_settings())
    by: dict[str, Any] = {"by": INSTALLER, "reason": "a test"}
    people.add_account(record, "nina", name="Nina Berg", password="nina's password", hasher=people.INVENTED, **by)
    people.give_role(record, "nina", role=Role.NURSE, place="office", **by)
    code = setup.put_station(record, "office", name="Bench", **by)
    record.database.close()
    return code.text


def an_attempt(station: str | None, **more: object) -> dict[str, object]:
    given = {"id": uuid7(system_clock(), os.urandom(10)), "step": "thaw_bag", "account": "nina", "role": "nurse"}
    return {**given, "station": station, **more}


# --- attempts that cannot be understood -----------------------------------------------------------


@pytest.mark.requirement("COI-BAD-06", "COI-CLI-08")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "no JSON"),
        (b"\x00\xff\xfe binary", "not UTF-8"),
        (b"[1, 2]", "JSON object"),
        (b"{", "no JSON"),
        (b'{"id": 1, "id": 2}', "there twice"),
        (b'{"id": NaN}', "NaN"),
        (b"[" * 100_000, "no JSON"),
        (b" " * 1_000_001, "more than 1000000 bytes"),
        (b"{}", "the field id"),
        (b"\xef\xbb\xbf{}", "no JSON"),
    ],
)
def test_what_is_no_attempt_is_not_recorded(station: str, house: Path, text: bytes, words: str) -> None:
    before = content(house)
    a_sentence(attempt(text), 2, words)
    assert content(house) == before


@pytest.mark.requirement("COI-BAD-06")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"colour": "red"}, "colour"),
        ({"step": None}, "step as text"),
        ({"step": 7}, "step as text"),
        ({"role": "wizard"}, "role: one of"),
        ({"id": "1"}, "a UUID of version 7"),
        ({"happened_at": "yesterday"}, "happened_at"),
        ({"scans": "bag"}, "scans: a list"),
        ({"scans": [{"code": 7}]}, "a code as text"),
        ({"scans": [{"code": "x", "size": 1}]}, "size"),
        ({"scans": [{"code": "x"}] * 201}, "at most 200"),
        ({"signatures": [{"account": "nina", "meaning": "signed"}]}, "meaning: one of"),
        ({"evidence": []}, "evidence: an object"),
        ({"identifiers": {"shoe_size": "43"}}, "shoe_size"),
    ],
)
def test_an_attempt_with_wrong_fields_names_them(
    station: str, house: Path, change: dict[str, object], words: str
) -> None:
    before = content(house)
    a_sentence(attempt(an_attempt(station, **change)), 2, words)
    assert content(house) == before


@pytest.mark.requirement("COI-BAD-06")
def test_an_attempt_with_a_missing_field_names_it(station: str) -> None:
    value = an_attempt(station)
    del value["account"]
    a_sentence(attempt(value), 2, "the field account")


# --- scans of anything: the attempt is understood, so it is recorded, and refused --------------------


@pytest.mark.requirement("COI-BAD-01", "COI-BAD-02", "COI-BAD-03", "COI-BAD-04", "COI-BAD-05")
@pytest.mark.parametrize(
    "scan",
    [
        "",
        "x" * 900_000,
        "\x00\x01\x02",
        "(01)09506000134352",
        "https://example.org",
        "COI1:C\u202eABC",
        "COI1:CTFNABAEVCBDH:L",
    ],
    ids=["empty", "900 kB", "binary", "GS1", "web address", "right to left", "truncated"],
)
def test_a_scan_of_anything_is_refused_in_words_and_kept_short(station: str, scan: str) -> None:
    done = attempt(an_attempt(station, scans=[{"code": scan}]))
    assert done.exit_code == 1, done.stderr
    answer = json.loads(done.stdout)
    assert answer["decision"] == "refused"
    assert all(reason["do"] for reason in answer["reasons"])
    assert len(done.stdout) < 20_000
    assert "\u202e" not in done.stdout
    assert answer["entry"]["chain"] == f"station/{station}"


@pytest.mark.requirement("COI-CLI-08", "COI-DB-17")
def test_a_repeated_attempt_gets_the_first_answer(station: str, house: Path) -> None:
    value = an_attempt(station)
    first = json.loads(attempt(value).stdout)
    before = content(house)
    again = json.loads(attempt(value).stdout)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert again["entry"] == first["entry"]
    assert content(house) == before


def test_a_password_is_never_printed_nor_stored(station: str, house: Path) -> None:
    secret = "nina's password"
    signed = [{"account": "nina", "meaning": "performed", "password": secret}]
    done = attempt(an_attempt(station, signatures=signed))
    assert done.exit_code == 1
    assert secret not in done.output
    assert not any(secret.encode() in path.read_bytes() for path in house.rglob("*") if path.is_file())


def test_an_attempt_of_nobody_anywhere_is_not_recorded(station: str, house: Path) -> None:
    before = content(house)
    a_sentence(attempt({**an_attempt(None), "account": "nobody"}), 2, "a known account or a registered station")
    assert content(house) == before


# --- files ------------------------------------------------------------------------------------------


@pytest.mark.requirement("COI-BAD-07")
def test_a_protocol_with_a_wrong_unit_is_named_with_its_line(installed: Path) -> None:
    text = (resources.files("coi_tracker.protocols") / "iov_lun_202.toml").read_text(encoding="utf-8")
    wrong = installed / "wrong.toml"
    wrong.write_text(text.replace('tps_positive_from = "1 %"', 'tps_positive_from = "1 km"'))
    done = coi("protocol", "check", "wrong.toml")
    a_sentence(done, 1, "wrong.toml, line ", "tps_positive_from")
    released = coi("protocol", "release", "wrong.toml", *WHY, typed=f"{ADMIN}\n")
    a_sentence(released, 1, "tps_positive_from")
    found = json.loads(coi("protocol", "check", "wrong.toml", "--json").stdout)
    assert (found["correct"], len(found["problems"])) == (False, 1)


@pytest.mark.requirement("COI-BAD-08")
def test_a_database_of_a_newer_version_is_not_touched(installed: Path) -> None:
    database = sqlite3.connect(installed / "var/coi.sqlite3")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    before = content(installed)
    for command in (["verify"], ["course", "list"], ["init"], ["checkpoint"]):
        a_sentence(coi(*command), 1, "9999", "nothing was changed")
    assert content(installed) == before


def test_a_database_that_was_never_made_is_not_made_by_looking(house: Path) -> None:
    a_sentence(coi("verify"), 1, "make it first: coi init")
    assert list(house.iterdir()) == []


def test_a_file_that_is_no_database_is_left_alone(installed: Path) -> None:
    file = installed / "var/coi.sqlite3"
    for path in (installed / "var").glob("coi.sqlite3-*"):
        path.unlink()
    file.write_bytes(b"a letter to my aunt" * 100)
    a_sentence(coi("verify"), 1)
    assert file.read_bytes() == b"a letter to my aunt" * 100


@pytest.mark.requirement("COI-BAD-09")
@pytest.mark.parametrize("name", ["log.key", "persons.key"])
@pytest.mark.parametrize("fault", ["missing", "empty", "binary", "cut", "readable by all"])
def test_a_wrong_key_file_is_named_and_nothing_is_signed(station: str, house: Path, name: str, fault: str) -> None:
    key = house / "var/keys" / name
    secret = key.read_bytes()
    spoil(key, fault)
    before = content(house)
    done = coi("checkpoint") if name == "log.key" else attempt(an_attempt(station))
    a_sentence(done, 1, name)
    assert secret.decode().split()[-1] not in done.output
    assert content(house) == before


def spoil(key: Path, fault: str) -> None:
    secret = key.read_bytes()
    match fault:
        case "missing":
            key.unlink()
        case "empty":
            key.write_bytes(b"")
        case "binary":
            key.write_bytes(b"\x00\xff" * 40)
        case "cut":
            key.write_bytes(secret[: len(secret) // 2])
        case _:
            key.chmod(0o644)


@pytest.mark.requirement("COI-BAD-09")
def test_another_logs_key_signs_nothing(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    from coi_tracker.services import keys

    other = tmp_path_factory.mktemp("other")
    keys.create(other, "localhost/coi-log")
    shutil.copy(other / "log.key", installed / "var/keys/log.key")
    a_sentence(coi("checkpoint"), 1, "the log's key in force")
    a_sentence(coi("export", "--all", "--out", "x.zip"), 1, "the log's key in force")
    assert not (installed / "x.zip").exists()


@pytest.mark.requirement("COI-BAD-09")
def test_a_lost_persons_key_is_never_replaced_by_a_fresh_one(installed: Path) -> None:
    database = sqlite3.connect(installed / "var/coi.sqlite3")
    database.execute("INSERT INTO persons (study, subject) VALUES ('s', '1')")
    database.execute("INSERT INTO person_keys VALUES ('s', '1', x'00')")
    database.commit()
    database.close()
    (installed / "var/keys/persons.key").unlink()
    a_sentence(coi("init"), 1, "restore it from its safe copy")
    assert not (installed / "var/keys/persons.key").exists()


# --- disks --------------------------------------------------------------------------------------------


COI = f"{sys.executable} -c 'from coi_tracker.cli import main; main()'"
ALSO = " ".join(WHY).replace("a test", "test")
OFF = f"printf '%s\\n' \"{ADMIN}\" 'quite other words' | {COI} accounts password anna {ALSO}"


def script(house: Path, text: str, *around: str) -> list[str]:
    """Run a shell script where the record is, inside of another program if wanted; what it said, line by line."""
    command = [*around, "bash", "-c", text]
    done = subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return [*done.stdout.splitlines(), *done.stderr.splitlines()]


SMALL_DISK = """
mkdir small && mount -t tmpfs -o size=900k tmpfs small && cp -a var small/ && cd small || exit 9
echo mounted; dd if=/dev/zero of=filler bs=1k count=2000 2>/dev/null
{off}; echo "code $?"; rm filler; {off}; echo "code $?"; {coi} verify | head -1
"""


@pytest.mark.requirement("COI-BAD-10")
def test_a_full_disk_is_a_sentence_and_changes_nothing(installed: Path) -> None:
    """On a disk of its own that is full, and then is not any more."""
    answer("checkpoint")
    said = script(installed, SMALL_DISK.format(off=OFF, coi=COI), "unshare", "-rm")
    if "mounted" not in said:
        absent("a kernel that lets the tests mount a small disk (unshare -rm)")
    assert [line for line in said if line.startswith("code ")] == ["code 1", "code 0"]
    assert "VERIFIED" in said
    [sentence] = [line for line in said if line.startswith("error: ")]
    assert sentence.startswith("error: Expected room on the disk of the database; got ")


@pytest.mark.requirement("COI-BAD-10")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_export_to_a_full_disk_is_a_sentence(installed: Path) -> None:
    done = coi("export", "--all", "--out", "/dev/full")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.output


@pytest.mark.requirement("COI-BAD-11")
def test_a_read_only_database_is_a_sentence_and_stays_as_it_is(installed: Path) -> None:
    """Root writes to anything, so it goes without that privilege here.

    SQLite needs to make a file beside a database even to read it, so that reading gets the same sentence.
    """
    without = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override") if os.geteuid() == 0 else ()
    if without and shutil.which(without[0]) is None:
        absent("setpriv, to take root's privilege over files away; on Debian: apt-get install util-linux")
    before = content(installed)
    said = script(
        installed,
        f"chmod 400 var/coi.sqlite3*; chmod 500 var; {OFF}; echo code $?; {COI} verify; echo code $?; chmod 700 var",
        *without,
    )
    assert said[:2] == ["code 1", "code 1"]
    for sentence in said[2:]:
        assert sentence.startswith("error: Expected a database that can be written to; got ")
    (installed / "var/coi.sqlite3").chmod(0o600)
    assert content(installed) == before


@pytest.mark.requirement("COI-CLI-07")
def test_a_mistake_in_the_settings_ends_before_anything_is_made(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COI_PORT", "nine")
    a_sentence(coi("init", "--admin", "anna", "--password-stdin", typed=f"{ADMIN}\n"), 1, "COI_PORT")
    assert list(house.iterdir()) == []
