"""A course as JSON text and back, exactly: every field, and the same text for the same course.

Times are text as in the log; there are no floats. Containers and labels have rows of their own, so a course's
text leaves them out; each container keeps as text what its row has no column for. Knows no database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from coi_tracker.course import (
    AccountId,
    Container,
    ContainerId,
    Course,
    Definition,
    Deviation,
    Done,
    EventId,
    Hold,
    Label,
    PlaceId,
    Subject,
    SubjectNumber,
)
from coi_tracker.errors import BrokenPromise
from coi_tracker.storage.types import utc_from_text, utc_from_text_or_none, utc_text, utc_text_or_none
from coi_tracker.vocabulary import (
    ContainerKind,
    ContainerState,
    Disposition,
    HoldBlocks,
    HoldScope,
    LabelState,
    Material,
    Role,
    Severity,
    Standing,
    TissueRoute,
    Treatment,
)

Doc = dict[str, Any]


def text_of(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces. Raises BrokenPromise for a float or a foreign type."""
    refuse_floats(value)
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except TypeError as error:
        raise BrokenPromise(
            expected="JSON values in what a course remembers", came=str(error), do="report this fault of the process"
        ) from error


def refuse_floats(value: object) -> None:
    """Raise BrokenPromise when there is a float anywhere in a JSON value: it would not be signed as it is stored."""
    if isinstance(value, float):
        raise BrokenPromise(
            expected="decimal quantities as text", came=f"the float {value}", do="report this fault of the process"
        )
    if isinstance(value, Mapping):
        for part in value.values():
            refuse_floats(part)
    elif isinstance(value, list | tuple):
        for part in value:
            refuse_floats(part)


def state_text(course: Course) -> str:
    """The course without its chain, seq, head, COI, containers and labels, which are columns and rows."""
    return text_of(
        {
            "process": _definition_doc(course.process),
            "protocol": _definition_doc(course.protocol),
            "subject": _subject_doc(course.subject),
            "site": course.site,
            "facility": course.facility,
            "cohort": course.cohort,
            "route": course.route,
            "manufacture": course.manufacture,
            "material": course.material,
            "disposition": course.disposition,
            "treatment": course.treatment,
            "standing": course.standing,
            "holds": [hold_doc(hold) for hold in course.holds],
            "deviations": [_deviation_doc(deviation) for deviation in course.deviations],
            "done": {step: _done_doc(done) for step, done in course.done.items()},
            "facts": dict(course.facts),
        }
    )


def course_from(
    text: str,
    *,
    chain: str,
    seq: int,
    head: str | None,
    coi: str | None,
    containers: Iterable[Container] = (),
    labels: Iterable[Label] = (),
) -> Course:
    """The course that `state_text` wrote, with its rows put back."""
    doc: Doc = json.loads(text)
    route = doc["route"]
    return Course(
        chain=chain,
        process=Definition(**doc["process"]),
        protocol=Definition(**doc["protocol"]),
        subject=_subject(doc["subject"]),
        coi=coi,
        site=doc["site"],
        facility=doc["facility"],
        cohort=doc["cohort"],
        route=None if route is None else TissueRoute(route),
        manufacture=doc["manufacture"],
        material=Material(doc["material"]),
        disposition=Disposition(doc["disposition"]),
        treatment=Treatment(doc["treatment"]),
        standing=Standing(doc["standing"]),
        containers=MappingProxyType({container.id: container for container in containers}),
        labels=MappingProxyType({label.serial: label for label in labels}),
        holds=tuple(hold_from(hold) for hold in doc["holds"]),
        deviations=tuple(_deviation(deviation) for deviation in doc["deviations"]),
        done=MappingProxyType({step: _done(done) for step, done in doc["done"].items()}),
        facts=MappingProxyType(doc["facts"]),
        seq=seq,
        head=head,
    )


def whole_text(course: Course) -> str:
    """Everything about a course as one text, live labels only: what a rebuilt course is compared by."""
    containers = [container_doc(c) for _, c in sorted(course.containers.items())]
    labels = [label_doc(label) for _, label in sorted(course.labels.items()) if is_live(label.state)]
    place = {"chain": course.chain, "seq": course.seq, "head": course.head, "coi": course.coi}
    return text_of({**place, "state": json.loads(state_text(course)), "containers": containers, "labels": labels})


