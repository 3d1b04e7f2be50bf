"""Places, stations, studies, lots, equipment, shippers: each change a row and an entry, or neither."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib import resources
from typing import Any

import pytest

from coi_tracker.custody_log.entry import entry_problems
from coi_tracker.errors import CoiError, NotUnderstood
from coi_tracker.identity import LabelSerial
from coi_tracker.protocols import ProtocolError
from coi_tracker.services import setup
from coi_tracker.services.record import Record
from coi_tracker.storage import registry
from coi_tracker.vocabulary import PlaceKind
from tests.integration.people.conftest import BY, entries_of

TEXT = (resources.files("coi_tracker.protocols") / "example_melanoma_til.toml").read_text(encoding="utf-8")


def place(record: Record, **changed: Any) -> None:
    values = {"kind": PlaceKind.SITE, "name": "Lisboa", "country": "PT", "zone": "Europe/Lisbon", **BY, **changed}
    setup.put_place(record, values.pop("key", "lisboa"), **values)


def test_a_changed_place_tells_what_it_was(record: Record) -> None:
    place(record, daily_capacity=5)
    entries = entries_of(record, "place/lisboa")
    assert [entry_problems(entry) for entry in entries] == [[], []]
    evidence = entries[1]["evidence"]
    assert (evidence["old"]["daily_capacity"], evidence["new"]["daily_capacity"]) == (2, 5)
    assert entries[1]["zone"] == "Europe/Lisbon"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"key": "a/b"}, "the id of a place"),
        ({"key": ""}, "the id of a place"),
        ({"country": "Portugal"}, "ISO 3166"),
        ({"country": "pt"}, "ISO 3166"),
        ({"zone": "Lisbon"}, "a time zone"),
        ({"zone": "../../etc/passwd"}, "a time zone"),
    ],
)
def test_a_wrong_place_is_refused_whole(record: Record, changed: dict[str, str], message: str) -> None:
    with pytest.raises(NotUnderstood, match=message):
        place(record, **changed)
    assert len(entries_of(record, "place/lisboa")) == 1


def test_closed_days_are_written_once(record: Record) -> None:
    days = [date(2026, 12, 25), date(2026, 12, 26)]
    setup.close_days(record, "lisboa", days=days, **BY)
    setup.close_days(record, "lisboa", days=days, **BY)
    setup.open_days(record, "lisboa", days=[date(2026, 12, 26), date(2026, 12, 27)], **BY)
    with record.database.read() as tx:
        assert registry.closed_days(tx, "lisboa") == [date(2026, 12, 25)]
    told = [entry["evidence"]["new"] for entry in entries_of(record, "place/lisboa")[1:]]
    assert told == [
        {"days": ["2026-12-25", "2026-12-26"], "state": "closed"},
        {"days": ["2026-12-26"], "state": "open"},
    ]


def test_a_station_gets_a_code_and_can_be_taken_out_of_use(record: Record) -> None:
    code = setup.put_station(record, "lisboa", name="Bench", **BY)
    setup.put_station(record, "lisboa", name="Bench", code=code, active=False, **BY)
    with record.database.read() as tx:
        assert [(s.code, s.active) for s in registry.stations(tx)] == [(code.text, False)]
    assert [e["evidence"]["new"]["active"] for e in entries_of(record, f"station/{code}")] == [True, False]


def test_a_released_protocol_makes_its_study_and_never_changes(record: Record) -> None:
    made = setup.release_protocol(record, TEXT, **BY)
    assert [one.definition for one in setup.released_protocols(record)] == [made]
    assert setup.released_protocols(record)[0].text == TEXT
    with record.database.read() as tx:
        study = registry.studies(tx)[0]
        assert record.protocol(tx, made).digest == made.digest
    assert (study.key, study.open) == (made.key, True)
    with pytest.raises(NotUnderstood, match="released with the same text"):
        setup.release_protocol(record, TEXT, **BY)
    changed = TEXT.replace("enrolment_limit = ", "enrolment_limit = 1", 1)
    with pytest.raises(NotUnderstood, match="released with another text"):
        setup.release_protocol(record, changed, **BY)
    assert [e["evidence"]["what"] for e in entries_of(record, f"study/{made.key}")] == ["study", "protocol"]


def test_a_protocol_with_mistakes_is_not_released(record: Record) -> None:
    with pytest.raises(ProtocolError):
        setup.release_protocol(record, TEXT.replace("enrolment_limit", "enrollment_limit", 1), **BY)
    assert setup.released_protocols(record) == []


def test_a_study_can_be_closed(record: Record) -> None:
    key = setup.release_protocol(record, TEXT, **BY).key
    setup.set_study_open(record, key, is_open=False, **BY)
    evidence = entries_of(record, f"study/{key}")[-1]["evidence"]
    assert (evidence["old"]["open"], evidence["new"]["open"]) == (True, False)
    with pytest.raises(NotUnderstood, match="a study of the record"):
        setup.set_study_open(record, "unknown", is_open=False, **BY)


def test_a_recalled_lot_and_a_new_calibration_tell_what_was(record: Record) -> None:
    day = date(2027, 1, 31)
    for recalled in (False, True):
        setup.put_lot(record, "IL2-7", kind="il2", expires=day, place="lisboa", recalled=recalled, **BY)
    code = setup.put_equipment(record, "lisboa", kind="incubator", fit_until=day, **BY)
    setup.put_equipment(record, "lisboa", kind="incubator", fit_until=date(2028, 1, 31), code=code, **BY)
    told = [entry["evidence"] for entry in entries_of(record, "place/lisboa")[1:]]
    assert [(one["what"], one["old"] is None) for one in told] == [
        ("lot", True),
        ("lot", False),
        ("equipment", True),
        ("equipment", False),
    ]
    assert told[1]["new"]["recalled"]
    assert told[3]["old"]["fit_until"] == "2027-01-31"


def test_a_shipper_belongs_to_no_course_and_its_serial_is_given_once(record: Record) -> None:
    serial = LabelSerial.issue()
    until = datetime(2027, 1, 1, tzinfo=UTC)
    shipper = setup.add_shipper(record, "lisboa", valid_until=until, serial=serial, **BY)
    assert (shipper.coi, shipper.serial, shipper.holder) == (None, serial.text, "lisboa")
    before = len(entries_of(record, "place/lisboa"))
    with pytest.raises(CoiError):
        setup.add_shipper(record, "lisboa", serial=serial, **BY)
    assert len(entries_of(record, "place/lisboa")) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda r: setup.put_station(r, "nowhere", name="Bench", **BY),
        lambda r: setup.close_days(r, "nowhere", days=[date(2026, 1, 1)], **BY),
        lambda r: setup.put_lot(r, "L1", kind="il2", expires=date(2027, 1, 1), place="nowhere", **BY),
        lambda r: setup.put_equipment(r, "nowhere", kind="incubator", fit_until=date(2027, 1, 1), **BY),
        lambda r: setup.add_shipper(r, "nowhere", **BY),
    ],
)
def test_nothing_can_be_put_at_a_place_that_is_not_there(record: Record, change: Any) -> None:
    with pytest.raises(NotUnderstood, match="a place of the record"):
        change(record)
    assert entries_of(record, "place/nowhere") == []
