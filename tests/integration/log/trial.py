"""A small invented trial, recorded by the one write path: courses at several stages, a hold, a refusal."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from coi_tracker.services.record import Record
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.furnishing import furnish
from coi_tracker.simulation.handing_in import record_intent
from coi_tracker.simulation.premises import Premises
from coi_tracker.simulation.satisfy import satisfy
from coi_tracker.simulation.walking import drive
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database
from coi_tracker.storage.keyfile import MasterKey, load_key_file, new_key_file

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
STAGES = (None, "clear_line", "cryopreserve", "pack_tissue", "open_course")


def recorded(url: str) -> None:
    """For `prepared_database`."""
    migrate.upgrade(url)
    database = Database(url)
    record = Record(database, clock=Clock(START), person_keys=person_keys())
    premises = furnish(record, sites=2, shippers=8)
    for number, stage in enumerate(STAGES):
        drive(record, premises, f"S-{number:03d}", until=stage)
    hold_a_site(record, premises)
    database.close()


def person_keys() -> tuple[MasterKey, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "persons.key"
        new_key_file(path)
        return load_key_file(path)


def hold_a_site(record: Record, premises: Premises) -> None:
    """One hold on a place that stands, and before it one that was refused."""
    place = premises.new_chain(f"place/{premises.new_site()}")
    now = record.clock()
    intent = satisfy(record.process.steps["hold_place"], premises.protocol_of(place), place, premises, now=now)
    refused = record_intent(record, premises, replace(intent, signers=()), place)
    placed = record_intent(record, premises, intent, place)
    assert (refused.performed, placed.performed) == (False, True), (refused.reasons, placed.reasons)
