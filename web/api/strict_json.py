"""JSON read strictly: what two programs could read differently is not read at all.

No field twice, no NaN, no floats (a decimal number is written as text), no endless nesting, no half characters.
"""

from __future__ import annotations

import json
from typing import Any

from flask.json.provider import DefaultJSONProvider

from coi_tracker.errors import NotUnderstood

DEEPEST = 20
LONGEST_NUMBER = 18
"""Digits. What is counted here is far below."""
_EXPECTED = "one JSON value in UTF-8"
_DO = "send other JSON; nothing was recorded"


class StrictJson(DefaultJSONProvider):
    """The JSON of the whole application."""

    ensure_ascii = True

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """The value. Raises NotUnderstood."""
        return read(s)

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """JSON that is harmless wherever it is pasted."""
        return harmless(super().dumps(obj, **kwargs))


def harmless(text: str) -> str:
    """The same JSON without a character that means something to HTML: those are in texts only, and have numbers."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def read(text: str | bytes) -> Any:
    """The value of a JSON text. Raises NotUnderstood, and repeats nothing of the text."""
    try:
        plain = text if isinstance(text, str) else text.decode("utf-8")
        value = json.loads(
            plain, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_no_float, parse_int=_whole
        )
    except UnicodeDecodeError:
        raise _wrong("bytes that are not UTF-8") from None
    except RecursionError:
        raise _wrong("values nested too deep") from None
    except json.JSONDecodeError as error:
        raise _wrong(f"no JSON, from character {error.pos}") from None
    _look_into(value)
    return value


def _wrong(came: str) -> NotUnderstood:
    return NotUnderstood(expected=_EXPECTED, came=came, do=_DO)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _wrong("a field that is there twice")
    return found


def _no_number(word: str) -> Any:
    raise _wrong(f"{word}, which is no number of JSON")


def _no_float(_: str) -> Any:
    raise NotUnderstood(
        expected="whole numbers, and decimal numbers as text", came="a number with a fraction or an exponent", do=_DO
    )


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > LONGEST_NUMBER:
        raise _wrong(f"a number of more than {LONGEST_NUMBER} digits")
    return int(digits)


def _look_into(value: Any) -> None:
    """Nesting and characters, without recursion: what is nested deep must not fail here."""
    waiting = [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        if depth > DEEPEST:
            raise _wrong("values nested too deep")
        if isinstance(one, str) and not _whole_characters(one):
            raise _wrong("half of a character")
        if isinstance(one, dict):
            waiting += [(name, depth) for name in one]
            waiting += [(inner, depth + 1) for inner in one.values()]
        elif isinstance(one, list):
            waiting += [(inner, depth + 1) for inner in one]


def _whole_characters(text: str) -> bool:
    """Whether no surrogate stands alone: such text cannot be written in UTF-8, and so not kept."""
    return text.isascii() or not any("\ud800" <= one <= "\udfff" for one in text)
