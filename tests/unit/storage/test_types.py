"""Times go in aware and come out UTC; anything else is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from coi_tracker.errors import BrokenPromise
from coi_tracker.storage.types import DayText, UtcText, utc_from_text, utc_text

pytestmark = pytest.mark.requirement("COI-DB-15")

DIALECT = sqlite.dialect()


@given(st.datetimes(timezones=st.timezones()))
def test_every_aware_time_comes_back_as_the_same_instant(moment):
    try:
        text = utc_text(moment)
    except OverflowError:
        return  # the year 1 or 9999, over the edge in UTC
    again = utc_from_text(text)
    assert (again, again.tzinfo) == (moment.astimezone(UTC), UTC)
    assert len(text) == 27


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_the_text_sorts_as_the_time_does(one, other):
    assert (utc_text(one) < utc_text(other)) == (one < other)


def test_a_time_of_another_zone_is_stored_as_utc():
    assert utc_text(datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2)))) == "2026-02-28T23:00:00.000000Z"


def test_a_naive_time_is_refused():
    with pytest.raises(BrokenPromise, match="naive time"):
        utc_text(datetime(2026, 3, 1))  # noqa: DTZ001
    with pytest.raises(BrokenPromise):
        UtcText().process_bind_param(datetime(2026, 3, 1), DIALECT)  # noqa: DTZ001


@pytest.mark.parametrize(
    "text", ["", "2026-03-01", "2026-03-01T08:00:00Z", "2026-03-01T08:00:00.000000+00:00", "x" * 27]
)
def test_other_text_is_no_time(text):
    with pytest.raises(BrokenPromise, match="verify the database"):
        utc_from_text(text)


def test_columns_of_times_and_days_translate_both_ways():
    moment, day = datetime(2026, 3, 1, 8, tzinfo=UTC), date(2026, 3, 1)
    assert UtcText().process_result_value(UtcText().process_bind_param(moment, DIALECT), DIALECT) == moment
    assert DayText().process_result_value(DayText().process_bind_param(day, DIALECT), DIALECT) == day
    assert UtcText().process_bind_param(None, DIALECT) is None
    assert DayText().process_result_value(None, DIALECT) is None


def test_an_instant_is_no_day():
    with pytest.raises(BrokenPromise, match="calendar day"):
        DayText().process_bind_param(datetime(2026, 3, 1, tzinfo=UTC), DIALECT)
