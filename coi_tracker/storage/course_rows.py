"""Load a course from its state rows and write back what changed. Knows rows and frozen values, no rule.

Loading takes one statement, whatever the length of the course's history; saving queues its statements, so that all
of a step is written in one trip.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from coi_tracker.course import Container, Course, Label
from coi_tracker.errors import BrokenPromise
from coi_tracker.storage.chains import LockedChain, NewEntry
from coi_tracker.storage.course_codec import (
    container_from,
    container_rest,
    course_from,
    is_live,
    label_from,
    state_text,
    text_of,
)
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_text
from coi_tracker.vocabulary import ContainerKind, ContainerState, LabelState, Material

_LOAD = """
SELECT 'container', id, coi, kind, part, state, holder, serial, position, doc FROM containers WHERE coi = :coi
UNION ALL
SELECT 'label', serial, container, kind, 0, state, replaced_by, NULL, NULL, NULL FROM labels WHERE coi = :coi AND live
ORDER BY 1, 2
"""


def load_course(tx: Transaction, row: LockedChain) -> Course | None:
    """The course of a chain's row: its containers, and the labels that are live. None before its first entry."""
    if row.state is None:
        return None
    rows = [] if row.coi is None else tx.query(_LOAD, coi=row.coi)
    return course_from(
        row.state,
        chain=row.chain,
        seq=row.seq,
        head=row.head,
        coi=row.coi,
        containers=[container_from(r[1:9], rest=r[9]) for r in rows if r[0] == "container"],
        labels=[label_from(r[1], r[2], r[3], r[5], r[6]) for r in rows if r[0] == "label"],
    )


def save_course(tx: Transaction, before: Course | None, after: Course, *, entry: NewEntry) -> None:
    """Queue every row that an entry changed. `before` None: the chain had no entry; `entry` is queued already.

    `after.seq` and `after.head` are those of `entry`. Bookings, suites, shippers and holds are written through
    their own functions.
    """
    if (after.chain, after.seq, after.head) != (entry.chain, entry.seq, entry.digest):
        raise BrokenPromise(
            expected=f"a course whose last entry is {entry.chain} number {entry.seq}",
            came=f"{after.chain} number {after.seq}",
            do="report this fault of the product",
        )
    _save_chain(tx, before, after)
    if after.coi is None:
        return
    _save_columns(tx, before, after, opened_at=_opened_at(after, entry.recorded_at))
    changed = [c for key, c in after.containers.items() if before is None or before.containers.get(key) != c]
    _save_containers(tx, after.coi, changed)
    _save_labels(tx, before, after, entry=entry)
    for container in changed:
        was = None if before is None else before.containers.get(container.id)
        _save_hand_off(tx, was, container, entry=entry)
    _save_infusions(tx, before, changed, entry=entry)


_MOVE = "UPDATE chains SET seq = :seq, head = :head WHERE chain = :chain AND seq = :before"
_CHANGE = """
UPDATE chains SET seq = :seq, head = :head, coi = :coi, state = :state WHERE chain = :chain AND seq = :before
"""


def _save_chain(tx: Transaction, before: Course | None, after: Course) -> None:
    values: dict[str, object] = {
        "chain": after.chain,
        "seq": after.seq,
        "head": after.head,
        "before": 0 if before is None else before.seq,
    }
    state = state_text(after)
    if before is not None and before.coi == after.coi and state_text(before) == state:
        tx.write(_MOVE, values, touching=1)
    else:
        tx.write(_CHANGE, {**values, "coi": after.coi, "state": state}, touching=1)


_SAVE_COLUMNS = """
INSERT INTO courses (coi, chain, study, subject, site, facility, cohort, material, disposition, treatment, standing,
  infused, opened_at)
VALUES (:coi, :chain, :study, :subject, :site, :facility, :cohort, :material, :disposition, :treatment, :standing,
  :infused, :opened_at)
ON CONFLICT (coi) DO UPDATE SET study = excluded.study, subject = excluded.subject, site = excluded.site,
  facility = excluded.facility, cohort = excluded.cohort, material = excluded.material,
  disposition = excluded.disposition, treatment = excluded.treatment, standing = excluded.standing,
  infused = excluded.infused, opened_at = excluded.opened_at
"""


