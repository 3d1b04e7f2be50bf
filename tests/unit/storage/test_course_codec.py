"""A course as text is the same course again, for every course there can be."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coi_tracker.course import (
    Container,
    ContainerId,
    Course,
    Definition,
    Deviation,
    Done,
    Hold,
    Label,
    PlaceId,
    Subject,
)
from coi_tracker.errors import BrokenPromise
from coi_tracker.storage.course_codec import (
    container_from,
    container_rest,
    course_from,
    hold_doc,
    hold_from,
    is_live,
    label_doc,
    label_from,
    state_text,
    text_of,
    whole_text,
)
from coi_tracker.vocabulary import LIVE_LABELS, ContainerKind, ContainerState, LabelState

pytestmark = pytest.mark.requirement("COI-DB-16")

words = st.text(st.characters(codec="utf-8"), max_size=12)
moments = st.datetimes(timezones=st.just(UTC))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


def tuples_of(strategy):
    return st.lists(strategy, max_size=3).map(tuple)


def mappings_of(keys, values):
    return st.dictionaries(keys, values, max_size=3).map(MappingProxyType)


definitions = st.builds(Definition, words, words, words)
containers = st.builds(
    Container,
    id=words, coi=st.none() | words, part=st.integers(0, 99), serial=words, holder=words,
    offered_to=st.none() | words, shipper=st.none() | words, parents=tuples_of(words), position=st.none() | words,
    cassette=st.none() | words, filled_at=st.none() | moments, thawed_at=st.none() | moments,
    verified_at=st.none() | moments, verified_by=tuples_of(words), expires_at=st.none() | moments,
)  # fmt: skip
labels = st.builds(Label, serial=words, container=words, replaced_by=st.none() | words)
holds = st.builds(Hold, id=words, target=words, blocks=st.just(()), placed_by=words, reason=words)
courses = st.builds(
    Course,
    chain=words, process=definitions, protocol=definitions, subject=st.none() | st.builds(Subject, words, words, words),
    coi=st.none() | words, site=st.none() | words, facility=st.none() | words, cohort=st.none() | words,
    manufacture=st.none() | words, holds=tuples_of(st.from_type(Hold)), deviations=tuples_of(st.from_type(Deviation)),
    done=mappings_of(words, st.builds(Done, at=moments, event=words, signers=tuples_of(words))),
    facts=mappings_of(words, json_values), seq=st.integers(0, 2**40), head=st.none() | words,
    containers=tuples_of(containers).map(lambda many: MappingProxyType({one.id: one for one in many})),
    labels=tuples_of(labels).map(lambda many: MappingProxyType({one.serial: one for one in many})),
)  # fmt: skip
st.register_type_strategy(datetime, moments)


@given(courses)
def test_every_field_of_a_course_comes_back(course):
    again = course_from(
        state_text(course), chain=course.chain, seq=course.seq, head=course.head, coi=course.coi,
        containers=course.containers.values(), labels=course.labels.values(),
    )  # fmt: skip
    assert again == course
    assert state_text(again) == state_text(course)
    assert whole_text(again) == whole_text(course)


@given(containers)
def test_every_field_of_a_container_comes_back(container):
    columns = (
        container.id, container.coi, str(container.kind), container.part, str(container.state), container.holder,
        container.serial, container.position,
    )  # fmt: skip
    assert container_from(columns, rest=text_of(container_rest(container))) == container


@given(labels, holds)
def test_labels_and_holds_come_back(label, hold):
    assert label_from(**label_doc(label)) == label
    assert hold_from(hold_doc(hold)) == hold


def test_the_text_does_not_depend_on_the_order_of_writing():
    one = Course("c", Definition("k", "v", "d"), Definition("k", "v", "d"), facts={"a": 1, "b": 2})
    other = Course("c", Definition("k", "v", "d"), Definition("k", "v", "d"), facts={"b": 2, "a": 1})
    assert state_text(one) == state_text(other)


def test_every_field_of_a_course_is_written_somewhere():
    """A field that is added to Course and forgotten here would be lost without a word."""
    course = Course("c", Definition("k", "v", "d"), Definition("k", "v", "d"))
    elsewhere = {"chain", "seq", "head", "coi", "containers", "labels"}
    assert set(json.loads(state_text(course))) | elsewhere == set(Course.__slots__)


def test_every_field_of_a_container_is_written_somewhere():
    columns = {"id", "coi", "kind", "part", "state", "holder", "serial", "position"}
    container = Container(
        ContainerId("c"), None, ContainerKind.BAG, 1, ContainerState.FILLED, "s", LabelState.ISSUED, PlaceId("p")
    )
    assert columns | set(container_rest(container)) == set(Container.__slots__)


@pytest.mark.parametrize("value", [1.5, {"a": [1.0]}, [[{"b": 0.1}]], float("nan")])
def test_a_float_is_refused_wherever_it_hides(value):
    with pytest.raises(BrokenPromise, match="decimal quantities as text"):
        text_of(value)


def test_what_is_no_json_is_refused():
    with pytest.raises(BrokenPromise, match="JSON values"):
        text_of({"when": datetime(2026, 1, 1, tzinfo=UTC)})


def test_live_labels_are_those_of_the_vocabulary():
    assert {state for state in LabelState if is_live(state)} == LIVE_LABELS
