"""A print job: a list of labels as it comes from a file or the command line. Knows no outputs and no courses.

Every label is understood before the first is drawn, so that nothing is half printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, LabelSerial, Read, ScanPayload, read_scan, safe_excerpt
from labels.content import LabelContent, Moment
from labels.kinds import CODES, LabelKind, Payload, is_container, kind_named

MOST_LABELS = 10_000
"""Labels in one job. A roll holds fewer."""


class MomentOrder(BaseModel):
    """A time with its offset (RFC 3339), and the IANA zone whose clock is printed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    at: str
    zone: str

    def moment(self) -> Moment:
        """The moment that is meant. Raises NotUnderstood."""
        try:
            return Moment(datetime.fromisoformat(self.at), self.zone)
        except ValueError:
            raise NotUnderstood(
                expected="a time such as 2026-03-14T15:20:00Z",
                came=f"'{safe_excerpt(self.at, 40)}'",
                do="write it so",
            ) from None


class LabelOrder(BaseModel):
    """One label in the words of a file: codes may be in their display form. Unknown keys are refused.

    `serial` and perhaps `coi` for a container, `code` for a station, a badge, or a location.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    kind: str
    site: str
    serial: str | None = None
    coi: str | None = None
    code: str | None = None
    study: str | None = None
    part: int | None = None
    of: int | None = None
    texts: list[str] = []
    done: str | None = None
    when: MomentOrder | None = None
    expiry: MomentOrder | None = None
    storage: str | None = None
    place: str | None = None

    def content(self) -> LabelContent:
        """The label that is ordered. Raises NotUnderstood."""
        kind = kind_named(self.kind)
        return LabelContent(
            self._payload(kind), kind, self.part, self.of, self.study, self.site, tuple(self.texts),
            done=self.done,
            when=self.when.moment() if self.when else None,
            expiry=self.expiry.moment() if self.expiry else None,
            storage=self.storage,
            place=self.place,
        )  # fmt: skip

    def _payload(self, kind: LabelKind) -> Payload:
        needed, needless = ("serial", ("code",)) if is_container(kind) else ("code", ("serial", "coi"))
        if getattr(self, needed) is None or any(getattr(self, name) is not None for name in needless):
            raise NotUnderstood(
                expected=f"a {needed} and no {' or '.join(needless)} for a {kind} label",
                came="something else",
                do="give the codes that belong on this kind of label",
            )
        if self.serial is not None:
            coi = _code(self.coi, (CoiId,), "a COI identifier") if self.coi is not None else None
            return ScanPayload(coi, _code(self.serial, (LabelSerial,), "a label serial"))
        return _code(self.code or "", CODES[kind], f"a code of a {kind}")


_ORDERS = TypeAdapter(list[LabelOrder])


def read_job(text: str | bytes) -> list[LabelContent]:
    """The labels of a JSON list of label orders. Raises NotUnderstood naming the label and the key."""
    try:
        orders = _ORDERS.validate_json(text)
    except ValidationError as error:
        raise _not_a_job(error) from error
    refuse_odd_count(len(orders))
    labels = [_numbered(place, order) for place, order in enumerate(orders, start=1)]
    refuse_doubles(labels)
    return labels


def refuse_odd_count(count: int) -> None:
    """Raises NotUnderstood for no labels at all and for more than a job may have."""
    if not 1 <= count <= MOST_LABELS:
        raise NotUnderstood(
            expected=f"1 to {MOST_LABELS} labels in a job",
            came=f"{count}",
            do="split the job, or correct the count",
        )


def refuse_doubles(labels: Sequence[LabelContent]) -> None:
    """Raises NotUnderstood when a serial occurs twice: a serial is one printed label."""
    seen: set[LabelSerial] = set()
    for label in labels:
        if not isinstance(label.payload, ScanPayload):
            continue
        serial = label.payload.serial
        if serial in seen:
            raise NotUnderstood(
                expected="every label serial once in a job",
                came=f"{serial} twice",
                do="issue a serial for each label",
            )
        seen.add(serial)


def _numbered(place: int, order: LabelOrder) -> LabelContent:
    try:
        return order.content()
    except NotUnderstood as error:
        raise of_label(error, place) from error


def of_label(error: NotUnderstood, place: int) -> NotUnderstood:
    """The same sentence, with the label of a job (counted from 1) that it is about."""
    return NotUnderstood(expected=error.expected, came=f"{error.came} (label {place})", do=error.do)


_Kind = TypeVar("_Kind", bound=Read)


def _code(word: str, kinds: tuple[type[_Kind], ...], expected: str) -> _Kind:
    read = read_scan(word)
    if isinstance(read, kinds):
        return read
    raise NotUnderstood(
        expected=expected,
        came=f"'{safe_excerpt(word)}', a code of another kind",
        do="look at which code is which",
    )


def _not_a_job(error: ValidationError) -> NotUnderstood:
    """The first fault, with its place; what was in the file is not repeated."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = [f"label {part + 1}" if isinstance(part, int) else f"'{safe_excerpt(part, 40)}'" for part in first["loc"]]
    return NotUnderstood(
        expected="a JSON list of labels, as `python -m labels --help` shows",
        came=f"{' '.join(where[:2]) or 'a file'} with this fault: {first['msg']}",
        do="correct the file; nothing was printed",
    )
