"""Protocol values are frozen, have one digest whatever the file looks like, and can be compared."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import tomllib
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from coi_tracker.protocols import builtin, differences, parse_protocol
from coi_tracker.protocols.canonical import digest_of, plain
from coi_tracker.protocols.quantities import (
    CountRange,
    Limit,
    Range,
    Table,
    Window,
    duration_text,
    number_text,
)
from tests.unit.protocols.toml_text import shipped, written

TEXT = shipped("iov_lun_202")
RAW = tomllib.loads(TEXT)


@pytest.mark.requirement("COI-PROT-09")
def test_comments_spaces_and_ways_to_write_a_number_do_not_change_the_digest() -> None:
    text = "\n".join(line.split("#")[0] for line in TEXT.splitlines()).replace(" = ", "=") + "\n"
    text = text.replace('"48 h"', '"2 d"').replace('"7.5e9 cells"', '"7500000000.0 cells"')
    assert parse_protocol(text).digest == builtin("iov_lun_202").digest


@pytest.mark.requirement("COI-PROT-09")
@given(st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_change_the_digest(random) -> None:
    def shuffled(value):
        if not isinstance(value, dict):
            return [shuffled(entry) for entry in value] if isinstance(value, list) else value
        keys = list(value)
        random.shuffle(keys)
        return {key: shuffled(value[key]) for key in keys}

    other = parse_protocol(written(shuffled(RAW)))
    assert other.digest == builtin("iov_lun_202").digest
    assert other == builtin("iov_lun_202")
    assert differences(builtin("iov_lun_202"), other) == []


@pytest.mark.requirement("COI-PROT-09")
def test_any_changed_value_changes_the_digest_and_is_shown() -> None:
    other = parse_protocol(TEXT.replace('"180 min"', '"181 min"'))
    (difference,) = differences(builtin("iov_lun_202"), other)
    assert (difference.path, difference.old, difference.new) == ("product.thaw_limit", "3 h", "181 min")
    assert other.digest != builtin("iov_lun_202").digest


def test_the_digest_is_that_of_canonical_json() -> None:
    trial = builtin("iov_lun_202")
    assert trial.digest == hashlib.sha256(rfc8785.dumps(cast(Any, plain(trial)))).hexdigest()
    assert dataclasses.replace(trial, version="2").digest != trial.digest
    with pytest.raises(TypeError):
        digest_of(1.5)


@pytest.mark.requirement("COI-PROT-08")
def test_added_dropped_and_reordered_things_are_shown() -> None:
    trial, amended = builtin("iov_lun_202"), builtin("iov_lun_202_amendment")
    shown = {found.path: (found.old, found.new) for found in differences(trial, amended)}
    assert shown["regimens.reduced_example.drugs.fludarabine.dose"] == (None, "20 mg/m2")
    assert shown["regimens.reduced_example.drugs.fludarabine.tolerance"] == (None, "5 %")
    assert shown["sources.to_confirm.regimens.reduced_example"] == (None, "yes")
    back = {found.path: (found.old, found.new) for found in differences(amended, trial)}
    assert back == {path: (new, old) for path, (old, new) in shown.items()}
    turned = dataclasses.replace(trial, criteria=trial.criteria[::-1])
    assert [found.path for found in differences(trial, turned)] == ["criteria.order"]


def test_a_protocol_cannot_be_changed_and_crosses_a_process_border() -> None:
    trial = builtin("iov_lun_202")
    with pytest.raises(dataclasses.FrozenInstanceError):
        trial.enrolment_limit = 96  # type: ignore[misc]
    with pytest.raises(TypeError):
        trial.cohorts["cohort_4"] = trial.cohorts["cohort_1"]  # type: ignore[index]
    other = pickle.loads(pickle.dumps(trial))
    assert other == trial
    assert {trial: 1}[other] == 1
    assert hash(trial.cohorts) == hash(other.cohorts)
    assert repr(Table({"a": 1})) == "Table({'a': 1})"


def test_a_value_is_found_by_its_path() -> None:
    trial = builtin("iov_lun_202")
    assert trial.at("manufactures.gen2_22_day.bags") == CountRange(1, 4)
    assert trial.at("regimens.standard.drugs.fludarabine.dose") == 25
    assert trial.at("il2.first_after.start") == timedelta(hours=3)
    for wrong in (
        "tissue.nothing",
        "cohorts.cohort_9",
        "criteria.none_such",
        "enrolment_limit.real",
        "il2._x",
        "",
    ):
        with pytest.raises(KeyError):
            trial.at(wrong)


def test_values_read_as_people_write_them() -> None:
    two, eight = Decimal(2), Decimal("8.50")
    assert str(Range(two, eight, "Cel")) == "2 to 8.5 Cel"
    assert str(Range(None, eight, "Cel")) == "at most 8.5 Cel"
    assert str(Range(two, None, "Cel")) == "at least 2 Cel"
    assert str(CountRange(1, 1)) == "1"
    assert str(CountRange(1, 4)) == "1 to 4"
    assert CountRange(1, 4).contains(4)
    assert not CountRange(1, 4).contains(5)
    assert str(Window(timedelta(hours=3), timedelta(hours=24))) == "3 h to 1 d"
    assert str(Limit(two, eight, True, False, None, "%")) == ">= 2 % and < 8.5 %"
    assert str(Limit(None, None, False, False, "negative", None)) == "is negative"
    assert [duration_text(timedelta(seconds=n)) for n in (90, 60, 172800, 604800)] == [
        "90 s",
        "1 min",
        "48 h",
        "7 d",
    ]
    assert [number_text(Decimal(n)) for n in ("6e1", "-0", "7.50")] == ["60", "0", "7.5"]


@pytest.mark.parametrize(
    ("limit", "value", "passes"),
    [
        (Limit(Decimal(2), Decimal(8), True, True, None, "%"), 2, True),
        (Limit(Decimal(2), Decimal(8), True, True, None, "%"), 8, True),
        (Limit(Decimal(2), Decimal(8), False, False, None, "%"), 2, False),
        (Limit(Decimal(2), Decimal(8), False, False, None, "%"), 8, False),
        (Limit(Decimal(2), None, False, False, None, "%"), 99, True),
        (Limit(None, Decimal(8), False, False, None, "%"), -99, True),
    ],
)
def test_a_bound_is_inside_only_where_it_says_so(limit: Limit, value: int, passes: bool) -> None:
    assert limit.passes(Decimal(value)) is passes
