"""What the API takes and gives, as types: the schema of the API is made from these, and every answer is held to it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from coi_tracker.course import Container, Deviation, Hold
from coi_tracker.services.floor.screen import Offer, Sighting
from coi_tracker.services.plan_lines import PlanLine
from coi_tracker.services.queries import CourseLine, HandOff, LabelLine
from coi_tracker.vocabulary import HowRead, PlaceKind


class Given(BaseModel):
    """What comes in: nothing but the fields that are known."""

    model_config = ConfigDict(extra="forbid", str_max_length=4096)


Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text without control characters: PostgreSQL takes no zero byte, not even to compare."""


class Told(BaseModel):
    """What goes out."""

    model_config = ConfigDict(from_attributes=True)


class ProblemOut(Told):
    """A failure (RFC 9457)."""

    type: str = Field(description="which problem: /api/v1/docs# and one of the words listed under Problems")
    title: str
    status: int = Field(description="the HTTP status again")
    detail: str = Field(description="the three that follow, in one sentence")
    expected: str
    came: str = Field(description="in our words; what was sent is not repeated")
    do: str = Field(description="what to do next")


class ReasonOut(Told):
    """Why an attempt was refused; the codes are those of docs/reasons.md."""

    code: str = Field(description="of the closed list, e.g. wrong_state; programs decide by this")
    title: str
    expected: str
    observed: str
    do: str = Field(description="what the person does next, to be shown as it is")


class AttemptOut(Told):
    """What became of an attempt. `entry` is the exact text in the custody log, null where it may not be shown."""

    decision: Literal["performed", "refused"]
    id: str = Field(description="of the attempt, and of its entry in the log")
    step: str
    course: str | None
    chain: str | None = Field(description="the chain of the log it was written to")
    seq: int | None = Field(description="its number in that chain, from 1")
    recorded_at: str | None = Field(description="when, by the clock of the server, in UTC")
    replayed: bool = Field(description="true: recorded before under this id, and this is that answer")
    reasons: list[ReasonOut]
    entry: str | None


class RefusedOut(ProblemOut, AttemptOut):
    """A refusal: kept in the log, with all of its reasons."""


class ScanIn(Given):
    """One code as a reader sent it, or as it was typed."""

    code: str = Field(max_length=4096, description="what the reader sent, unchanged")
    by: HowRead = Field(HowRead.SCANNED, description="whether a reader read it or a person typed it")
    station: Line | None = Field(None, max_length=40, description="the station; a station's own token needs none")


class ScanOut(Told):
    """What a scan is. `offers` are the steps that the person signed in could do; empty when nobody is."""

    sighting: Sighting
    offers: tuple[Offer, ...]


class SignInIn(Given):
    """Somebody proves who she is."""

    account: Line = Field(min_length=1, max_length=200, description="an account id, or the code of a badge")
    password: str = Field(min_length=1, max_length=1000)
    code: str | None = Field(None, max_length=40, description="the second factor, where one is set up")


class SignInOut(Told):
    """A session: `person` goes into the header COI-Person. It locks when nobody was there for `idle_minutes`."""

    account: str
    name: str
    person: str = Field(description="for the header COI-Person, through this token only; keep it in memory only")
    idle_minutes: int = Field(description="minutes without a request until the session locks")
    failures_before: int = Field(description="wrong passwords since this person was last signed in: show it")


class PageIn(Given):
    """A page of a list, from 1."""

    page: int = Field(1, ge=1, le=1_000_000, description="which page, from 1; beyond the last is the last")


class CoursesIn(PageIn):
    """Which courses. `search`: the start of a COI or of a subject number."""

    search: Line | None = Field(None, max_length=60, description="the start of a COI or of a subject number")
    site: Line | None = Field(None, max_length=40, description="the id of a site, see GET /places")
    standing: Literal["active", "on_hold", "withdrawn", "terminated", "closed"] | None = Field(
        None, description="whether work may go on: only courses that stand so"
    )


class CoursesOut(Told):
    """A page of courses, the newest first."""

    courses: tuple[CourseLine, ...]
    page: int
    pages: int
    total: int


