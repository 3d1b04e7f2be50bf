"""The shipped protocol files say what the trial record says, and mark what nobody has confirmed."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from coi_tracker.protocols import Protocol, builtin, builtin_keys, differences
from coi_tracker.protocols.lines import KeyLines
from coi_tracker.protocols.model import Clock, Dose, Il2, Planning, Product, RecheckItem, Tissue
from coi_tracker.vocabulary import ContainerKind, Disposition, HoldBlocks, TissueRoute
from tests.unit.protocols.toml_text import shipped


def hours(number: int) -> timedelta:
    return timedelta(hours=number)


@pytest.fixture
def trial() -> Protocol:
    return builtin("iov_lun_202")


@pytest.mark.requirement("COI-PROT-01")
def test_the_trial_has_its_identifiers_and_its_enrolment(trial: Protocol) -> None:
    assert trial.key == "iov_lun_202"
    assert trial.study.nct == "NCT04614103"
    assert trial.study.eudract == "2020-003629-45"
    assert trial.study.sponsor_protocol == "IOV-LUN-202"
    assert trial.enrolment_limit == 95
    assert trial.fictitious is False


SCORES = (None, "0", "0.5", "0.99", "1", "1.0", "49", "100")
NEGATIVE_OR_UNKNOWN = (None, "0", "0.5", "0.99")


def cohort_of_the_record(tps: str | None, fit_for_resection: bool, previous_course: bool) -> str | None:
    """The record's rule in words: retreatment by resection only; no surgery, cohort 3; else by the score."""
    if previous_course:
        return "retreatment" if fit_for_resection else None
    if not fit_for_resection:
        return "cohort_3"
    return "cohort_1" if tps in NEGATIVE_OR_UNKNOWN else "cohort_2"


@pytest.mark.requirement("COI-PROT-02")
@pytest.mark.parametrize("answers", list(product(SCORES, (True, False), (True, False))))
def test_every_answer_leads_to_the_cohort_of_the_record(trial: Protocol, answers) -> None:
    tps, fit, previous = answers
    percent = None if tps is None else Decimal(tps)
    cohort = trial.cohort_for(tps_percent=percent, fit_for_resection=fit, previous_course=previous)
    assert cohort == cohort_of_the_record(*answers)


@pytest.mark.parametrize("tps", ["-1", "100.1", "NaN", "Infinity"])
def test_a_score_that_cannot_be_one_is_not_understood(trial: Protocol, tps: str) -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        trial.cohort_for(tps_percent=Decimal(tps), fit_for_resection=True, previous_course=False)


@pytest.mark.requirement("COI-PROT-03")
def test_only_the_upper_age_may_be_waived_and_only_progression_may_be_outstanding(trial: Protocol) -> None:
    assert [criterion.key for criterion in trial.criteria if criterion.waivable] == ["age_up_to_70"]
    outstanding = [criterion.key for criterion in trial.criteria if criterion.may_be_outstanding]
    assert outstanding == ["documented_progression"]


@pytest.mark.requirement("COI-PROT-03")
def test_earlier_cell_therapy_excludes_everywhere_but_in_the_retreatment_cohort(trial: Protocol) -> None:
    for cohort in trial.cohorts:
        keys = [criterion.key for criterion in trial.criteria_for(cohort)]
        assert ("prior_cell_therapy" in keys) == (cohort != "retreatment")
        assert "organ_transplant" in keys
    assert trial.criterion("prior_cell_therapy").inclusion is False
    with pytest.raises(KeyError):
        trial.criterion("unheard_of")


@pytest.mark.requirement("COI-PROT-04")
def test_routes_and_processes_follow_the_cohort(trial: Protocol) -> None:
    assert trial.manufactures["gen2_22_day"].process_days == (0, 11, 16, 22)
    assert trial.manufactures["gen3_16_day"].process_days == (0, 7, 11, 16)
    for key, cohort in trial.cohorts.items():
        biopsy = key == "cohort_3"
        assert cohort.route is (TissueRoute.CORE_BIOPSY if biopsy else TissueRoute.RESECTION)
        assert cohort.manufactures == (("gen3_16_day",) if biopsy else ("gen2_22_day",))


