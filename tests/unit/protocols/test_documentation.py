"""The page for those who write a protocol file knows every key, and its example is what the tracker says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from coi_tracker.protocols import ProtocolError, builtin_keys, parse_protocol
from tests.unit.protocols.toml_text import leaves, shipped

PAGE = Path(__file__).parents[3] / "docs" / "protocol_files.md"
FREE = {"cohorts", "manufactures", "release_tests", "regimens"}
EXPLAINED_TOGETHER = {"lots", "equipment", "texts", "default_blocks"}


@pytest.mark.requirement("COI-PROT-07")
def test_every_key_of_a_file_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"[a-z0-9_]+", page))
    for path, _ in leaves(tomllib.loads(shipped("iov_lun_202"))):
        names = [name for name in path if isinstance(name, str)]
        for before, name in zip(["", *names], names, strict=False):
            if before in FREE or before in EXPLAINED_TOGETHER:
                continue
            assert name in named, path


def test_every_shipped_file_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{key}.toml`" in page for key in builtin_keys())


def test_the_example_of_a_mistake_is_what_the_tracker_says() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    with pytest.raises(ProtocolError) as refused:
        parse_protocol(shipped("iov_lun_202").replace('"48 h" ', '"48 Cel" '), name="my_study.toml")
    told = str(refused.value.problems[0])
    assert re.sub(r"line \d+", "", told) in re.sub(r"line \d+", "", page)


def test_the_examples_of_quantities_are_in_the_shipped_files() -> None:
    texts = "".join(shipped(key) for key in builtin_keys())
    page = PAGE.read_text(encoding="utf-8")
    for example in re.findall(r'`(\{ .*? \}|"[<>]?=? ?-?\d.*?")`', page):
        assert example in texts, example
