"""What a station shows, word for word, and what of it only programs can read.

`said` takes an outcome apart into the texts that its page draws. `raw` names what is no word for people.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from flask import Flask

from coi_tracker.services.floor.screen import Outcome
from web.station.answers import parts

RAW = {
    "snake_case": re.compile(r"[a-z0-9]_[a-z0-9]"),
    "the id of a container": re.compile(r"\bC[0-9A-Z.]{3,12}/"),
    "a COI without its groups": re.compile(r"\bC[0-9A-HJKMNP-TV-Z]{12}\b"),
    "the id of an entry": re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-"),
    "a time for programs": re.compile(r"\d{4}-\d\d-\d\d|\d\d:\d\d(?::\d\d)?Z|\+00:00"),
    "a value of the language": re.compile(r"\bNone\b|\bTrue\b|\bFalse\b|[{}]|\[\[|\['|\bCel\b"),
    "the name of a fact": re.compile(r"\b[a-z]+\.[a-z][a-z_]+"),
}
ALLOWED = {
    "what somebody has typed is shown as it was typed": re.compile(r"\S+ as it was"),
    "a lot is called what its maker printed on it": re.compile(r"LOT-\S+"),
    "a position and a suite are called what stands on their door": re.compile(r"[a-z-]+/suite-\d"),
    "an account is what its owner types to sign in": re.compile(
        r"\b(?:hugo\.yarrow|irma\.imhof)\b|^[a-z]+\.[a-z]+(?=: not authenticated)"
    ),
    "what was scanned or typed is shown as it was": re.compile(r"COI1:[A-Z0-9:]+|^[0-9a-f-]{36}$"),
}
"""Each with its reason. Nothing else that looks like this is to be read at a station."""
_CODE_OF_A_REASON = re.compile(r'<p class="code-name">.*?</p>', re.DOTALL)
"""Small, under the words of a refusal: what somebody tells on the telephone, and finds in the list of reasons."""
_TEXT = re.compile(r">([^<>]+)<")
_SPOKEN = re.compile(r'(?:aria-label|data-shown|placeholder)="([^"]*)"')


def said(app: Flask, outcome: Outcome) -> Iterator[str]:
    """Every text that the page draws of an outcome, and what a screen reader or the list of scans says."""
    with app.test_request_context("/scan"):
        drawn = parts(outcome)
    page = _CODE_OF_A_REASON.sub("", f">{drawn['verdict']}{drawn['screen']}<")
    for found in (*_TEXT.findall(page), *_SPOKEN.findall(page)):
        text = " ".join(html.unescape(found).split())
        if text:
            yield text


def raw(texts: Iterable[str]) -> list[str]:
    """Of these texts those that are not for people, with what they show."""
    found = []
    for text in dict.fromkeys(texts):
        left = text
        for allowed in ALLOWED.values():
            left = allowed.sub("", left)
        found += [f"{what}: {text[:160]}" for what, pattern in RAW.items() if pattern.search(left)][:1]
    return found