class CourseOut(Told):
    """One course as it is now. `entries` is the number of the last entry of its chain, `head` its digest."""

    coi: str
    study: str
    subject: str | None
    site: str | None
    facility: str | None
    cohort: str | None
    route: str | None
    manufacture: str | None
    material: str
    disposition: str
    treatment: str
    standing: str
    opened_at: datetime
    entries: int
    head: str | None
    containers: list[Container]
    hand_offs: tuple[HandOff, ...]
    holds: tuple[Hold, ...]
    deviations: tuple[Deviation, ...]


class LabelsOut(Told):
    """Every label that was ever issued for a course."""

    coi: str
    labels: tuple[LabelLine, ...]


class ChainIn(Given):
    """Which entries of a course: from number `up_to` (none: the last) backwards, `most` of them."""

    up_to: int | None = Field(None, ge=1, le=10**12, description="the number to begin at, backwards; none: the last")
    most: int = Field(100, ge=1, le=100, description="entries at most")


class ChainEntry(Told):
    """An entry of a chain: `text` is exact, `digest` is the SHA-256 of a zero byte and it."""

    seq: int
    digest: str
    text: str


class ChainOut(Told):
    """Entries of a course, the newest first. `older`: the number to go on from, null at the beginning."""

    coi: str
    last: int
    older: int | None
    entries: list[ChainEntry]


class EntriesIn(Given):
    """Which part of the log: from log index `start` on."""

    start: int = Field(0, ge=0, le=10**12, description="the log index to begin at; go on with `next` of the answer")
    most: int = Field(100, ge=1, le=500, description="entries at most")


class LogEntryOut(Told):
    """An entry in the order of the log: `text` is exact, `digest` is the SHA-256 of a zero byte and it."""

    index: int
    chain: str
    seq: int
    digest: str
    text: str


class EntriesOut(Told):
    """Entries in the order of the log. Go on with `start` = `next` while `next` is below `size`.

    Entries that this token may not see leave gaps in `index`. What was recorded a moment ago follows seconds later.
    """

    entries: list[LogEntryOut]
    next: int
    size: int


class PlaceOut(Told):
    """A site, facility, courier or office."""

    id: str
    kind: PlaceKind
    name: str
    country: str = Field(description="ISO 3166, two letters")
    zone: str = Field(description="IANA time zone, in which its days are counted")
    daily_capacity: int = Field(description="courses it can work on in a day")


class PlacesOut(Told):
    """The places of this token; all of them for the sponsor's."""

    places: list[PlaceOut]


class PlansOut(Told):
    """What is planned for courses, the newest first."""

    plans: tuple[PlanLine, ...]
    page: int
    pages: int
    total: int


_WAYS = (("course",), ("site",), ("since",), ("until",), ("since", "until"), ("everything",))


def _alone(*names: str) -> Any:
    """Of the ways to choose what is exported, this one and no other."""
    ways = {"course": "string", "site": "string", "since": "string", "until": "string"}
    chosen = {name: {"type": kind if name in names else "null"} for name, kind in ways.items()}
    everything = {"const": "everything" in names}
    return {"required": list(names), "properties": {**chosen, "everything": everything}}


class ExportIn(Given):
    """What to export: a course, or a site, or a period of recording (`until` excluded), or (`everything`) all."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_alone(*one) for one in _WAYS]})

    course: Line | None = Field(None, max_length=60, description="a COI")
    site: Line | None = Field(None, max_length=40, description="the id of a site")
    since: date | None = Field(None, description="the first day, YYYY-MM-DD in UTC")
    until: date | None = Field(None, description="the day after the last, YYYY-MM-DD in UTC")
    everything: bool = Field(False, description="the whole log; for a token of the sponsor")


class HealthOut(Told):
    """Whether the record can be read."""

    status: Literal["ok"]
    entries: int = Field(description="how many the log holds, those included that wait for their place")


class LetterOut(Told):
    """What a letter of a webhook tells: that there is an entry, and where. What it holds is read with the token."""

    chain: str = Field(description="of the log; of people only the kind: subject or account")
    course: str | None = Field(description="its COI, if it is about a course")
    digest: str = Field(description="of the entry: SHA-256 of a zero byte and its text, in hex")
    entry: str = Field(description="the id of the entry; of a step, the id of its attempt")
    index: int = Field(description="its place in the log: GET /entries?start=<index>&most=1 reads it")
    kind: Literal["performed", "refused", "label_printed"]
    recorded_at: str = Field(description="when, in UTC")
    step: str | None