def is_live(state: LabelState) -> bool:
    """Whether a label in this state still speaks for its container."""
    return state in (LabelState.ISSUED, LabelState.PRINTED, LabelState.VERIFIED, LabelState.APPLIED)


def container_doc(container: Container) -> Doc:
    """All of a container."""
    return {
        "id": container.id,
        "coi": container.coi,
        "kind": container.kind,
        "part": container.part,
        "state": container.state,
        "holder": container.holder,
        "serial": container.serial,
        "position": container.position,
        "rest": container_rest(container),
    }


def container_rest(container: Container) -> Doc:
    """What a container's row has no column for."""
    return {
        "label": container.label,
        "offered_to": container.offered_to,
        "shipper": container.shipper,
        "parents": list(container.parents),
        "cassette": container.cassette,
        "filled_at": utc_text_or_none(container.filled_at),
        "thawed_at": utc_text_or_none(container.thawed_at),
        "verified_at": utc_text_or_none(container.verified_at),
        "verified_by": list(container.verified_by),
        "expires_at": utc_text_or_none(container.expires_at),
    }


def container_from(columns: tuple[str, str | None, str, int, str, str, str, str | None], *, rest: str) -> Container:
    """The container of a row: id, coi, kind, part, state, holder, serial, position; and the text of the rest."""
    key, coi, kind, part, state, holder, serial, position = columns
    doc: Doc = json.loads(rest)
    return Container(
        id=ContainerId(key),
        coi=coi,
        kind=ContainerKind(kind),
        part=int(part),
        state=ContainerState(state),
        serial=serial,
        label=LabelState(doc["label"]),
        holder=PlaceId(holder),
        offered_to=doc["offered_to"],
        shipper=doc["shipper"],
        parents=tuple(doc["parents"]),
        position=position,
        cassette=doc["cassette"],
        filled_at=utc_from_text_or_none(doc["filled_at"]),
        thawed_at=utc_from_text_or_none(doc["thawed_at"]),
        verified_at=utc_from_text_or_none(doc["verified_at"]),
        verified_by=tuple(doc["verified_by"]),
        expires_at=utc_from_text_or_none(doc["expires_at"]),
    )


def label_doc(label: Label) -> Doc:
    """All of a label."""
    return {
        "serial": label.serial,
        "container": label.container,
        "kind": label.kind,
        "state": label.state,
        "replaced_by": label.replaced_by,
    }


def label_from(serial: str, container: str, kind: str, state: str, replaced_by: str | None) -> Label:
    """The label of a row."""
    return Label(serial, ContainerId(container), ContainerKind(kind), LabelState(state), replaced_by)


def hold_doc(hold: Hold) -> Doc:
    """All of a hold."""
    return {
        "id": hold.id,
        "scope": hold.scope,
        "target": hold.target,
        "blocks": list(hold.blocks),
        "placed_by": hold.placed_by,
        "reason": hold.reason,
    }


def hold_from(doc: Mapping[str, Any]) -> Hold:
    """The hold that `hold_doc` wrote."""
    return Hold(
        id=doc["id"],
        scope=HoldScope(doc["scope"]),
        target=doc["target"],
        blocks=tuple(HoldBlocks(word) for word in doc["blocks"]),
        placed_by=AccountId(doc["placed_by"]),
        reason=doc["reason"],
    )


def _definition_doc(definition: Definition) -> Doc:
    return {"key": definition.key, "version": definition.version, "digest": definition.digest}


def _subject_doc(subject: Subject | None) -> Doc | None:
    if subject is None:
        return None
    return {"number": subject.number, "study": subject.study, "site": subject.site}


def _subject(doc: Doc | None) -> Subject | None:
    if doc is None:
        return None
    return Subject(SubjectNumber(doc["number"]), doc["study"], PlaceId(doc["site"]))


def _deviation_doc(deviation: Deviation) -> Doc:
    approvals = list(deviation.approvals)
    return {"id": deviation.id, "about": deviation.about, "severity": deviation.severity, "approvals": approvals}


def _deviation(doc: Doc) -> Deviation:
    approvals = tuple(Role(role) for role in doc["approvals"])
    return Deviation(doc["id"], doc["about"], Severity(doc["severity"]), approvals)


def _done_doc(done: Done) -> Doc:
    return {"at": utc_text(done.at), "event": done.event, "signers": list(done.signers)}


def _done(doc: Doc) -> Done:
    return Done(utc_from_text(doc["at"]), EventId(doc["event"]), tuple(doc["signers"]))
