"""Whatever a step names exists: limits in the protocol, evidence, facts, the parts of scans."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coi_tracker.process.bedside import BagGood
from coi_tracker.process.checks import problems
from coi_tracker.process.effects import Becomes, Fills, Forgets, Remembers, RemembersActor, Stores
from coi_tracker.process.quality import Fact, Gate, GatePart
from coi_tracker.process.scans import SameNumber, Scan
from coi_tracker.process.signing import AnotherPerson
from coi_tracker.process.spec import Field, FieldKind, ProtocolPath, protocol
from coi_tracker.process.supplies import Given
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.process.timing import OnDay, Within
from coi_tracker.process.treating import GivesDose, GivesIl2
from coi_tracker.vocabulary import ContainerKind, ContainerState
from tests.unit.process.broken import changed, effects_with, needs_with, needs_without

COUNT = FieldKind.COUNT
QUANTITY = FieldKind.QUANTITY


def limited(limits: ProtocolPath, kind: FieldKind = QUANTITY, unit: str | None = "mL") -> Given:
    return Given(Field("size", "how big", kind, unit, limits=limits))


@pytest.mark.requirement("COI-PROC-02")
@pytest.mark.parametrize(
    ("need", "sentence"),
    [
        (
            Within("pack", before=protocol.tissue.time_to_moon),
            "protocol.tissue.time_to_moon leads nowhere: Tissue has no",
        ),
        (Within("pack", before=protocol.moon.phase), "protocol.moon.phase leads nowhere: Protocol has no 'moon'"),
        (Within("pack", before=protocol), "protocol. leads nowhere: it names nothing"),
        (
            Within("pack", before=protocol.tissue.time_to_culture.hours),
            "protocol.tissue.time_to_culture.hours leads nowhere: timedelta has no 'hours'",
        ),
        (
            Within("pack", before=protocol.release_tests.sterility),
            "protocol.release_tests.sterility leads nowhere: not every protocol has 'sterility' there",
        ),
        (
            Within("pack", before=protocol.tissue.jars),
            "protocol.tissue.jars is a CountRange, but Within.before works with timedelta",
        ),
        (
            OnDay(protocol.manufacture.tolerance, protocol.manufacture.tolerance, "pack"),
            "protocol.manufacture.tolerance is a timedelta, but OnDay.day works with int",
        ),
        (
            Fact("slot", present=True, words=protocol.clock.tolerance),  # type: ignore[arg-type]
            "Fact.words is protocol.clock.tolerance, and nothing says what it can work with",
        ),
        (limited(protocol.tissue.jars), "size is a quantity, but protocol.tissue.jars limits a count"),
        (
            limited(protocol.manufacture.bag_volume, COUNT, None),
            "size is a count, but protocol.manufacture.bag_volume limits a quantity",
        ),
        (
            limited(protocol.manufacture.bag_volume, unit="L"),
            "size is asked in L, but protocol.manufacture.bag_volume is in mL",
        ),
        (
            limited(protocol.product.thaw_limit),
            "protocol.product.thaw_limit is a timedelta, but Field.limits works with Range or CountRange",
        ),
    ],
)
def test_every_limit_is_in_every_protocol_and_fits_its_need(need: object, sentence: str) -> None:
    assert any(f"pack: {sentence}" in found for found in problems(needs_with("pack", need)))


def test_limits_of_what_the_course_has_chosen_are_followed_too() -> None:
    good = (
        protocol.manufacture.tolerance,
        protocol.regimen.key,
        protocol.cohort.route,
        protocol.manufacture.lots.fill,
    )
    for path in good:
        assert not any("leads nowhere" in s for s in problems(needs_with("pack", Within("pack", before=path))))
    bad = Within("pack", before=protocol.manufacture.lots.pack)
    assert any("lots.pack leads nowhere" in s for s in problems(needs_with("pack", bad)))


def test_limits_of_effects_and_inside_gates_are_followed_too() -> None:
    gate = Gate("the gate", (GatePart("thaw", BagGood(protocol.product.nothing)),))
    assert any("protocol.product.nothing leads nowhere" in s for s in problems(needs_with("thaw_bag", gate)))
    filled = Fills("jar", ContainerState.FILLED, shelf_life=protocol.product.nothing)
    assert any("protocol.product.nothing leads nowhere" in s for s in problems(effects_with("pack", filled)))


@pytest.mark.parametrize(
    ("effect", "sentence"),
    [
        (Remembers("fill.cells", "colour"), "pack: Remembers uses colour, which nobody is asked for"),
        (Remembers("result.{test}", "seal"), "pack: Remembers uses test, which nobody is asked for"),
        (RemembersActor("{who}.by"), "pack: RemembersActor uses who, which nobody is asked for"),
        (Stores("jar"), "pack: Stores uses position, which nobody is asked for"),
        (Fills("jar", ContainerState.FILLED, in_suite=True), "pack: Fills uses suite, which nobody is asked for"),
        (GivesDose(), "pack: GivesDose uses drug, which nobody is asked for"),
        (GivesIl2(), "pack: GivesIl2 uses number, which nobody is asked for"),
    ],
)
def test_evidence_that_an_effect_uses_is_asked_for(effect: object, sentence: str) -> None:
    assert sentence in problems(effects_with("pack", effect))


def test_evidence_that_an_effect_cannot_do_without_must_be_given() -> None:
    needs = tuple(
        Given(replace(n.field, required=False)) if isinstance(n, Given) and n.field.name == "seal" else n
        for n in TIL_V1.steps["pack"].needs
    )
    assert problems(changed("pack", needs=needs)) == ("pack: Packs cannot do without seal, which need not be given",)


def test_an_effect_does_not_write_over_what_a_person_said() -> None:
    broken = needs_with("pack", Given(Field("shipper", "which shipper")))
    assert problems(broken) == ("pack: an effect writes over shipper, which a person is asked for",)


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        (Field("seal", "how many seals", COUNT), "pack: asks for seal in two ways"),
        (Field("comment", "what else"), "pack: asks for comment, a name the engine writes itself"),
        (Field("weight", "how heavy", QUANTITY), "pack: weight: a quantity has a unit, and nothing else has"),
        (Field("boxes", "how many", COUNT, "kg"), "pack: boxes: a quantity has a unit, and nothing else has"),
        (Field("colour", "which", FieldKind.CHOICE), "pack: colour: a choice of nothing"),
    ],
)
def test_evidence_is_asked_for_in_one_clear_way(field: Field, sentence: str) -> None:
    assert problems(needs_with("pack", Given(field))) == (sentence,)


@pytest.mark.parametrize(
    ("need", "sentence"),
    [
        (Fact("moon", present=True, words="full"), "pack: Fact asks for moon, which nothing remembers"),
        (AnotherPerson("moon.by", "not you"), "pack: AnotherPerson asks for moon.by, which nothing remembers"),
        (Within("moon"), "pack: Within asks for moon, which nothing remembers"),
        (OnDay(protocol.manufacture.harvest_day, protocol.manufacture.tolerance, "moon"), "pack: OnDay asks for moon"),
        (Gate("tide", (), until="moon"), "pack: Gate asks for moon, which nothing remembers"),
        (Fact("result.{test}", present=True, words="x"), "pack: Fact needs test, which nobody is asked for"),
    ],
)
def test_a_fact_that_is_asked_for_is_remembered_by_something(need: object, sentence: str) -> None:
    assert any(found.startswith(sentence) for found in problems(needs_with("pack", need)))


def test_a_fact_that_a_need_reads_in_its_code_is_remembered_by_something() -> None:
    broken = changed("fill", effects=tuple(e for e in TIL_V1.steps["fill"].effects if not isinstance(e, Remembers)))
    assert "release_product: DoseInRange asks for fill.cells, which nothing remembers" in problems(broken)


def test_only_what_is_remembered_can_be_forgotten() -> None:
    broken = effects_with("pack", Forgets(("slot", "umbrella")))
    assert problems(broken) == ("pack: forgets umbrella, which nothing remembers",)


@pytest.mark.parametrize(
    ("need", "sentence"),
    [
        (BagGood(), "pack: BagGood speaks of bag, which is not scanned"),
        (SameNumber("jar", "lid"), "pack: SameNumber speaks of lid, which is not scanned"),
        (Scan(ContainerKind.BAG, "jar", frozenset({ContainerState.FILLED})), "pack: scans jar twice"),
    ],
)
def test_a_part_that_a_need_speaks_of_is_scanned_once(need: object, sentence: str) -> None:
    assert sentence in problems(needs_with("pack", need))


def test_a_part_that_an_effect_speaks_of_is_scanned() -> None:
    broken = effects_with("pack", Becomes("lid", ContainerState.DESTROYED))
    assert problems(broken) == ("pack: Becomes speaks of lid, which is not scanned",)
    assert "pack: Packs speaks of jar, which is not scanned" in problems(needs_without("pack", Scan))