def _save_columns(tx: Transaction, before: Course | None, after: Course, *, opened_at: datetime) -> None:
    columns = course_columns(after, opened_at=opened_at)
    if before is None or before.coi is None or course_columns(before, opened_at=opened_at) != columns:
        tx.write(_SAVE_COLUMNS, columns, touching=1)


def course_columns(course: Course, *, opened_at: datetime) -> dict[str, object]:
    """The values of a course's row: what screens and other courses ask for."""
    if course.subject is None:
        raise BrokenPromise(
            expected=f"a subject for course {course.coi}", came="none", do="report this fault of the process"
        )
    return {
        "coi": course.coi,
        "chain": course.chain,
        "study": course.subject.study,
        "subject": course.subject.number,
        "site": course.site or course.subject.site,
        "facility": course.facility,
        "cohort": course.cohort,
        "material": str(course.material),
        "disposition": str(course.disposition),
        "treatment": str(course.treatment),
        "standing": str(course.standing),
        "infused": was_infused(course),
        "opened_at": utc_text(opened_at),
    }


def was_infused(course: Course) -> bool:
    """Whether any of the product has been given to the patient."""
    bags = (c for c in course.containers.values() if c.kind is ContainerKind.BAG)
    return course.material is Material.INFUSED or any(bag.state is ContainerState.INFUSED for bag in bags)


def _opened_at(course: Course, recorded_at: datetime) -> datetime:
    opened = course.done.get("open_course")
    return opened.at if opened else recorded_at


_SAVE_CONTAINER = """
INSERT INTO containers (id, coi, kind, part, state, holder, serial, position, doc)
VALUES (:id, :coi, :kind, :part, :state, :holder, :serial, :position, :doc)
ON CONFLICT (id) DO UPDATE SET coi = excluded.coi, kind = excluded.kind, part = excluded.part,
  state = excluded.state, holder = excluded.holder, serial = excluded.serial, position = excluded.position,
  doc = excluded.doc
"""


def _save_containers(tx: Transaction, coi: str, changed: Iterable[Container]) -> None:
    containers = list(changed)
    for container in containers:
        if container.coi != coi:
            raise BrokenPromise(
                expected=f"containers of course {coi}",
                came=f"{container.id} of {container.coi}",
                do="report this fault of the process",
            )
    tx.write(_SAVE_CONTAINER, *(container_values(container) for container in containers))
    lineage = [(c.id, parent) for c in containers for parent in c.parents]
    tx.write(
        "INSERT INTO lineage (coi, child, parent) VALUES (:coi, :child, :parent) ON CONFLICT DO NOTHING",
        *({"coi": coi, "child": child, "parent": parent} for child, parent in lineage),
    )


def save_container(tx: Transaction, container: Container) -> None:
    """Queue one container that belongs to no course: a shipper."""
    tx.write(_SAVE_CONTAINER, container_values(container))


def container_values(container: Container) -> dict[str, object]:
    """The values of a container's row."""
    return {
        "id": container.id,
        "coi": container.coi,
        "kind": str(container.kind),
        "part": container.part,
        "state": str(container.state),
        "holder": container.holder,
        "serial": container.serial,
        "position": container.position,
        "doc": text_of(container_rest(container)),
    }


_ISSUE = """
INSERT INTO label_issues (serial, container, coi, kind, event_id, issued_at)
VALUES (:serial, :container, :coi, :kind, :event_id, :issued_at)
"""
_SAVE_LABEL = """
INSERT INTO labels (serial, container, coi, kind, state, live, replaced_by)
VALUES (:serial, :container, :coi, :kind, :state, :live, :replaced_by)
ON CONFLICT (serial) DO UPDATE SET container = excluded.container, coi = excluded.coi, kind = excluded.kind,
  state = excluded.state, live = excluded.live, replaced_by = excluded.replaced_by
"""


