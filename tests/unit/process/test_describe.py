"""The process in words, as a diagram and as a digest: derived, complete, and told apart by the least change."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from coi_tracker.errors import Misconfigured, NotUnderstood
from coi_tracker.process import pinning
from coi_tracker.process.describe import definition, digest, markdown, mermaid, table
from coi_tracker.process.digest import text
from coi_tracker.process.graph import STATES, arrows
from coi_tracker.process.released import PROCESSES, RELEASED, pinned, released
from coi_tracker.process.scans import Paired, SameNumber
from coi_tracker.process.spec import Field, FieldKind, Need, ProtocolPath
from coi_tracker.process.supplies import Given
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.process.timing import Within
from coi_tracker.vocabulary import Meaning, PlaceKind, Role, Standing, Track
from tests import tree
from tests.unit.process.broken import changed, needs_with

ROWS = {row.step: row for row in table(TIL_V1)}


@pytest.mark.requirement("COI-PROC-01")
def test_the_table_has_every_step_once_in_the_order_of_the_chapters() -> None:
    assert [row.step for row in table(TIL_V1)] == [name for names in TIL_V1.chapters.values() for name in names]
    assert ROWS.keys() == TIL_V1.steps.keys()


@pytest.mark.requirement("COI-PROC-02", "COI-PROC-03")
def test_a_row_says_who_where_which_evidence_what_must_hold_and_what_happens() -> None:
    row = ROWS["receive_tissue"]
    assert (row.by, row.at) == (("operator",), ("facility",))
    assert row.moves == ("material: inbound → received",)
    assert "temperature_low (quantity) [Cel]: the lowest temperature of the logger" in row.evidence
    assert (
        "temperature inside *protocol.tissue.transport_range* all the way (or a deviation approved by qa)" in row.needs
    )
    assert "custody of jar moves here -> stored" in row.effects


def test_a_row_says_which_evidence_may_be_left_out_and_which_limits_it_has() -> None:
    assert "lesion_size (quantity) [mm]: longest diameter (resection); *protocol.tissue.lesion_size*, optional" in (
        ROWS["procure_tissue"].evidence
    )
    assert "weight (quantity) [kg]: body weight; at least 25; at most 300" in ROWS["plan_treatment"].evidence
    assert "sex: sex; one of female, male, other, unknown" in ROWS["register_subject"].evidence
    assert "reason: the reason, from the protocol's list; one of *protocol.il2.stop_reasons*" in (
        ROWS["stop_il2"].evidence
    )


def test_a_row_says_which_holds_forbid_it_and_in_which_standing_it_is_possible() -> None:
    assert "no hold that blocks lymphodepletion" in ROWS["start_lymphodepletion"].needs
    assert "possible after withdrawal or termination too" in ROWS["discard"].needs
    assert "possible in every standing" in ROWS["review_audit_trail"].needs
    assert ROWS["withdraw_subject"].moves == ("standing: active, on_hold → withdrawn",)
    assert not any("standing" in need for need in ROWS["withdraw_subject"].needs)
    only = changed("pack", standing=frozenset({Standing.ACTIVE}))
    assert "standing active" in next(row.needs for row in table(only) if row.step == "pack")


def test_the_page_has_a_line_for_every_step_and_cells_that_keep_to_themselves() -> None:
    page = markdown(needs_with("pack", Given(Field("side", "left|right"))))
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(lines) == len(TIL_V1.steps)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {8}


def test_the_page_names_every_limit_that_the_protocol_file_decides() -> None:
    page = markdown(TIL_V1)
    assert "| *protocol.tissue.time_to_culture* | receive_tissue, start_first_expansion |" in page
    assert "| *protocol.product.shelf_life* | fill |" in page


@pytest.mark.requirement("COI-PROC-08")
@pytest.mark.parametrize("track", Track)
def test_the_diagram_shows_every_state_and_every_step_that_moves_a_track(track: Track) -> None:
    drawn = mermaid(TIL_V1)
    assert drawn.startswith("stateDiagram-v2\n")
    for state in STATES[track]:
        assert f"        {track}_{state} : {state}\n" in drawn
    for arrow in arrows(TIL_V1, track):
        word = arrow.step if arrow.sure else f"({arrow.step})"
        line = rf"^ +{track}_{arrow.source} --> {track}_{arrow.to} : .*{re.escape(word)}"
        note = rf"^ +(from .*\b{arrow.source}\b.*|to .*\b{arrow.to}\b.*), by .*{re.escape(word)}"
        assert re.search(f"{line}|{note}", drawn, flags=re.MULTILINE)


def test_the_diagram_has_no_sign_that_ends_a_label_early() -> None:
    labels = re.findall(r" : (.*)$", mermaid(TIL_V1), flags=re.MULTILINE)
    assert [label for label in labels if set(label) & set(";:#")] == []


def variants(value: Any) -> list[Any]:
    """A value with one thing about it changed, for each thing about it that can be."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, ProtocolPath):
        return [ProtocolPath((*value.names, "other"))]
    if isinstance(value, tuple):
        return [value[1:]] if value else []
    if isinstance(value, frozenset):
        return [value - {min(value)}] if value else []
    if type(value) is str:
        return [value + "!"]
    if is_dataclass(value) and not isinstance(value, type):
        named = [(f.name, v) for f in fields(value) for v in variants(getattr(value, f.name))]
        return [replace(value, **{name: v}) for name, v in named]
    return []


