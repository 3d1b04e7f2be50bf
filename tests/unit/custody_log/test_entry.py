"""An entry has one form to the byte, and everything that is nearly an entry is refused with a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from coi_tracker.custody_log import verify
from coi_tracker.custody_log.chain import ChainError, Continuity, Head, course_chain, next_link, parse_chain
from coi_tracker.custody_log.entry import (
    ENTRY_FIELDS,
    EntryError,
    canonical,
    digest,
    entry_problems,
    format_time,
    parse_line,
    parse_time,
    signed_digest,
)
from tests.unit.custody_log.synthetic import small_log

LOG = small_log()
SIGNED = next(parse_line(line) for line in LOG.lines if b'"meaning"' in line)


def test_canonical_text_is_sorted_compact_and_utf8() -> None:
    value = {"b": [1, True, None], "a": 'Zoë \u20ac \x01 "\\ \n\x7f/', "A": {}}
    assert canonical(value) == b'{"A":{},"a":"Zo\xc3\xab \xe2\x82\xac \\u0001 \\"\\\\ \\n\x7f/","b":[1,true,null]}'


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"a": 1.5}, "float"),
        ({"a": float("nan")}, "float"),
        ({"é": 1}, "not ASCII"),
        ({1: 1}, "not ASCII"),
        ({"a": "\ud800"}, "surrogate"),
        ({"a": 2**53}, "beyond"),
        ({"a": -(2**53)}, "beyond"),
        ({"a": b"bytes"}, "bytes cannot be written"),
        ({"a": {1, 2}}, "set cannot be written"),
        ([[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]], "nested deeper"),
    ],
)
def test_what_cannot_be_written_is_refused(value: object, sentence: str) -> None:
    with pytest.raises(EntryError, match=sentence):
        canonical(value)


@pytest.mark.requirement("COI-LOG-01")
@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b'{"a":1} ',
        b' {"a":1}',
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":NaN}',
        b'{"a":9007199254740992}',
        b'{"a":' + b"9" * 100_000 + b"}",
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1}\r',
        '{"é":1}'.encode(),
        b"[" * 100_000,
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
    ],
)
def test_a_second_way_of_writing_is_refused(line: bytes) -> None:
    with pytest.raises(EntryError):
        parse_line(line)
    with pytest.raises(verify.Bad):
        verify.read_entry(line)


@pytest.mark.requirement("COI-LOG-01", "COI-LOG-02")
def test_every_entry_of_the_log_is_well_formed_for_both_readers() -> None:
    for line in LOG.lines:
        entry = parse_line(line)
        assert set(entry) == set(ENTRY_FIELDS)
        assert entry_problems(entry) == []
        assert verify.read_entry(line) == entry
        assert canonical(entry) == line
        assert digest(line) == verify.leaf_hash(line)


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"v": 2}, "v is 2"),
    ({"v": True}, "v is True"),
    ({"id": "019D0000-0000-7000-8000-00000000ABCD"}, "id"),
    ({"id": "019d0000-0000-4000-8000-00000000abcd"}, "version 7"),
    ({"chain": "bag/1"}, "chain"),
    ({"chain": "course/"}, "chain"),
    ({"chain": "course/a b"}, "chain"),
    ({"chain": "course/OTHER"}, "course is"),
    ({"seq": 0}, "seq is 0"),
    ({"seq": "1"}, "seq is"),
    ({"prev": "xyz"}, "prev is"),
    ({"kind": "approved"}, "kind"),
    ({"happened_at": "2026-03-29T00:30:00Z"}, "happened_at"),
    ({"recorded_at": "2026-02-30T00:30:00.000000Z"}, "does not exist"),
    ({"recorded_at": None}, "recorded_at"),
    ({"zone": "Europe/Bad Zone"}, "zone"),
    ({"actor": {"account": "u-17"}}, "actor"),
    ({"actor": None}, "actor"),
    ({"containers": [{"id": "c"}]}, "containers"),
    ({"containers": {}}, "containers"),
    ({"evidence": []}, "evidence"),
    ({"reasons": [{"code": "x"}]}, "reasons"),
    ({"refers_to": "the one before"}, "refers_to"),
    ({"software": ""}, "software"),
    ({"process": {"key": "til_v1"}}, "process"),
    ({"step": 7}, "step"),
    ({"evidence": {"temperature": 1.5}}, "float"),
    ({"evidence": {"note": "x" * 300_000}}, "at most"),
    ({"evidence": {"temperature": "9"}}, "does not belong to this entry"),
    ({"step": "another_step"}, "does not belong to this entry"),
]


@pytest.mark.parametrize(("change", "sentence"), CHANGES)
def test_a_malformed_entry_gets_a_sentence(change: dict[str, Any], sentence: str) -> None:
    problems = entry_problems({**SIGNED, **change})
    assert any(sentence in problem for problem in problems), problems


@pytest.mark.requirement("COI-PII-02")
def test_fields_that_lack_or_do_not_belong_are_named() -> None:
    (problem,) = entry_problems({k: v for k, v in SIGNED.items() if k != "zone"} | {"patient_name": "x"})
    assert "zone" in problem
    assert "patient_name" in problem


@pytest.mark.parametrize("by", ["scanned", "typed", None, "guessed"])
def test_a_label_is_scanned_or_typed(by: str | None) -> None:
    container = {**SIGNED["containers"][0], "by": by}
    found = [p for p in entry_problems({**SIGNED, "containers": [container]}) if "neither scanned" in p]
    assert bool(found) is (by == "guessed")


def test_reasons_belong_to_refusals() -> None:
    reason = {"code": "wrong_course", "expected": "A", "observed": "B"}
    performed = {**SIGNED, "kind": "performed", "reasons": [reason], "signatures": []}
    refused = {**SIGNED, "kind": "refused", "reasons": [], "signatures": []}
    assert entry_problems(performed) == ["a performed step has reasons for a refusal"]
    assert entry_problems(refused) == ["a refusal has no reason"]


@pytest.mark.requirement("COI-LOG-15")
def test_a_signature_copied_to_another_entry_does_not_belong_there() -> None:
    """Copied to the next entry of the same course, by the same person, for the same step."""
    others = (parse_line(line) for line in LOG.lines if b'"step":"receive_tissue"' in line)
    for entry in others:
        copied = {**entry, "signatures": SIGNED["signatures"]}
        assert (entry_problems(copied) == []) is (entry["id"] == SIGNED["id"])


@pytest.mark.parametrize("name", ["account", "at", "meaning"])
def test_a_signature_is_by_one_person_at_one_time_with_one_meaning(name: str) -> None:
    signature = SIGNED["signatures"][0]
    changed = {**signature, name: signature[name] + "x"}
    assert signed_digest(SIGNED, changed) != signature["signed"] == signed_digest(SIGNED, signature)
    assert verify.signed_digest(SIGNED, signature) == signature["signed"]


def test_times_are_utc_with_six_digits() -> None:
    madrid = datetime(2026, 3, 29, 3, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert format_time(madrid) == "2026-03-29T01:00:00.000005Z"
    assert parse_time("2026-03-29T01:00:00.000005Z") == madrid
    assert format_time(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000Z"
    with pytest.raises(EntryError, match="without a zone"):
        format_time(datetime(2026, 1, 1))  # noqa: DTZ001


def test_chain_names_are_read_strictly() -> None:
    assert parse_chain(course_chain("A9999-26-X*")) == ("course", "A9999-26-X*")
    assert parse_chain("log") == ("log", None)
    for name in ("", "Course/1", "course", "course/ü", "log/1", "course/a/b"):
        with pytest.raises(ChainError):
            parse_chain(name)


@pytest.mark.requirement("COI-LOG-03")
def test_continuity_names_gaps_and_wrong_predecessors() -> None:
    follow = Continuity()
    head = Head("course/A", 1, b"\x01" * 32)
    assert follow.add({"chain": "course/A", "seq": 1, "prev": None}, head.digest) is None
    link = next_link(head)
    assert (link.seq, link.prev) == (2, "01" * 32)
    assert "expected 2" in str(follow.add({"chain": "course/A", "seq": 3, "prev": None}, b"\x02" * 32))
    assert "does not name" in str(follow.add({"chain": "course/A", "seq": 4, "prev": "01" * 32}, b"\x03" * 32))
    assert "expected 1" in str(follow.add({"chain": "course/B", "seq": 5, "prev": "01" * 32}, b"\x03" * 32))
    part = Continuity(from_start=False)
    assert part.add({"chain": "course/B", "seq": 5, "prev": "01" * 32}, b"\x03" * 32) is None
    assert [h.seq for h in part.heads()] == [5]
