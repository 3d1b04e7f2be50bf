"""On which line of a TOML text each key stands; the standard parser does not say.

Reads only text that `tomllib` has accepted, so it need not know what is allowed, just where things begin.
Knows nothing about protocols. Follows TOML 1.0.0: headers, lists of tables, dotted and quoted keys, inline
tables, nested lists, the four kinds of string.
"""

from __future__ import annotations

import re
import tomllib

from coi_tracker.protocols.problems import Path

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART = re.compile(r"""[ \t]*("(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*""")
_STRING = re.compile(
    r"""
    \"{3} (?: \\. | [^\\] )*? \"{3,5}    # several lines, with escapes
    | '{3} .*? '{3,5}                       # several lines, as written
    | " (?: \\. | [^"\\\n] )* "            # one line, with escapes
    | ' [^'\n]* '                           # one line, as written
    """,
    re.DOTALL | re.VERBOSE,
)
_BARE = re.compile(r"[^,\]}\n#]*")


class KeyLines:
    """The line (from 1) of every key and list entry of a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Path, int] = {}
        self._lists: dict[Path, int] = {}
        self._scan()

    def of(self, path: Path) -> int:
        """The line of a key, or of the nearest thing around it that the text has."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def paths(self) -> tuple[Path, ...]:
        """Every path the text has, in its order."""
        return tuple(self._lines)

    def _scan(self) -> None:
        table: Path = ()
        self._skip_blank()
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip_blank()

    def _header(self) -> Path:
        """`[a.b]` or `[[a.b]]`: the path of the table that follows."""
        start = self._at
        opening = "[[" if self._text.startswith("[[", self._at) else "["
        self._at += len(opening)
        name = self._inside_lists(self._key())
        self._at += len(opening)
        if opening == "[[":
            self._note(name, start)
            self._lists[name] = self._lists.get(name, -1) + 1
            name = (*name, self._lists[name])
        for length in range(1, len(name) + 1):
            self._note(name[:length], start)
        return name

    def _inside_lists(self, names: Path) -> Path:
        """The path with the position of the last entry after each list of tables it goes through."""
        path: Path = ()
        for name in names[:-1]:
            path = (*path, name)
            path = (*path, self._lists[path]) if path in self._lists else path
        return (*path, names[-1])

    def _pair(self, table: Path) -> None:
        start = self._at
        path = table
        for name in self._key():
            path = (*path, name)
            self._note(path, start)
        self._expect("=")
        self._value(path)

    def _key(self) -> Path:
        parts: list[str] = []
        while match := _KEY_PART.match(self._text, self._at):
            parts.append(_unquoted(match[1]))
            self._at = match.end()
            if not self._text.startswith(".", self._at):
                break
            self._at += 1
        return tuple(parts)

    def _value(self, path: Path) -> None:
        self._skip_blank()
        if self._text.startswith("[", self._at):
            self._list(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        elif match := _STRING.match(self._text, self._at) or _BARE.match(self._text, self._at):
            self._at = match.end()

    def _list(self, path: Path) -> None:
        self._at += 1
        position = 0
        while not self._closes("]"):
            entry = (*path, position)
            self._note(entry, self._at)
            self._value(entry)
            position += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while not self._closes("}"):
            self._pair(path)

    def _closes(self, bracket: str) -> bool:
        """Past blanks and a comma: whether the bracket closes here (or, against endless loops, the text)."""
        self._skip_blank()
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip_blank()
        if self._at >= len(self._text):
            return True
        if self._text[self._at] != bracket:
            return False
        self._at += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._text.startswith(sign, self._at):
            raise ValueError(f"{sign!r} was expected at character {self._at}: the text is not TOML")
        self._at += len(sign)

    def _skip_blank(self) -> None:
        match = _BLANK.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _note(self, path: Path, at: int) -> None:
        self._lines.setdefault(path, self._text.count("\n", 0, at) + 1)


def _unquoted(part: str) -> str:
    if part[0] not in "\"'":
        return part
    return str(tomllib.loads(f"key = {part}")["key"])