@pytest.mark.requirement("COI-PROT-05")
def test_windows_doses_and_limits_are_those_written_down(trial: Protocol) -> None:
    assert trial.tissue.transport_range.contains(Decimal(2))
    assert not trial.tissue.transport_range.contains(Decimal("8.1"))
    assert not trial.tissue.transport_range.contains(Decimal("NaN"))
    assert trial.tissue.time_to_culture == hours(48)
    assert trial.tissue.lesion_size.low == 15
    assert str(trial.dose.viable_cells) == "7500000000 to 72000000000 cells"
    assert trial.product.storage_range.contains(Decimal("-196"))
    assert not trial.product.storage_range.contains(Decimal("-149.9"))
    assert trial.product.thaw_limit == timedelta(minutes=180)
    assert (trial.treatment.infusion_not_before, trial.treatment.infusion_not_after) == (hours(24), hours(96))
    assert trial.clock.tolerance == timedelta(minutes=2)
    assert trial.retention_years == 30


@pytest.mark.requirement("COI-PROT-05")
def test_the_regimen_and_il2_are_those_written_down(trial: Protocol) -> None:
    regimen = trial.regimens[trial.treatment.default_regimen]
    cyclophosphamide, fludarabine = regimen.drug("cyclophosphamide"), regimen.drug("fludarabine")
    assert (cyclophosphamide.dose, cyclophosphamide.unit, cyclophosphamide.per) == (
        Decimal(60),
        "mg/kg",
        "kg",
    )
    assert (fludarabine.dose, fludarabine.unit, fludarabine.per) == (Decimal(25), "mg/m2", "m2")
    assert (cyclophosphamide.days, cyclophosphamide.with_) == ((-7, -6), "mesna")
    assert (regimen.doses_expected("fludarabine"), fludarabine.with_) == (5, None)
    assert regimen.first_day == -7
    assert trial.il2.first_after.contains(hours(3))
    assert not trial.il2.first_after.contains(hours(25))
    assert (trial.il2.interval.start, trial.il2.interval.end) == (hours(8), hours(12))
    assert (trial.il2.max_doses, trial.il2.dose, trial.il2.unit) == (6, Decimal(600_000), "IU/kg")
    with pytest.raises(KeyError):
        regimen.drug("mesna")


@pytest.mark.requirement("COI-PROT-05")
def test_labels_gates_and_holds_use_the_words_of_the_tracker(trial: Protocol) -> None:
    assert set(trial.labels.texts) == set(ContainerKind)
    assert any(text.startswith("Caution: New Drug") for text in trial.labels.texts[ContainerKind.BAG])
    assert Disposition.RELEASED in trial.treatment.gate_dispositions
    assert trial.holds.default_blocks["course"] == (HoldBlocks.EVERYTHING,)
    assert isinstance(trial.holds.default_blocks["course"][0], HoldBlocks)


@pytest.mark.requirement("COI-PROT-05")
@pytest.mark.parametrize(
    ("test", "passing", "failing"),
    [
        ("viability", Decimal("70.1"), Decimal(70)),
        ("identity", "90.01", "90"),
        ("endotoxin", Decimal("4.99"), Decimal(5)),
        ("mycoplasma", "negative", "positive"),
        ("gram_stain", " No  Organisms ", "organisms"),
        ("sterility", "no growth", "growth"),
    ],
)
def test_a_result_passes_only_inside_its_limit(trial: Protocol, test: str, passing, failing) -> None:
    assert trial.release_tests[test].passes(passing)
    assert not trial.release_tests[test].passes(failing)


@pytest.mark.parametrize(("test", "value"), [("viability", "high"), ("viability", "NaN"), ("sterility", Decimal(0))])
def test_a_result_that_cannot_be_read_is_not_called_a_failure(trial: Protocol, test: str, value) -> None:
    with pytest.raises(ValueError, match="expected"):
        trial.release_tests[test].passes(value)


def test_only_final_sterility_comes_after_release(trial: Protocol) -> None:
    assert [test.key for test in trial.release_tests.values() if test.final_after_release] == ["sterility"]


def test_no_known_vaccination_passes_the_recheck(trial: Protocol) -> None:
    vaccine = trial.at("treatment.recheck.days_since_live_vaccine")
    assert isinstance(vaccine, RecheckItem)
    assert vaccine.passes("none")
    assert vaccine.passes(Decimal(28))
    assert not vaccine.passes(Decimal(27))


