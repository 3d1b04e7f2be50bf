"""A print job: a list of labels as it comes from a file or the command line. Knows no outputs and no courses.

Every label is understood before the first is drawn, so that nothing is half printed.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, LabelSerial, ScanPayload, read_scan, safe_excerpt
from labels.content import LabelContent
from labels.template import kind_named

MOST_LABELS = 10_000
"""Labels in one job. A roll holds fewer."""


class LabelOrder(BaseModel):
    """One label in the words of a file: codes may be in their display form. Unknown keys are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    kind: str
    serial: str
    study: str
    site: str
    coi: str | None = None
    part: int | None = None
    of: int | None = None
    texts: list[str] = []

    def content(self) -> LabelContent:
        """The label that is ordered. Raises NotUnderstood."""
        payload = ScanPayload(coi=_coi(self.coi) if self.coi is not None else None, serial=_serial(self.serial))
        kind = kind_named(self.kind)
        return LabelContent(payload, kind, self.part, self.of, self.study, self.site, tuple(self.texts))


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
        raise NotUnderstood(expected=error.expected, came=f"{error.came} (label {place})", do=error.do) from error


def _coi(word: str) -> CoiId:
    read = read_scan(word)
    if isinstance(read, CoiId):
        return read
    raise _other_kind("a COI identifier", word)


def _serial(word: str) -> LabelSerial:
    read = read_scan(word)
    if isinstance(read, LabelSerial):
        return read
    raise _other_kind("a label serial", word)


def _other_kind(expected: str, word: str) -> NotUnderstood:
    return NotUnderstood(
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
