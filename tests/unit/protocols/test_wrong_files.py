"""A wrong protocol file is refused with file, line, key, what was expected and what came, all at once."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coi_tracker.protocols import (
    Problem,
    ProtocolError,
    builtin,
    parse_protocol,
    problems_text,
)
from coi_tracker.protocols.checks import check
from coi_tracker.protocols.model import Protocol
from coi_tracker.protocols.problems import dotted
from coi_tracker.protocols.reading import Reader
from tests.unit.protocols import toml_text
from tests.unit.protocols.toml_text import at, leaves, shipped, with_value, without, written

pytestmark = pytest.mark.requirement("COI-PROT-07")

TEXT = shipped("iov_lun_202")
RAW = tomllib.loads(TEXT)
PLAIN = written(RAW)


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ProtocolError) as refused:
        parse_protocol(text, name="trial.toml")
    return refused.value.problems


def test_the_plain_writing_of_a_file_is_the_same_protocol() -> None:
    assert parse_protocol(PLAIN) == builtin("iov_lun_202")


# --- one wrong thing, at every place ----------------------------------------------------------------


def single_mistakes(raw: dict[str, Any]) -> list[tuple[str, toml_text.Path, toml_text.Path, dict[str, Any]]]:
    """(what, path that must be named, path of its line, the changed values) for every leaf."""
    mistakes = []
    for path, value in leaves(raw):
        mistakes.append(("dropped", path, path[:-1], without(raw, path)))
        mistakes.append(("of another type", path, path, with_value(raw, path, of_another_type(value))))
        mistakes += [("in another unit", path, path, with_value(raw, path, text)) for text in other_units(value)]
        if path[-1] in ("low", "start"):
            upper = (*path[:-1], "high" if path[-1] == "low" else "end")
            if at(raw, upper) != value:
                swapped = with_value(with_value(raw, path, at(raw, upper)), upper, value)
                mistakes.append(("swapped", path[:-1], path[:-1], swapped))
    return mistakes


def of_another_type(value: object) -> object:
    return "seven" if isinstance(value, bool | int | list) else 7


def other_units(value: object) -> list[str]:
    """A quantity or a limit in a unit that fits nowhere, without a unit, and without the space."""
    if not isinstance(value, str) or not re.match(r"([<>]=? )?-?\d", value):
        return []
    number = re.match(r"([<>]=? )?-?[\d.e]+", value)
    if number is None or "-" in value[1:] or number.end() == len(value):
        return []
    return [f"{number[0]} furlong", number[0], value.replace(f"{number[0]} ", number[0])]


MISTAKES = single_mistakes(RAW)


def test_there_are_mistakes_of_every_sort_to_try() -> None:
    sorts = {what for what, *_ in MISTAKES}
    assert sorts == {"dropped", "of another type", "in another unit", "swapped"}
    assert len(MISTAKES) > 900


@pytest.mark.parametrize("what", ["dropped", "of another type", "in another unit", "swapped"])
def test_every_single_mistake_anywhere_is_found(what: str) -> None:
    for sort, path, _, changed in MISTAKES:
        if sort == what:
            reader = Reader()
            protocol = reader.record(Protocol, changed, ())
            found = [*reader.findings, *check(protocol, gaps=bool(reader.findings))]
            assert any(finding.path[: len(path)] == path for finding in found), f"{dotted(path)} {what}"


@given(st.sampled_from(MISTAKES))
def test_a_single_mistake_is_refused_with_its_line_and_key(mistake) -> None:
    what, path, place, changed = mistake
    text = written(changed)
    named = [problem for problem in problems_of(text) if problem.key.startswith(dotted(path))]
    assert named, f"{dotted(path)} {what}"
    line = text.splitlines()[named[0].line - 1]
    if place:
        assert any(f'"{name}"' in line for name in place if isinstance(name, str)), line
    assert named[0].file == "trial.toml"
    assert named[0].expected
    assert named[0].came


@given(
    st.sampled_from([path for path, _ in leaves(RAW)]),
    st.sampled_from(["limitt", "", "a b", "\u202e", "x" * 99]),
)
def test_a_key_nobody_knows_is_refused(path, key: str) -> None:
    where = next(path[:cut] for cut in range(len(path) - 1, -1, -1) if isinstance(at(RAW, path[:cut]), dict))
    found = problems_of(written(with_value(RAW, (*where, key), "none")))
    assert any(problem.key == dotted((*where, key)) for problem in found)
    assert problems_text(found).replace("\n", "").isprintable()


# --- what a mistake is told as ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "key", "expected", "came"),
    [
        ('"48 h" ', '"48 Cel" ', "tissue.time_to_culture", "s or min or h or d", "unit Cel"),
        ('"48 h" ', '"48" ', "tissue.time_to_culture", "a number, a space and the unit", "no unit"),
        ('"48 h" ', '"0 h" ', "tissue.time_to_culture", "longer than nothing", "0 h"),
        ('"48 h" ', '"0.0001 s" ', "tissue.time_to_culture", "whole seconds", "0.0001 s"),
        ('low = "2 Cel"', 'low = "2 F"', "tissue.transport_range.low", "Cel", "unit F"),
        (
            'low = "2 Cel", high = "8 Cel"',
            'low = "8 Cel", high = "2 Cel"',
            "tissue.transport_range",
            "lower",
            "8 Cel",
        ),
        (
            'high = "-150 Cel" }  # DEFAULT\ntr',
            'high = "none" }\ntr',
            "product.storage_range.high",
            "Cel",
            "none",
        ),
        ('"60 mg/kg"', '"60 g/kg"', "regimens.standard.drugs[1].dose", "mg/kg or mg/m2", "g/kg"),
        ('"60 mg/kg"', '"0 mg/kg"', "regimens.standard.drugs[1].dose", "above 0", "0 mg/kg"),
        ('"600000 IU/kg"', '"0 IU/kg"', "il2.dose", "above 0", "0 IU/kg"),
        ("= 95 ", '= "95" ', "enrolment_limit", "whole number", '"95"'),
        ("= 95 ", "= 0 ", "enrolment_limit", "1 or more", "0"),
        ("= 95 ", "= true ", "enrolment_limit", "whole number", "true"),
        ("max_doses = 6 ", "max_doses = -1 ", "il2.max_doses", "1 or more", "-1"),
        ('"1 %" ', '"0 %" ', "tps_positive_from", "more than 0", "0 %"),
        ('"NCT04614103"', '"NCT0461410"', "study.nct", "NCT01234567", "NCT0461410"),
        ('"NCT04614103"', '"none"', "study.nct", "not fictitious", "none"),
        ("enrolment_limit", "enrollment_limit", "enrollment_limit", "the key enrolment_limit", "unknown key"),
        (
            'tps = "positive"',
            'tps = "any"',
            "cohorts.cohort_2",
            "exactly one cohort",
            "cohort_1 and cohort_2",
        ),
        (
            'tps = "positive"',
            'tps = "negative_or_unknown"',
            "cohorts",
            "for positive TPS, fit for resection",
            "none",
        ),
        (
            'tps = "positive"',
            'tps = "high"',
            "cohorts.cohort_2.tps",
            "negative_or_unknown, positive, any",
            "high",
        ),
        (
            'route = "core_biopsy"',
            'route = "resection"',
            "cohorts.cohort_3.route",
            "fit_for_resection",
            "resection",
        ),
        ('["gen3_16_day"]', '["gen4"]', "cohorts.cohort_3.manufactures", "gen2_22_day, gen3_16_day", "gen4"),
        ('["gen3_16_day"]', "[]", "cohorts.cohort_3.manufactures", "at least one", "empty"),
        ('not_for = ["retreatment"]', 'not_for = ["five"]', "criteria[19].not_for", "retreatment", "five"),
        ('key = "steroids"', 'key = "ecog"', "criteria[21].key", "no other entry", "ecog"),
        ('key = "steroids"', 'key = "Steroids"', "criteria[21].key", "lower-case", "Steroids"),
        (
            "scale_up_day = 16",
            "scale_up_day = 11",
            "manufactures.gen2_22_day.scale_up_day",
            "after rapid",
            "11",
        ),
        (
            "rapid_expansion_day = 11",
            "rapid_expansion_day = 0",
            "manufactures.gen2_22_day.rapid_expansion_day",
            "0",
            "0",
        ),
        (
            'tolerance = "1 d"',
            'tolerance = "4 d"',
            "manufactures.gen2_22_day.tolerance",
            "half",
            "change places",
        ),
        (
            "low = 2, high = 5",
            "low = 0, high = 5",
            "manufactures.gen2_22_day.scaled_flasks.low",
            "1 or more",
            "0",
        ),
        (
            "low = 2, high = 5",
            "low = -2, high = 5",
            "manufactures.gen2_22_day.scaled_flasks.low",
            "0 or more",
            "-2",
        ),
        (
            "bags = { low = 1, high = 4 }            # P",
            "bags = { low = 1, high = 5 } #",
            "manufactures.gen2_22_day.bags.high",
            "dose.bags",
            "5",
        ),
        ('"> 70 %"', '"> 70 pg/mL"', "release_tests.viability.limit", "unit of this entry (%)", "pg/mL"),
        ('"> 70 %"', '"70 %"', "release_tests.viability.limit", "a limit such as", "70 %"),
        ('"> 70 %"', '"> 90 % and < 80 %"', "release_tests.viability.limit", "lower bound first", "90"),
        ('"> 70 %"', '"> 70 % and > 80 %"', "release_tests.viability.limit", "lower bound first", "80"),
        ('"is negative"', '"> 1"', "release_tests.mycoplasma.limit", "a limit such as", "no unit"),
        (
            'last_drug = "fludarabine"',
            'last_drug = "aspirin"',
            "treatment.last_drug",
            "cyclophosphamide",
            "aspirin",
        ),
        (
            'last_drug = "fludarabine"',
            'last_drug = "cyclophosphamide"',
            "regimens.standard.drugs",
            "given last",
            "later",
        ),
        (
            "days = [-5, -4, -3, -2, -1]",
            "days = [-5, -4, 1]",
            "regimens.standard.drugs[2].days",
            "before the inf",
            "1",
        ),
        (
            "days = [-5, -4, -3, -2, -1]",
            "days = []",
            "regimens.standard.drugs[2].days",
            "at least one",
            "empty",
        ),
        ("days = [-7, -6]", "days = [-6, -6]", "regimens.standard.drugs[1].days[2]", "once", "again"),
        ("days = [-7, -6]", "days = [-6, -7]", "regimens.standard.drugs[1].days", "earliest first", "-6, -7"),
        ('not_before = "24 h"', 'not_before = "96 h"', "treatment.infusion_not_after", "longer", "equal"),
        (
            'not_before = "24 h"',
            'not_before = "25 h"',
            "regimens.standard.drugs",
            "infusion window",
            "day -1",
        ),
        (
            'default_regimen = "standard"',
            'default_regimen = "none_such"',
            "treatment.default_regimen",
            "standard",
            "none_",
        ),
        (
            '["released", "conditionally',
            '["rejected", "conditionally',
            "treatment.gate_dispositions[1]",
            "one of rel",
            "rej",
        ),
        (
            'criterion = "steroids"',
            'criterion = "none_such"',
            "treatment.recheck[4].criterion",
            "ecog",
            "none_such",
        ),
        (
            'start = "3 h", end = "24 h"',
            'start = "3 h", end = "3 h"',
            "il2.first_after",
            "lower value first",
            "3 h",
        ),
        (
            'reprint = ["print_unreadable", "label_damaged", "label_lost", "printer_fault"]',
            "reprint = []",
            "reasons.reprint",
            "at least",
            "empty",
        ),
        ("wristband = []", "wrist_band = []", "labels.texts.wrist_band", "wristband", "unknown key"),
        (
            'course = ["everything"]',
            'course = ["all"]',
            "holds.default_blocks.course[1]",
            "everything",
            "all",
        ),
        ('course = ["everything"]', "course = []", "holds.default_blocks.course", "at least one", "empty"),
        ('  "il2.dose",', '  "il2.doze",', "sources.to_confirm[53]", "path of a value", "il2.doze"),
        ("[cohorts.cohort_3] ", '[cohorts."Cohort 3"] ', "cohorts.Cohort 3", "lower-case", "Cohort 3"),
        ("slot_search_days = 60", "slot_search_days = 0", "planning.slot_search_days", "1 or more", "0"),
        ('title = "Viability"', 'title = " "', "release_tests.viability.title", "not empty", '" "'),
        ("[tissue]", "[tissues]", "tissue", "the key tissue", "nothing"),
        ("fictitious = false\nenrol", 'fictitious = "no"\nenrol', "fictitious", "true or false", "no"),
    ],
)
def test_it_says_where_and_what(old: str, new: str, key: str, expected: str, came: str) -> None:
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    named = [problem for problem in problems_of(text) if problem.key == key]
    assert named, problems_text(problems_of(text))
    assert expected in named[0].expected
    assert came in named[0].came


def test_the_line_is_the_one_with_the_wrong_value() -> None:
    number = next(n for n, line in enumerate(TEXT.splitlines(), start=1) if line.startswith('dose = "25 mg/m2"'))
    (problem,) = problems_of(TEXT.replace('dose = "25 mg/m2"', 'dose = "25 mg"'))
    assert str(problem).startswith(f"trial.toml, line {number}: regimens.standard.drugs[2].dose: expected a text of")
    assert str(problem).endswith('got the text "25 mg", which has the unit mg')


def test_all_problems_are_said_at_once_in_the_order_of_the_file() -> None:
    text = TEXT.replace("= 95 ", '= "95" ').replace('"48 h" ', '"48 m" ').replace('["gen3_16_day"]', '["gen4"]')
    text = text.replace("harvest_day = 22", "harvest_day = 2").replace('course = ["everything"]', "course = []")
    found = problems_of(text)
    assert [problem.key for problem in found] == [
        "enrolment_limit",
        "cohorts.cohort_3.manufactures",
        "tissue.time_to_culture",
        "manufactures.gen2_22_day.harvest_day",
        "holds.default_blocks.course",
    ]
    assert problems_text(found).count("\n") == 4