@pytest.mark.requirement("COI-PROT-10")
@pytest.mark.parametrize("name", ["iov_lun_202", "iov_lun_202_amendment"])
def test_the_list_of_unconfirmed_values_is_the_list_of_marks_in_the_file(name: str) -> None:
    assert list(builtin(name).sources.to_confirm) == marked_as_default(shipped(name))


@pytest.mark.requirement("COI-PROT-10")
@pytest.mark.parametrize(
    "path",
    [
        "il2.dose",
        "il2.clock_starts",
        "product.thaw_limit",
        "tissue.time_to_culture",
        "tissue.cores",
        "manufactures.gen2_22_day.fragments",
        "manufactures.gen3_16_day.rapid_expansion_day",
        "release_tests.viability.limit",
    ],
)
def test_what_the_field_notes_call_unconfirmed_is_never_shown_as_fact(trial: Protocol, path: str) -> None:
    assert trial.sources.awaits_confirmation(path)
    assert not trial.sources.awaits_confirmation("enrolment_limit")


@pytest.mark.requirement("COI-PROT-10")
def test_every_value_of_the_trial_says_where_it_comes_from() -> None:
    """Every line with a quantity, a count or a range carries a mark, itself or at the head of its table."""
    table_is_marked = False
    for line in shipped("iov_lun_202").splitlines():
        if line.startswith("["):
            table_is_marked = _is_marked(line)
        elif re.match(r'\w+ = (\{|\d|"-?[\d<>]+ ?\d* \S)', line):
            assert table_is_marked or _is_marked(line), line


@pytest.mark.requirement("COI-PROT-06")
def test_the_second_study_differs_wherever_it_may(trial: Protocol) -> None:
    other = builtin("example_melanoma_til")
    assert other.fictitious
    assert "FICTITIOUS" in other.title
    assert other.study.nct is None
    assert not set(other.cohorts) & set(trial.cohorts)
    assert not set(other.manufactures) & set(trial.manufactures)
    assert other.treatment.last_drug != trial.treatment.last_drug
    assert other.il2.max_doses != trial.il2.max_doses
    changed = {difference.path for difference in differences(trial, other)}
    rooms: dict[str, Any] = {
        "tissue": Tissue,
        "product": Product,
        "planning": Planning,
        "il2": Il2,
        "dose": Dose,
        "clock": Clock,
    }
    for room, kind in rooms.items():
        for name in (field.name for field in fields(kind)):
            assert f"{room}.{'dose' if name == 'quantity' else name}" in changed


@pytest.mark.requirement("COI-PROT-08")
def test_the_example_amendment_says_that_it_is_one_and_changes_only_what_it_names(trial: Protocol) -> None:
    amended = builtin("iov_lun_202_amendment")
    changed = {difference.path for difference in differences(trial, amended)}
    assert amended.key == trial.key
    assert amended.fictitious
    assert amended.regimens["reduced_example"].fictitious
    assert amended.sources.awaits_confirmation("regimens.reduced_example.drugs.fludarabine.dose")
    named = {"version", "title", "fictitious", "treatment.recheck_window", "treatment.default_regimen"}
    rest = changed - named
    assert named <= changed
    assert rest
    assert all("regimens.reduced_example" in path for path in rest)


def test_the_shipped_files_are_known_by_name() -> None:
    assert set(builtin_keys()) == {"iov_lun_202", "iov_lun_202_amendment", "example_melanoma_til"}
    assert builtin("iov_lun_202") is builtin("iov_lun_202")


def marked_as_default(text: str) -> list[str]:
    """The paths of the values on lines marked DEFAULT."""
    lines, raw, found = KeyLines(text), tomllib.loads(text), []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith("#") and re.search(r"#.*\bDEFAULT\b", line):
            paths = [path for path in lines.paths() if lines.of(path) == number]
            found.append(_keyed(raw, max(paths, key=len) if line.startswith("[") else min(paths, key=len)))
    return found


def _keyed(raw, path) -> str:
    names = []
    for name in path:
        raw = raw[name]
        names.append(raw["key"] if isinstance(name, int) else name)
    return ".".join(names)


def _is_marked(line: str) -> bool:
    return re.search(r"#.*\b(RECORD|PUBLIC|RULE|OURS|DEFAULT)\b", line) is not None