_ISSUE_UNLESS_THERE = """
INSERT INTO label_issues (serial, container, coi, kind, event_id, issued_at)
SELECT :serial, :container, :coi, :kind, :event_id, :issued_at
WHERE NOT EXISTS (SELECT 1 FROM label_issues WHERE serial = :serial AND container = :container)
"""


def _save_labels(tx: Transaction, before: Course | None, after: Course, *, entry: NewEntry) -> None:
    """A course is loaded without its dead labels, so one that was not there may be new or come back changed.

    What comes as issued is new, and the database refuses its serial if it was ever given before.
    """
    known = {} if before is None else before.labels
    changed = [label for serial, label in after.labels.items() if known.get(serial) != label]
    not_there = [label for label in changed if label.serial not in known]
    new = [label for label in not_there if label.state is LabelState.ISSUED]
    issue_labels(tx, new, coi=after.coi, entry=entry)
    others = [label for label in not_there if label.state is not LabelState.ISSUED]
    tx.write(_ISSUE_UNLESS_THERE, *(_issue_values(label, after.coi, entry) for label in others))
    save_labels(tx, changed, coi=after.coi)


def issue_labels(tx: Transaction, labels: Iterable[Label], *, coi: str | None, entry: NewEntry) -> None:
    """Queue serials given for the first time. A serial that was ever given is refused: Conflict pk_label_issues."""
    tx.write(_ISSUE, *(_issue_values(label, coi, entry) for label in labels))


def _issue_values(label: Label, coi: str | None, entry: NewEntry) -> dict[str, object]:
    return {
        "serial": label.serial,
        "container": label.container,
        "coi": coi,
        "kind": str(label.kind),
        "event_id": entry.id,
        "issued_at": utc_text(entry.recorded_at),
    }


def save_labels(tx: Transaction, labels: Iterable[Label], *, coi: str | None) -> None:
    """Queue the states of issued labels; those that died first, so that a reprint takes their place."""
    ordered = sorted(labels, key=lambda label: is_live(label.state))
    tx.write(_SAVE_LABEL, *(label_values(label, coi=coi) for label in ordered))


def label_values(label: Label, *, coi: str | None) -> dict[str, object]:
    """The values of a label's row."""
    return {
        "serial": label.serial,
        "container": label.container,
        "coi": coi,
        "kind": str(label.kind),
        "state": str(label.state),
        "live": is_live(label.state),
        "replaced_by": label.replaced_by,
    }


def _save_hand_off(tx: Transaction, was: Container | None, now: Container, *, entry: NewEntry) -> None:
    """An offer that ended is closed, a new one opened: one open hand-off of a container at most."""
    offered = None if was is None else was.offered_to
    if offered == now.offered_to:
        return
    if offered is not None:
        tx.write(
            "UPDATE hand_offs SET closed_event = :event WHERE container = :container AND closed_event IS NULL",
            {"container": now.id, "event": entry.id},
            touching=1,
        )
    if now.offered_to is not None:
        tx.write(
            "INSERT INTO hand_offs (container, opened_event, from_place, to_place) "
            "VALUES (:container, :event, :from_place, :to_place)",
            {"container": now.id, "event": entry.id, "from_place": now.holder, "to_place": now.offered_to},
        )


def _save_infusions(tx: Transaction, before: Course | None, changed: Iterable[Container], *, entry: NewEntry) -> None:
    """A bag that became infused is written down once and for ever: a second time is a Conflict, pk_infusions."""
    known = {} if before is None else before.containers
    given = [c for c in changed if c.state is ContainerState.INFUSED and not _infused(known.get(c.id))]
    tx.write(
        "INSERT INTO infusions (container, coi, event_id) VALUES (:container, :coi, :event)",
        *({"container": bag.id, "coi": bag.coi, "event": entry.id} for bag in given),
    )


def _infused(container: Container | None) -> bool:
    return container is not None and container.state is ContainerState.INFUSED
