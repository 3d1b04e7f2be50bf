"""The type checker refuses what the value classes are for: a serial in the place of a COI identifier."""

from __future__ import annotations

from pathlib import Path

import pytest
from mypy import api

MIXED = """
from coi_tracker.identity import BadgeCode, CoiId, LabelSerial, ScanPayload

def close(course: CoiId) -> None: ...

def wrong(coi: CoiId, serial: LabelSerial, badge: BadgeCode) -> None:
    close(serial)
    close("C7K29QFD3M8A3")
    ScanPayload(serial, serial)
    print(coi == serial)
    print(coi < badge)
    coi.text = "x"
"""
RIGHT = (
    MIXED.split("    close(serial)", maxsplit=1)[0]
    + "    close(coi)\n    ScanPayload(coi, serial)\n    print(coi == coi)\n"
)


def checked(source: str, tmp_path: Path) -> list[str]:
    file = tmp_path / "snippet.py"
    file.write_text(source)
    out, _, _ = api.run(["--strict", "--no-error-summary", "--cache-dir", str(tmp_path / "cache"), str(file)])
    return [line for line in out.splitlines() if ": error:" in line]


@pytest.mark.requirement("COI-ID-14")
@pytest.mark.slow
def test_mixing_kinds_is_a_type_error_on_every_line_that_does_it(tmp_path: Path) -> None:
    lines = {int(line.split("snippet.py:")[1].split(":")[0]) for line in checked(MIXED, tmp_path)}
    first = MIXED.splitlines().index("    close(serial)") + 1
    assert lines == set(range(first, first + 6))
    assert checked(RIGHT, tmp_path) == []
