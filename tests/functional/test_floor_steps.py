"""Every step of the process is done at a station, by scans, answers and passwords alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest

from coi_tracker.custody_log.entry import canonical
from coi_tracker.services import available, rebuild
from coi_tracker.services.floor.screen import Outcome
from coi_tracker.services.record import Record
from coi_tracker.simulation.premises import Premises
from coi_tracker.simulation.satisfy import satisfy
from coi_tracker.vocabulary import PlaceKind
from tests.functional import floor_stories as stories
from tests.functional.station import Station, furnished
from tests.functional.wording import raw, said
from web import create_app

HOLDS = ("hold_place", "lift_hold_on_place", "hold_study", "lift_hold_on_study")


@pytest.fixture
def world(database_url: str) -> Iterator[tuple[Record, Premises]]:
    record, premises = furnished(database_url)
    yield record, premises
    assert rebuild.check(record).findings == ()
    record.database.close()


def held_and_lifted(record: Record, premises: Premises, shown: list[Outcome]) -> set[str]:
    """Holds on a place and on the study, each lifted by somebody else. `shown` gets what the stations show."""
    done = set()
    site = premises.new_site()
    for name in HOLDS:
        step = record.process.steps[name]
        chain = f"place/{site}" if name.endswith("place") else f"study/{premises.study}"
        course = available.state_of(record, chain) or premises.new_chain(chain)
        place = premises.of_kind(PlaceKind.SPONSOR)[0]
        intent = satisfy(step, premises.protocol_of(course), course, premises, now=record.clock(), place=place)
        station = Station.of(record, premises, intent.account, intent.place)
        outcome = station.do(intent, course)
        shown += station.outcomes
        assert outcome.kind == "performed", (name, outcome.headline, outcome.words)
        done.add(name)
    return done


def signed_entries(record: Record) -> list[dict]:
    with record.database.read() as tx:
        rows = tx.query("SELECT entry FROM events WHERE kind = 'performed' ORDER BY chain, seq")
    return [e for e in (json.loads(row[0]) for row in rows) if e["signatures"]]


def as_given(record: Record, entry: dict) -> str:
    """The digest of what is signed, without the evidence that the decision itself adds."""
    asked = {f.name for f in record.process.steps[entry["step"]].fields} | {"comment", "late_reason"}
    what = {name: entry[name] for name in ("course", "process", "protocol", "refers_to", "step")}
    what["evidence"] = {k: v for k, v in entry["evidence"].items() if k in asked}
    what["containers"] = [{"id": c["id"], "part": c["part"]} for c in entry["containers"]]
    return hashlib.sha256(canonical(what)).hexdigest()


@pytest.mark.requirement("COI-FLOOR-01", "COI-FLOOR-02", "COI-FLOOR-07", "COI-FLOOR-18")
def test_every_step_of_the_process_is_done_by_scanning(world: tuple[Record, Premises]) -> None:
    record, premises = world
    walks = [
        stories.tell(record, premises, stories.whole, "S-001", bags=3),
        stories.tell(record, premises, stories.out_of_specification, "S-002"),
        stories.tell(record, premises, stories.rejected, "S-003"),
    ]
    shown = [outcome for walk in walks for outcome in walk.outcomes]
    done = held_and_lifted(record, premises, shown).union(*(walk.steps for walk in walks))
    assert done == set(record.process.steps)
    assert len(done) == 80
    if record.database.kind == "sqlite":  # what is shown does not depend on the database
        app = create_app(record)
        assert raw(text for outcome in shown for text in said(app, outcome)) == []

    signed = {entry: digest for walk in walks for entry, digest in walk.shown.items()}
    entries = {e["id"]: e for e in signed_entries(record) if e["step"] not in HOLDS}
    assert signed.keys() == entries.keys()
    wrong = {entries[i]["step"] for i, digest in signed.items() if as_given(record, entries[i]) != digest}
    assert wrong == set(), "what was recorded is not what the summary's digest was of"
