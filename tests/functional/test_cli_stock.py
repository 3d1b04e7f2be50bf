"""The stock of a place from the shell: the same changes by the same people, answers, exit codes, sentences."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from coi_tracker.cli import cli
from coi_tracker.vocabulary import Role
from tests.floor import PASSWORD, Floor, made
from tests.functional.stock_forms import HERE, THERE, latest, with_role

pytestmark = pytest.mark.requirement("COI-STOCK-07")


@pytest.fixture
def floor(prepared_database: Callable[..., str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Floor]:
    """A furnished record whose clock shows the time of the machine, because commands know no other."""
    floor = Floor(prepared_database(made))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COI_DATABASE_URL", floor.url)
    for name in ("COI_CONFIG", "COI_KEY_DIR", "COI_CHECKPOINT_DIR"):
        monkeypatch.delenv(name, raising=False)
    floor.clock.forward_to(datetime.now(UTC))
    yield floor
    floor.close()


def coi(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), input=typed, prog_name="coi")


def listed(*arguments: str) -> list[dict[str, Any]]:
    result = coi(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def changed(floor: Floor, *arguments: str, role: Role = Role.QA, password: str = PASSWORD) -> Result:
    by = floor.person(role, HERE if role is Role.QA else None).id
    told = ("--by", by, "--reason", "a test", "--password-stdin", "--json")
    return coi(*arguments, *told, typed=f"{password}\n")


def done(floor: Floor, *arguments: str, role: Role = Role.QA) -> dict[str, Any]:
    result = changed(floor, *arguments, role=role)
    assert result.exit_code == 0, result.output
    one: dict[str, Any] = json.loads(result.stdout)
    return one


def on(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def test_a_lot_is_added_changed_recalled_and_listed(floor):
    made = done(floor, "lots", "add", "M-1", "--place", HERE, "--kind", "media", "--expires", on(90))
    assert (made["code"], made["stands"], made["until"]) == ("M-1", "good", on(90))
    assert done(floor, "lots", "change", "M-1", "--expires", on(20))["stands"] == "ends_soon"
    assert [one["code"] for one in listed("lots", "list", "--state", "ends_soon", "--search", "M-1")] == ["M-1"]
    assert done(floor, "lots", "recall", "M-1")["stands"] == "recalled"
    assert latest(floor, "lot", "M-1").reason == "a test"
    assert done(floor, "lots", "recall", "M-1", "--take-back")["stands"] == "ends_soon"
    shown = coi("lots", "list", "--place", HERE, "--search", "M-1").stdout
    assert f"{on(20)}" in shown
    assert "ends soon" in shown
    assert coi("lots", "list", "--place", THERE).stdout.count("media") == 0


def test_the_symbol_of_a_supplier_is_a_lot_too(floor):
    symbol = f"(01)09506000134352(10)M-9(17){on(90)[2:].replace('-', '')}"
    made = done(floor, "lots", "add", symbol, "--place", HERE, "--kind", "media")
    assert (made["code"], made["until"]) == ("M-9", on(90))


def test_equipment_and_shippers_are_added_changed_taken_out_of_use_and_back(floor):
    made = done(floor, "equipment", "add", "--place", HERE, "--kind", "incubator", "--calibrated-until", on(90))
    code = made["code"]
    assert done(floor, "equipment", "change", code, "--calibrated-until", on(300))["until"] == on(300)
    assert done(floor, "equipment", "out-of-use", code)["stands"] == "out_of_use"
    assert code in {one["code"] for one in listed("equipment", "list", "--state", "out_of_use")}
    assert done(floor, "equipment", "out-of-use", code, "--back")["stands"] == "good"
    serial = done(floor, "shippers", "add", "--place", HERE, "--qualified-until", on(90))["code"]
    assert done(floor, "shippers", "change", serial, "--qualified-until", on(3))["stands"] == "ends_soon"
    assert done(floor, "shippers", "out-of-use", serial)["since"] is not None
    assert done(floor, "shippers", "out-of-use", serial, "--back")["since"] is None
    assert serial in {one["code"] for one in listed("shippers", "list", "--state", "ends_soon")}


def test_an_administrator_enters_and_stops_only_and_somebody_else_nothing(floor):
    boss = Role.ADMIN
    done(floor, "lots", "add", "M-2", "--place", HERE, "--kind", "media", "--expires", on(90), role=boss)
    assert changed(floor, "lots", "change", "M-2", "--expires", on(91), role=boss).exit_code == 2
    done(floor, "lots", "recall", "M-2", role=boss)
    refused = changed(floor, "lots", "recall", "M-2", "--take-back", role=boss)
    assert refused.exit_code == 2
    assert "ask quality assurance" in refused.stderr
    other = with_role(floor, "quinn", Role.QA, THERE)
    from coi_tracker.services import people
    from coi_tracker.services.changes import INSTALLER

    people.set_password(floor.record, other, password=PASSWORD, by=INSTALLER, reason="x", hasher=people.INVENTED)
    told = ("--by", other, "--reason", "x", "--password-stdin")
    for command in (("recall", "M-2"), ("add", "M-3", "--place", HERE, "--kind", "media", "--expires", on(9))):
        result = coi("lots", *command, *told, typed=f"{PASSWORD}\n")
        assert result.exit_code == 2
        assert "or an administrator" in result.stderr
    assert changed(floor, "lots", "recall", "M-2", password="wrong").exit_code == 1


WRONG = (
    (("lots", "add", "LOT-media-1", "--place", HERE, "--kind", "media", "--expires", on(9)), "entered by this place"),
    (("lots", "add", "A B", "--place", HERE, "--kind", "media", "--expires", on(9)), "the code of a lot"),
    (("lots", "add", "A-1", "--place", HERE, "--kind", "tea", "--expires", on(9)), "asks for: bag_set"),
    (("lots", "add", "A-1", "--place", "nowhere", "--kind", "media", "--expires", on(9)), "a place of the record"),
    (("lots", "add", "A-1", "--place", HERE, "--kind", "media", "--expires", on(-9)), "which is over"),
    (("lots", "add", "A-1", "--place", HERE, "--kind", "media", "--expires", "soon"), "soon"),
    (("lots", "add", "A-1", "--place", HERE), "--kind"),
    (("lots", "recall", "NOT-THERE"), "a lot of the record"),
    (("equipment", "out-of-use", "EXXXXXXX"), "equipment of the record"),
    (("shippers", "change", "L0", "--qualified-until", on(9)), "a shipper of the record"),
    (("shippers", "list", "--state", "sad"), "sad"),
)


def test_what_cannot_be_gets_one_sentence_and_changes_nothing(floor):
    before = [listed(sort, "list") for sort in ("lots", "equipment", "shippers")]
    for arguments, words in WRONG:
        result = coi(*arguments) if "list" in arguments else changed(floor, *arguments)
        assert result.exit_code == 2, arguments
        assert words in result.stderr, arguments
        assert result.stderr.count("error:") == 1, arguments
    assert [listed(sort, "list") for sort in ("lots", "equipment", "shippers")] == before
    assert (
        done(floor, "lots", "add", "A-1", "--place", HERE, "--kind", "media", "--expires", on(-9), "--past")["stands"]
        == "over"
    )
