"""Whether the values of a protocol make sense together: references, days, cohorts without gap or overlap.

Looks at typed values, knows no file. Every check is a generator over a protocol that may have gaps (values
that could not be read): it yields until it meets a gap, so that one wrong value hides few others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise, product

from coi_tracker.protocols.model import (
    Answers,
    Cohort,
    Manufacture,
    NoCohort,
    Protocol,
    RecheckItem,
    Regimen,
    ReleaseTest,
)
from coi_tracker.protocols.problems import Finding, Path
from coi_tracker.vocabulary import TissueRoute

Findings = Iterator[Finding]


def check(protocol: Protocol, *, gaps: bool) -> list[Finding]:
    """Every finding of every check. `gaps`: values are missing because they could not be read."""
    findings: list[Finding] = []
    for ask in CHECKS:
        _collect(ask(protocol), findings, gaps=gaps)
    return findings


def _collect(found: Findings, findings: list[Finding], *, gaps: bool) -> None:
    try:
        findings.extend(found)
    except AttributeError:
        if not gaps:  # without a gap it is a fault of ours
            raise


def _study(protocol: Protocol) -> Findings:
    if protocol.study.nct is None and not protocol.fictitious:
        yield Finding(("study", "nct"), "a registry number, as the study is not fictitious", "none")


def _numbers(protocol: Protocol) -> Findings:
    yield from _positive(("enrolment_limit",), protocol.enrolment_limit)
    yield from _positive(("retention_years",), protocol.retention_years)
    if not 0 < protocol.tps_positive_from <= 100:
        yield Finding(("tps_positive_from",), "more than 0 and at most 100 %", f"{protocol.tps_positive_from} %")


def _planning(protocol: Protocol) -> Findings:
    yield from _positive(("planning", "slot_search_days"), protocol.planning.slot_search_days)
    yield from _positive(("planning", "bed_days"), protocol.planning.bed_days)


def _positive(path: Path, number: int) -> Findings:
    if number < 1:
        yield Finding(path, "a whole number, 1 or more", f"the number {number}")


# --- cohorts and criteria -------------------------------------------------------------------------


def _cohort_references(protocol: Protocol) -> Findings:
    for key, cohort in protocol.cohorts.items():
        path: Path = ("cohorts", key, "manufactures")
        yield from _some(path, cohort.manufactures)
        yield from _references(path, cohort.manufactures, protocol.manufactures)


def _cohort_routes(protocol: Protocol) -> Findings:
    for key, cohort in protocol.cohorts.items():
        if (cohort.route is TissueRoute.RESECTION) != cohort.fit_for_resection:
            yield Finding(
                ("cohorts", key, "route"),
                "resection exactly where fit_for_resection is true",
                f"{cohort.route} with fit_for_resection = {str(cohort.fit_for_resection).lower()}",
            )


def _cohorts_cover(protocol: Protocol) -> Findings:
    """Each of the twelve answers leads to exactly one cohort, or to one gap that is written down."""
    rows: dict[str, Cohort | NoCohort] = dict(protocol.cohorts)
    rows |= {f"no_cohort[{number}]": row for number, row in enumerate(protocol.no_cohort, start=1)}
    for answers in map(Answers._make, product((None, False, True), (True, False), (True, False))):
        names = [name for name, row in rows.items() if row.admits(answers)]
        if len(names) != 1:
            came = "none" if not names else " and ".join(names)
            last = tuple(name for name in names if name in protocol.cohorts)[-1:]
            yield Finding(("cohorts", *last), f"exactly one cohort or no_cohort for {_said(answers)}", came)


def _said(answers: Answers) -> str:
    tps = {None: "unknown TPS", False: "negative TPS", True: "positive TPS"}[answers.positive]
    fit = "fit for resection" if answers.fit_for_resection else "not fit for resection"
    return f"{tps}, {fit}, {'a' if answers.previous_course else 'no'} previous course"


def _criteria(protocol: Protocol) -> Findings:
    yield from _some(("criteria",), protocol.criteria)
    yield from _unique(("criteria",), [criterion.key for criterion in protocol.criteria])
    for position, criterion in enumerate(protocol.criteria):
        yield from _references(("criteria", position, "not_for"), criterion.not_for, protocol.cohorts)


# --- making ---------------------------------------------------------------------------------------


def _process_days(protocol: Protocol) -> Findings:
    for key, manufacture in protocol.manufactures.items():
        yield from _days_in_order(("manufactures", key), manufacture)


def _days_in_order(path: Path, manufacture: Manufacture) -> Findings:
    names = ("day 0", "rapid_expansion_day", "scale_up_day", "harvest_day")
    days = manufacture.process_days
    for before, name, day, earlier in zip(names, names[1:], days[1:], days, strict=False):
        if day <= earlier:
            yield Finding((*path, name), f"a day after {before} ({earlier})", f"the number {day}")
    shortest = min(later - day for day, later in pairwise(days))
    if shortest > 0 and 2 * manufacture.tolerance > timedelta(days=shortest):
        came = f"a tolerance that lets steps {shortest} d apart change places"
        yield Finding((*path, "tolerance"), "at most half the time between two steps", came)


def _containers(protocol: Protocol) -> Findings:
    yield from _at_least_one(("tissue", "jars"), protocol.tissue.jars.low)
    yield from _at_least_one(("tissue", "cores"), protocol.tissue.cores.low)
    yield from _at_least_one(("dose", "bags"), protocol.dose.bags.low)
    for key, manufacture in protocol.manufactures.items():
        for name in ("first_flasks", "rapid_flasks", "scaled_flasks", "bags"):
            yield from _at_least_one(("manufactures", key, name), getattr(manufacture, name).low)
        if manufacture.bags.high > protocol.dose.bags.high:
            path: Path = ("manufactures", key, "bags", "high")
            yield Finding(path, f"at most dose.bags.high ({protocol.dose.bags.high})", f"{manufacture.bags.high}")


def _at_least_one(path: Path, low: int) -> Findings:
    if low < 1:
        yield Finding((*path, "low"), "a whole number, 1 or more", f"the number {low}")


def _release_units(protocol: Protocol) -> Findings:
    for key, test in protocol.release_tests.items():
        yield from _same_unit(("release_tests", key), test)


def _same_unit(path: Path, given: ReleaseTest | RecheckItem) -> Findings:
    if given.unit != given.limit.unit:
        came = f"a limit in {given.limit.unit or 'words'}"
        yield Finding((*path, "limit"), f"a limit with the unit of this entry ({given.unit or 'none'})", came)


# --- treating -------------------------------------------------------------------------------------


def _regimens(protocol: Protocol) -> Findings:
    for key, regimen in protocol.regimens.items():
        path: Path = ("regimens", key, "drugs")
        yield from _some(path, regimen.drugs)
        yield from _unique(path, [drug.key for drug in regimen.drugs])
        yield from _drug_days(path, regimen)


def _drug_days(path: Path, regimen: Regimen) -> Findings:
    for position, drug in enumerate(regimen.drugs):
        here: Path = (*path, position, "days")
        yield from _some(here, drug.days)
        if list(drug.days) != sorted(drug.days) or any(day >= 0 for day in drug.days):
            came = ", ".join(map(str, drug.days))
            yield Finding(here, "days before the infusion (negative numbers), the earliest first", came)
        if drug.quantity.value <= 0:
            yield Finding((*path, position, "dose"), "a dose above 0", str(drug.quantity))


def _last_drug(protocol: Protocol) -> Findings:
    """The drug the infusion is counted from ends every regimen, and the nominal days fit the window."""
    last = protocol.treatment.last_drug
    for key, regimen in protocol.regimens.items():
        yield from _references(("treatment", "last_drug"), [last], [drug.key for drug in regimen.drugs])
        ends = {drug.key: max(drug.days) for drug in regimen.drugs if drug.days}
        if last in ends and ends[last] < max(ends.values()):
            path: Path = ("regimens", key, "drugs")
            yield Finding(path, f"{last} to be given last, as treatment.last_drug says", "a later day of another drug")
        elif last in ends:
            yield from _nominal_gap(protocol, key, ends[last])


def _nominal_gap(protocol: Protocol, regimen: str, last_day: int) -> Findings:
    gap = timedelta(days=-last_day)
    if not protocol.treatment.infusion_not_before <= gap <= protocol.treatment.infusion_not_after:
        yield Finding(
            ("regimens", regimen, "drugs"),
            "a last day that leaves the infusion on day 0 inside the infusion window of treatment",
            f"day {last_day}",
        )


def _infusion_window(protocol: Protocol) -> Findings:
    if protocol.treatment.infusion_not_before >= protocol.treatment.infusion_not_after:
        path: Path = ("treatment", "infusion_not_after")
        yield Finding(path, "a longer time than infusion_not_before", "a shorter or equal one")


def _treatment(protocol: Protocol) -> Findings:
    path: Path = ("treatment",)
    yield from _references((*path, "default_regimen"), [protocol.treatment.default_regimen], protocol.regimens)
    yield from _some((*path, "gate_dispositions"), protocol.treatment.gate_dispositions)


def _recheck(protocol: Protocol) -> Findings:
    path: Path = ("treatment", "recheck")
    yield from _some(path, protocol.treatment.recheck)
    yield from _unique(path, [item.key for item in protocol.treatment.recheck])
    criteria = [criterion.key for criterion in protocol.criteria]
    for position, item in enumerate(protocol.treatment.recheck):
        yield from _same_unit((*path, position), item)
        if item.criterion is not None:
            yield from _references((*path, position, "criterion"), [item.criterion], criteria)


def _il2(protocol: Protocol) -> Findings:
    yield from _positive(("il2", "max_doses"), protocol.il2.max_doses)
    yield from _some(("il2", "stop_reasons"), protocol.il2.stop_reasons)
    if protocol.il2.quantity.value <= 0:
        yield Finding(("il2", "dose"), "a dose above 0", str(protocol.il2.quantity))


def _reasons(protocol: Protocol) -> Findings:
    for name in protocol.reasons.__dataclass_fields__:
        yield from _some(("reasons", name), getattr(protocol.reasons, name))


def _holds(protocol: Protocol) -> Findings:
    for scope, blocks in protocol.holds.default_blocks.items():
        yield from _some(("holds", "default_blocks", scope), blocks)


# --- small questions ------------------------------------------------------------------------------


def _some(path: Path, entries: Sequence[object]) -> Findings:
    if not entries:
        yield Finding(path, "at least one entry", "an empty list")


def _references(path: Path, names: Iterable[str], known: Iterable[str]) -> Findings:
    known = list(known)
    for name in names:
        if name not in known:
            yield Finding(path, f"one of {', '.join(known)}", f'the text "{name}"')


def _unique(path: Path, keys: Sequence[str]) -> Findings:
    for position, key in enumerate(keys):
        if key in keys[:position]:
            yield Finding((*path, position, "key"), "a key no other entry has", f'the text "{key}" again')


CHECKS: tuple[Callable[[Protocol], Findings], ...] = (
    _study,
    _numbers,
    _planning,
    _cohort_references,
    _cohort_routes,
    _cohorts_cover,
    _criteria,
    _process_days,
    _containers,
    _release_units,
    _regimens,
    _last_drug,
    _infusion_window,
    _treatment,
    _recheck,
    _il2,
    _reasons,
    _holds,
)
