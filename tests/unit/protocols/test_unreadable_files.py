"""What is no protocol at all, or cannot be read, is refused with a sentence."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coi_tracker.errors import Misconfigured
from coi_tracker.protocols import Problem, ProtocolError, builtin, load_protocol, parse_protocol
from tests.unit.protocols.toml_text import shipped

pytestmark = pytest.mark.requirement("COI-PROT-07")

TEXT = shipped("iov_lun_202")


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ProtocolError) as refused:
        parse_protocol(text, name="trial.toml")
    return refused.value.problems


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('key = "a"\nkey = "b"\n', 2),
        ("[a]\n[b]\n[a]\n", 3),
        ('key = "a\n', 1),
        ("a = [1,\n2\n\n", 4),
        ("\n\n<xml/>\n", 3),
        ("a = " + "[" * 5000 + "\n", 1),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(text: str, line: int) -> None:
    (problem,) = problems_of(text)
    assert problem.line == line
    assert problem.expected == "a TOML text"


@given(st.text(max_size=60))
def test_any_text_at_all_gets_a_sentence(text: str) -> None:
    assert problems_of(text + "\n")


def test_a_file_is_read_by_its_path_and_named_in_problems(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TEXT, encoding="utf-8")
    assert load_protocol(file) == load_protocol(str(file)) == load_protocol(TEXT)
    file.write_text(TEXT.replace("= 95 ", "= 0 "), encoding="utf-8")
    with pytest.raises(ProtocolError, match=r"mine\.toml, line \d+: enrolment_limit"):
        load_protocol(file)


@pytest.mark.parametrize(
    ("content", "came"),
    [(b"\n\xff\xfe", "not UTF-8"), (b"a" * 1_000_001, "a larger one"), (None, "nothing readable")],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None, came: str) -> None:
    file = tmp_path / "mine.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ProtocolError) as refused:
        load_protocol(file)
    assert came in refused.value.problems[0].came


def test_a_shipped_file_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ProtocolError, match="iov_lun_202"):
        builtin("../secrets")


def test_the_error_is_one_of_the_set_up_and_survives_a_process_border() -> None:
    error = ProtocolError(problems_of(TEXT.replace("= 95 ", "= 0 ")))
    assert isinstance(error, Misconfigured)
    assert pickle.loads(pickle.dumps(error)).problems == error.problems
    assert "1 mistake" in str(error)
