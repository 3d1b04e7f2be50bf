"""Reads protocol files: from a path, from a text, or from those shipped with the tracker.

The only place that opens them. A file is used whole or not at all; what is wrong with it is said all at once,
with file, line and key. Knows neither courses nor the log, which pins the version of a course by digest.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import cast

from coi_tracker.protocols.checks import check
from coi_tracker.protocols.lines import KeyLines
from coi_tracker.protocols.model import Protocol
from coi_tracker.protocols.problems import Finding, Problem, ProtocolError, dotted
from coi_tracker.protocols.problems import Path as KeyPath
from coi_tracker.protocols.reading import Reader

MAX_BYTES = 1_000_000
"""Larger files are refused unread: a protocol is a few pages."""

_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def load_protocol(source: Path | str) -> Protocol:
    """The protocol of a file (a `Path`, or a text of one line) or of a TOML text (of several lines).

    Raises ProtocolError with every problem.
    """
    if isinstance(source, str) and "\n" in source:
        return parse_protocol(source)
    path = Path(source)
    return parse_protocol(_text_of(path), name=path.name)


def builtin(key: str) -> Protocol:
    """The shipped protocol whose file has that name (without .toml). Raises ProtocolError for others."""
    return _builtin(key)


def builtin_keys() -> tuple[str, ...]:
    """The names of the shipped protocol files, without .toml."""
    files = resources.files("coi_tracker.protocols").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def builtin_text(key: str) -> str:
    """The text of the shipped file of that name (without .toml), to release it. Raises ProtocolError for others."""
    if key not in builtin_keys():
        raise _refused(key, 1, f"one of the shipped protocols {', '.join(builtin_keys())}", f'the name "{key}"')
    return resources.files("coi_tracker.protocols").joinpath(f"{key}.toml").read_text(encoding="utf-8")


@cache
def _builtin(key: str) -> Protocol:
    return parse_protocol(builtin_text(key), name=f"{key}.toml")


def parse_protocol(text: str, *, name: str = "the text") -> Protocol:
    """The protocol of a TOML text; problems call it `name`. Raises ProtocolError with every problem."""
    raw = _toml(text, name)
    reader = Reader()
    protocol = cast(Protocol, reader.record(Protocol, raw, ()))
    gaps = bool(reader.findings)
    findings = [*reader.findings, *check(protocol, gaps=gaps), *_unknown_sources(raw)]
    if findings:
        raise ProtocolError(_placed(findings, KeyLines(text), name))
    return protocol


def _toml(text: str, name: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _AT_LINE.search(str(error))
        last = text.count("\n") + 1
        line = int(match[1]) if match and match[1] else last
        raise _refused(name, line, "a TOML text", f"a mistake: {_AT_LINE.sub('', str(error))}") from None
    except RecursionError:
        raise _refused(name, 1, "a TOML text", "lists or tables nested too deeply") from None


def _text_of(path: Path) -> str:
    expected = "a protocol file (TOML, UTF-8)"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _refused(path.name, 1, expected, f"nothing readable: {error}") from None
    if len(data) > MAX_BYTES:
        raise _refused(path.name, 1, f"{expected} of at most {MAX_BYTES} bytes", "a larger one")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(path.name, line, expected, "bytes that are not UTF-8") from None


def _refused(name: str, line: int, expected: str, came: str) -> ProtocolError:
    return ProtocolError([Problem(name, line, "", expected, came)])


def _placed(findings: list[Finding], lines: KeyLines, name: str) -> list[Problem]:
    """The findings with their lines, in the order of the file."""
    problems = [
        Problem(name, lines.of(finding.path), dotted(finding.path), finding.expected, finding.came)
        for finding in findings
    ]
    return sorted(problems, key=lambda problem: problem.line)


# --- sources --------------------------------------------------------------------------------------


def _unknown_sources(raw: dict[str, object]) -> list[Finding]:
    """Paths marked as to be confirmed that lead to nothing in the file."""
    sources = raw.get("sources")
    marked = sources.get("to_confirm") if isinstance(sources, dict) else None
    return [
        Finding((*_SOURCES, position), "the path of a value in this file", f'the text "{path}"')
        for position, path in enumerate(marked if isinstance(marked, list) else [])
        if isinstance(path, str) and not _leads_somewhere(raw, path)
    ]


_SOURCES: KeyPath = ("sources", "to_confirm")


def _leads_somewhere(raw: object, path: str) -> bool:
    """Whether dotted keys lead to a value; an entry of a list goes by its `key`."""
    for name in path.split("."):
        if isinstance(raw, list):
            raw = {entry.get("key"): entry for entry in raw if isinstance(entry, dict)}
        if not isinstance(raw, dict) or name not in raw:
            return False
        raw = raw[name]
    return True
