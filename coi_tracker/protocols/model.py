"""What a trial protocol says, as frozen values: the limits every rule of the process asks for by path.

Knows no file, no step and no course. An attribute's annotation carries the units its text may have in the
file and, where it differs, its key there; `reading.py` interprets both. Attributes are the contract with the
process definition (`protocol.tissue.transport_range`): adding one is easy, renaming one means a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, is_dataclass
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple

from coi_tracker.protocols.canonical import digest_of
from coi_tracker.protocols.making import (
    MANUFACTURE_STEPS,
    Dose,
    Manufacture,
    Product,
    ReleaseTest,
    Tissue,
)
from coi_tracker.protocols.quantities import CountRange, Limit, Quantity, Range, Table, Window
from coi_tracker.protocols.running import Clock, Holds, Labels, Planning, Reasons, Sources
from coi_tracker.protocols.shapes import Name, Names, Pattern, Percent
from coi_tracker.protocols.treating import Drug, Il2, RecheckItem, Regimen, Treatment
from coi_tracker.vocabulary import TissueRoute

__all__ = [
    "MANUFACTURE_STEPS",
    "Answers",
    "Clock",
    "Cohort",
    "CountRange",
    "Criterion",
    "Dose",
    "Drug",
    "Holds",
    "Il2",
    "Labels",
    "Limit",
    "Manufacture",
    "NoCohort",
    "Planning",
    "Product",
    "Protocol",
    "Quantity",
    "Range",
    "Reasons",
    "RecheckItem",
    "Regimen",
    "ReleaseTest",
    "Sources",
    "StudyIds",
    "Table",
    "Tissue",
    "Treatment",
    "Window",
]

Tps = Literal["negative_or_unknown", "positive", "any"]


@dataclass(frozen=True, slots=True)
class StudyIds:
    """How registries and the sponsor call the study; a fictitious study has no registry numbers."""

    sponsor_protocol: str
    nct: Annotated[str, Pattern(r"NCT\d{8}", "a ClinicalTrials.gov number such as NCT01234567")] | None
    eudract: Annotated[str, Pattern(r"\d{4}-\d{6}-\d{2}", "a EudraCT number such as 2020-001234-56")] | None
    sponsor: str


class Answers(NamedTuple):
    """What decides the cohort. `positive` is None where no tumour proportion score is on record."""

    positive: bool | None
    fit_for_resection: bool
    previous_course: bool


@dataclass(frozen=True, slots=True)
class Cohort:
    """One cohort and the three answers that lead to it."""

    key: str
    title: str
    tps: Tps
    fit_for_resection: bool
    previous_course: bool
    route: TissueRoute
    manufactures: Names

    def admits(self, answers: Answers) -> bool:
        """Whether the answers lead here."""
        return _admits(self, answers)


@dataclass(frozen=True, slots=True)
class NoCohort:
    """Answers for which the study deliberately has no cohort, and why: a gap nobody wrote down is refused."""

    tps: Tps
    fit_for_resection: bool
    previous_course: bool
    why: str

    def admits(self, answers: Answers) -> bool:
        """Whether the answers fall into this gap."""
        return _admits(self, answers)


def _admits(row: Cohort | NoCohort, answers: Answers) -> bool:
    if row.tps != "any" and (row.tps == "positive") != (answers.positive is True):
        return False
    return (row.fit_for_resection, row.previous_course) == (
        answers.fit_for_resection,
        answers.previous_course,
    )


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that must hold (inclusion) or must not (exclusion) before a subject may enter.

    `waivable`: the medical monitor may agree to go on without it. `may_be_outstanding`: the course may be
    opened before it is met; the lymphodepletion gate asks for it. `not_for`: cohorts it is not for.
    """

    key: Name
    text: str
    inclusion: bool
    waivable: bool
    may_be_outstanding: bool
    not_for: Names


@dataclass(frozen=True, slots=True)
class Protocol:
    """One version of one study's protocol; `digest` is the SHA-256 (hex) of its values, comments left out."""

    key: Name
    version: str
    title: str
    fictitious: bool
    enrolment_limit: int
    retention_years: int
    tps_positive_from: Percent
    specification_version: str
    study: StudyIds
    cohorts: Table[Cohort]
    no_cohort: tuple[NoCohort, ...]
    criteria: tuple[Criterion, ...]
    tissue: Tissue
    manufactures: Table[Manufacture]
    release_tests: Table[ReleaseTest]
    dose: Dose
    product: Product
    treatment: Treatment
    regimens: Table[Regimen]
    il2: Il2
    reasons: Reasons
    labels: Labels
    planning: Planning
    clock: Clock
    holds: Holds
    sources: Sources
    digest: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest_of(self))

    def __hash__(self) -> int:
        return hash(self.digest)

    def cohort_for(self, *, tps_percent: Decimal | None, fit_for_resection: bool, previous_course: bool) -> str | None:
        """The one cohort the answers lead to, or None where the study has none.

        `tps_percent` is the tumour proportion score before checkpoint treatment, 0 to 100; None where none is
        on record. Raises ValueError for a score that cannot be one.
        """
        answers = Answers(self._is_positive(tps_percent), fit_for_resection, previous_course)
        return next((cohort.key for cohort in self.cohorts.values() if cohort.admits(answers)), None)

    def _is_positive(self, tps_percent: Decimal | None) -> bool | None:
        if tps_percent is None:
            return None
        if not tps_percent.is_finite() or not 0 <= tps_percent <= 100:
            raise ValueError(f"a tumour proportion score from 0 to 100 % was expected, {tps_percent} came")
        return tps_percent >= self.tps_positive_from

    def criterion(self, key: str) -> Criterion:
        """The criterion of that key. Raises KeyError."""
        for criterion in self.criteria:
            if criterion.key == key:
                return criterion
        raise KeyError(key)

    def criteria_for(self, cohort: str) -> tuple[Criterion, ...]:
        """The criteria that apply to a cohort, in the order of the file."""
        return tuple(criterion for criterion in self.criteria if cohort not in criterion.not_for)

    def at(self, path: str) -> object:
        """The value at a dotted path of attributes and table keys, e.g. `manufactures.gen2_22_day.bags`.

        Raises KeyError for a path that leads nowhere.
        """
        value: object = self
        for name in path.split("."):
            value = _step_into(value, name)
        return value


def _step_into(value: object, name: str) -> object:
    """One name further: a table's key, the `key` of an entry of a list, or an attribute. Raises KeyError."""
    if isinstance(value, Table):
        return value[name]
    if isinstance(value, tuple):
        return {getattr(entry, "key", None): entry for entry in value}[name]
    if not is_dataclass(value) or name.startswith("_") or not hasattr(value, name):
        raise KeyError(name)
    return getattr(value, name)