@pytest.mark.requirement("COI-PROC-10")
@pytest.mark.parametrize("name", TIL_V1.steps)
def test_any_change_of_a_step_changes_the_digest(name: str) -> None:
    step, before = TIL_V1.steps[name], digest(TIL_V1)
    others = [v for v in variants(step) if v.name == name]
    for number, need in enumerate(step.needs):
        others += [_with_need(step, number, v) for v in variants(need)]
    for number, effect in enumerate(step.effects):
        others += [replace(step, effects=_put(step.effects, number, v)) for v in variants(effect)]
    assert others
    assert text(step) not in {text(other) for other in others}
    assert before != digest(replace(TIL_V1, steps={**TIL_V1.steps, name: others[0]}))


def _with_need(step: Any, number: int, need: Need) -> Any:
    return replace(step, needs=_put(step.needs, number, need))


def _put(values: tuple[Any, ...], number: int, value: Any) -> tuple[Any, ...]:
    return (*values[:number], value, *values[number + 1 :])


@pytest.mark.requirement("COI-PROC-10")
@pytest.mark.parametrize(
    "change",
    [
        {"by": frozenset({Role.NURSE})},
        {"at": frozenset({PlaceKind.SPONSOR})},
        {"standing": frozenset({Standing.ACTIVE})},
        {"forbidden_by": frozenset()},
    ],
)
def test_who_where_and_when_are_part_of_the_digest(change: dict[str, Any]) -> None:
    assert digest(changed("pack", **change)) != digest(TIL_V1)


def test_exceptions_and_ends_are_part_of_the_digest() -> None:
    assert digest(replace(TIL_V1, unscanned={})) != digest(TIL_V1)
    assert digest(replace(TIL_V1, ends={})) != digest(TIL_V1)


def test_two_needs_with_the_same_fields_are_not_the_same_need() -> None:
    one, other = needs_with("pack", Paired("a", "b")), needs_with("pack", SameNumber("a", "b"))
    assert digest(one) != digest(other)


def test_what_a_class_asks_for_is_part_of_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest(TIL_V1)
    monkeypatch.setattr(Within, "ASKS", (Field("deviation", "another question", FieldKind.TEXT),))
    assert digest(TIL_V1) != before


def test_the_digest_is_the_same_in_another_process_with_another_order_of_sets() -> None:
    code = "from coi_tracker.process.describe import *; from coi_tracker.process.til_v1 import *; print(digest(TIL_V1))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            cwd=tree.ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {digest(TIL_V1)}


def test_a_definition_holds_values_only() -> None:
    with pytest.raises(TypeError, match="no canonical form for a function"):
        digest(needs_with("pack", lambda: None))
    with pytest.raises(TypeError, match="no canonical form for a float"):
        digest(needs_with("pack", Given(Field("x", "x", limits=(0.5, None)))))  # type: ignore[arg-type]


@pytest.mark.requirement("COI-PROC-10")
@pytest.mark.parametrize("key", sorted(PROCESSES))
def test_a_released_definition_never_changes(key: tuple[str, str]) -> None:
    """Before the first release: `python -m coi_tracker.process.describe --pin`. After it: another version beside it."""
    assert digest(PROCESSES[key]) == RELEASED[key]


def test_there_is_a_pin_for_every_definition_and_no_other() -> None:
    assert PROCESSES.keys() == RELEASED.keys()


def test_an_entry_names_a_definition_by_key_version_and_digest() -> None:
    assert definition(TIL_V1) == pinned("til", "1")
    assert (pinned("til", "1").key, pinned("til", "1").version) == ("til", "1")
    assert released("til", "1") is TIL_V1


@pytest.mark.parametrize("key", [("til", "2"), ("car_t", "1"), ("", ""), ("til" * 10_000, "1")])
def test_an_unknown_definition_is_named_in_a_short_sentence(key: tuple[str, str]) -> None:
    with pytest.raises(NotUnderstood, match=r"Expected a process this software knows \(til 1\); got ") as caught:
        released(*key)
    assert len(str(caught.value)) < 300


@pytest.mark.requirement("COI-PROC-08", "COI-PROC-09", "COI-ENG-04")
@pytest.mark.parametrize("name", sorted(pinning.pages()))
def test_pages_equal_what_the_code_prints(name: str) -> None:
    """Otherwise: `python -m coi_tracker.process.describe --pin`."""
    assert (tree.ROOT / name).read_text() == pinning.pages()[name]


def test_the_one_command_writes_pages_and_pins_and_then_has_nothing_to_do(tmp_path: Path) -> None:
    code = tmp_path / "coi_tracker" / "process" / "released.py"
    code.parent.mkdir(parents=True)
    pinned_now = (tree.ROOT / "coi_tracker" / "process" / "released.py").read_text()
    code.write_text(re.sub(r"[0-9a-f]{64}", "0" * 64, pinned_now))
    (tmp_path / "docs").mkdir()
    assert set(pinning.pin(tmp_path)) == {*pinning.pages(), "coi_tracker/process/released.py"}
    assert digest(TIL_V1) in code.read_text()
    assert pinning.pin(tmp_path) == ()


def test_outside_of_the_tree_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="run it in a clone of it"):
        pinning.pin(tmp_path)


def test_the_command_prints_the_page_and_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert pinning.main([]) == 0
    assert capsys.readouterr().out == markdown(TIL_V1)
    assert pinning.main(["--pim"]) == 2
    assert capsys.readouterr().err == "usage: python -m coi_tracker.process.describe [--pin]\n"


def test_signatures_say_what_they_mean() -> None:
    assert f"the actor signs ({Meaning.AUTHORISED})" in ROWS["start_lymphodepletion"].needs
