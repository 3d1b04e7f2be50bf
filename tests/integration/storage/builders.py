"""Small worlds for the tests of storage: entries that follow each other, courses, containers, labels."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from coi_tracker.course import (
    AccountId,
    Container,
    ContainerId,
    Course,
    Definition,
    Hold,
    Label,
    PlaceId,
    Subject,
    SubjectNumber,
)
from coi_tracker.storage import holdings, log_store, registry
from coi_tracker.storage.chains import NewEntry, SignedBy, append_entry, lock_chain, move_head
from coi_tracker.storage.course_rows import load_course, save_course
from coi_tracker.storage.database import Database
from coi_tracker.storage.log_store import Checkpoint, LogKey
from coi_tracker.storage.registry import Account, AccountRole, Place, ReleasedProtocol, Station, Study
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import (
    ContainerKind,
    ContainerState,
    HoldBlocks,
    HoldScope,
    LabelState,
    Meaning,
    PlaceKind,
    Role,
)

ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize(
    "database_kind", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
TIL = Definition("til", "1", "d1")
PROTOCOL = Definition("S", "1", "p1")
_numbers = itertools.count(1)


def an_entry(chain: str, after: NewEntry | None = None, *, seq: int = 1, prev: str | None = None, **also) -> NewEntry:
    """An entry that follows another, or stands where it is told to."""
    key = f"event-{next(_numbers):06d}"
    text = f'{{"id":"{key}"}}'
    values = {
        "id": key,
        "chain": chain,
        "seq": seq if after is None else after.seq + 1,
        "prev": prev if after is None else after.digest,
        "digest": hashlib.sha256(b"\x00" + text.encode()).hexdigest(),
        "kind": "performed",
        "step": "a_step",
        "coi": chain.removeprefix("course/") if chain.startswith("course/") else None,
        "recorded_at": NOW + timedelta(seconds=int(key[-6:])),
        "entry": text,
    }
    return NewEntry(**{**values, **also})


def signed(*accounts: str) -> tuple[SignedBy, ...]:
    return tuple(SignedBy(account, Meaning.PERFORMED, NOW, "a" * 64) for account in accounts)


def a_container(coi: str, kind: ContainerKind, part: int, **also) -> Container:
    """A container of a course, labelled and filled, at the facility."""
    key = ContainerId(f"{coi}/{kind}/{part}")
    serial = also.pop("serial", f"L-{coi}-{kind}-{part}")
    values = {"state": ContainerState.FILLED, "label": LabelState.APPLIED, "holder": PlaceId("fac")}
    return Container(id=key, coi=coi, kind=kind, part=part, serial=serial, **{**values, **also})


def its_label(container: Container, state: LabelState = LabelState.ISSUED) -> Label:
    return Label(container.serial, container.id, container.kind, state)


def a_course(coi: str, *, subject: str = "001") -> Course:
    return Course(
        chain=f"course/{coi}",
        process=TIL,
        protocol=PROTOCOL,
        subject=Subject(SubjectNumber(subject), "S", PlaceId("site")),
        coi=coi,
        site=PlaceId("site"),
        facility=PlaceId("fac"),
    )


def with_containers(course: Course, *containers: Container) -> Course:
    for container in containers:
        course = course.with_container(container).with_label(its_label(container))
    return course


def next_step(tx: Transaction, chain: str, change=lambda course: course, **also) -> tuple[Course, NewEntry]:
    """One step on a course that is there: lock, load, append, save."""
    row = lock_chain(tx, chain)
    assert row is not None
    before = load_course(tx, row)
    assert before is not None
    entry = an_entry(chain, seq=row.seq + 1, prev=row.head, **also)
    after = replace(change(before), seq=entry.seq, head=entry.digest)
    append_entry(tx, entry)
    save_course(tx, before, after, entry=entry)
    return after, entry


def open_course(tx: Transaction, course: Course, **also) -> tuple[Course, NewEntry]:
    """The first step of a course."""
    lock_chain(tx, course.chain, create=True)
    entry = an_entry(course.chain, **also)
    after = replace(course, seq=1, head=entry.digest)
    append_entry(tx, entry)
    save_course(tx, None, after, entry=entry)
    return after, entry


def record_alone(tx: Transaction, chain: str, **also) -> NewEntry:
    """An entry in a chain that holds no course."""
    row = lock_chain(tx, chain, create=True)
    assert row is not None
    entry = an_entry(chain, seq=row.seq + 1, prev=row.head, **also)
    append_entry(tx, entry)
    move_head(tx, row, entry)
    return entry


def writing(db: Database, work: Callable[[Transaction], object]) -> None:
    """One transaction that does this much."""
    with db.write() as tx:
        work(tx)


def furnish(db: Database) -> None:
    """A study with two subjects, places, people, lots: what the record refers to."""
    with db.write() as tx:
        registry.put_places(
            tx,
            [
                Place(PlaceId("site"), PlaceKind.SITE, "Site", "CH", "Europe/Zurich"),
                Place(PlaceId("fac"), PlaceKind.FACILITY, "Facility", "DE", "Europe/Berlin", 2),
            ],
        )
        registry.add_account(tx, Account(AccountId("ann"), "Ann", "hash", "B1"))
        registry.add_account(tx, Account(AccountId("bob"), "Bob", "hash", "B2"))
        registry.give_roles(tx, [AccountRole(AccountId("ann"), Role.OPERATOR, PlaceId("fac"), date(2027, 1, 1))])
        registry.put_stations(tx, [Station("ST1", PlaceId("fac"), "Bench")])
        registry.put_study(tx, Study("S", "A study", True, 3))
        registry.release_protocol(tx, ReleasedProtocol("S", PROTOCOL, "text", NOW))
        for number in ("001", "002"):
            entry = record_alone(tx, f"subject/{number}")
            subject = Subject(SubjectNumber(number), "S", PlaceId("site"))
            holdings.register_subject(tx, subject, event=entry.id)


def fill(db: Database) -> None:
    """Two courses with containers, labels, lineage, an infusion; a shipper; a log with a checkpoint."""
    with db.write() as tx:
        flask = a_container("C1", ContainerKind.FLASK, 1, position="suite-1")
        bag = a_container("C1", ContainerKind.BAG, 1, parents=(flask.id,))
        spent = a_container("C1", ContainerKind.BAG, 2, state=ContainerState.INFUSED)
        offered = a_container("C1", ContainerKind.BAG, 3, offered_to=PlaceId("site"))
        open_course(tx, with_containers(a_course("C1"), flask, bag, spent, offered), signatures=signed("ann", "bob"))
        open_course(tx, with_containers(a_course("C2", subject="002"), a_container("C2", ContainerKind.FLASK, 1)))
        next_step(tx, "course/C1")
        entry = record_alone(tx, "place/fac")
        shipper = Container(
            id=ContainerId("shipper/X1"), coi=None, kind=ContainerKind.SHIPPER, part=1, state=ContainerState.STORED,
            serial="L-X1", label=LabelState.APPLIED, holder=PlaceId("fac"), expires_at=NOW,
        )  # fmt: skip
        holdings.register_shipper(tx, shipper, home="fac", entry=entry)
        holdings.load_shipper(tx, shipper.id, coi="C1", event=entry.id)
        holdings.book(tx, "C1", facility="fac", day=date(2026, 3, 2), position=1, purpose="receipt")
        holdings.claim_suite(tx, "suite-1", coi="C1", instead_of=None)
        holdings.place_hold(tx, a_hold("h1", HoldScope.PLACE, "fac"), event=entry.id)
    with db.write() as tx:
        waiting = log_store.take_unsequenced(tx, limit=3)
        log_store.add_positions(tx, waiting, first_index=0)
        log_store.add_nodes(tx, [(0, 0, b"x" * 32)])
        log_store.add_checkpoint(tx, Checkpoint(3, "coi.example", "note", NOW))
        log_store.add_log_key(tx, LogKey("coi.example+1+x", "coi.example", 0, None))


def a_hold(key: str, scope: HoldScope, target: str) -> Hold:
    return Hold(key, scope, target, (HoldBlocks.RELEASE,), AccountId("ann"), "why")
