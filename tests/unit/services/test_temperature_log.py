"""Files of temperature loggers: what they say is read right, and what cannot be known for sure is refused in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from coi_tracker.errors import NotUnderstood
from coi_tracker.protocols.quantities import Range
from coi_tracker.services.temperature_log import MOST_BYTES, parse

FRIDGE = Range(Decimal(2), Decimal(8), "Cel")
FILES = {
    "German, with lines about the device": (
        "Gerät;TL-1\nSeriennummer;1234\nAlarm von;2,0\n\nDatum/Zeit;Temp [°C];Alarm\n"
        "02.03.2026 08:00;4,5;\n02.03.2026 08:10;5,1;\n02.03.2026 08:20;9,4;x\n"
    ),
    "American, Fahrenheit, day and clock apart": (
        'No,Date,Time,"Temperature(°F)"\n1,03/02/2026,02:00:00 AM,40.1\n2,03/14/2026,02:10:00 AM,41.18\n'
        "3,03/14/2026,02:20:00 PM,48.92\n"
    ),
    "ISO with its zone, tabs": (
        "time\ttemperature_C\n2026-03-02T07:00:00Z\t4.5\n2026-03-02T09:10:00+02:00\t5.1\n2026-03-02 07:20:00 UTC\t9.4\n"
    ),
    "quoted, decimal comma between commas": (
        '"Date/Time","Ch1 °C"\n"2 Mar 2026 08:00:00","4,5"\n"2 Mar 2026 08:10:00","5,1"\n"2 Mar 2026 08:20:00","9,4"\n'
    ),
    "the unit in the cells": "2026-03-02 08:00|4.5 °C\n2026-03-02 08:10|5.1 °C\n2026-03-02 08:20|9.4 °C\n",
}


@pytest.mark.requirement("COI-SCAN-11")
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_files_of_common_loggers_say_the_same(name, encoding):
    log = parse(FILES[name].encode(encoding), zone="Europe/Berlin")
    assert len(log.readings) == 3
    assert log.unread == ()
    assert (log.lowest, log.highest) == (Decimal("4.5"), Decimal("9.4"))
    if "American" not in name:
        assert log.readings[0].at == datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
        assert log.readings[-1].at == datetime(2026, 3, 2, 7, 20, tzinfo=UTC)
        assert log.mean == Decimal("6.33")
    else:
        assert log.unit == "F"
        assert log.readings[-1].at == datetime(2026, 3, 14, 13, 20, tzinfo=UTC)


@pytest.mark.requirement("COI-SCAN-11")
def test_excursions_last_until_it_was_inside_again():
    values = [5, 8, 8.1, 12, 7, 6, 1.5, 1, 9]
    lines = [f"2026-03-02 08:{n:02d};{value}" for n, value in enumerate(values)]
    log = parse("\n".join(["Time;Temp °C", *lines]).encode(), zone="UTC")
    first, second = log.excursions(FRIDGE)
    begin = datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert (first.begins, first.ends) == (begin + timedelta(minutes=2), begin + timedelta(minutes=4))
    assert (first.worst, first.readings) == (Decimal(12), 2)
    assert (second.begins, second.ends) == (begin + timedelta(minutes=6), begin + timedelta(minutes=8))
    assert second.worst == Decimal(1)
    assert log.excursions(Range(None, Decimal(20), "Cel")) == ()


@pytest.mark.requirement("COI-SCAN-11")
def test_lines_that_say_nothing_are_counted_not_passed_over():
    text = "Time;Temp °C\n2026-03-02 08:00;4\n2026-03-02 08:10;---\n2026-03-02 08:20;Error\n2026-03-02 08:30;5\n"
    assert parse(text.encode(), zone="UTC").unread == (3, 4)


REFUSED = {
    "a spreadsheet": (b"PK\x03\x04" + b"\0" * 50, "spreadsheet"),
    "a PDF": (b"%PDF-1.7\n", "PDF"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0", "no text"),
    "nothing": (b" \n", "empty file"),
    "no table": (b"a,b\nc,d\n", "none in 2 lines"),
    "no unit": (b"2026-03-02 08:00;4\n2026-03-02 08:10;5\n", "no unit"),
    "both units": ("Time;°C;°F\n2026-03-02 08:00;4;39\n2026-03-02 08:10;5;41\n".encode(), "°C and °F"),
    "days that can be two": ("Date;°C\n03/04/2026 08:00;4\n03/04/2026 09:00;4\n".encode(), "which can be two"),
    "one reading": ("Date;°C\n2026-03-02 08:00;4\n".encode(), "1"),
    "no logger can": ("Date;°C\n2026-03-02 08:00;400\n2026-03-02 08:10;401\n".encode(), "400"),
    "too much": (b"x" * (MOST_BYTES + 1), "5.0 MB"),
}


@pytest.mark.requirement("COI-SCAN-11")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_known_for_sure_is_refused_in_words(name):
    data, words = REFUSED[name]
    with pytest.raises(NotUnderstood) as told:
        parse(data, zone="Europe/Berlin")
    assert words in told.value.came
    assert told.value.do


def test_days_that_can_be_two_are_known_when_the_file_says_so():
    text = "Date (DD/MM/YYYY);°C\n03/04/2026 08:00;4\n03/04/2026 09:00;4\n"
    assert parse(text.encode(), zone="UTC").readings[0].at == datetime(2026, 4, 3, 8, tzinfo=UTC)
    text = text.replace("DD/MM", "MM/DD")
    assert parse(text.encode(), zone="UTC").readings[0].at == datetime(2026, 3, 4, 8, tzinfo=UTC)
