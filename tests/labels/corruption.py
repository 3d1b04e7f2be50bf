"""Codes as hands and scanners spoil them: a generator of spoiled texts, and a count of what becomes of them.

Long form: `python -m tests.labels.corruption 1000000` (prints the counts; ends with 1 when one was taken for another).
"""

from __future__ import annotations

import random
import string
import sys
from collections import Counter
from collections.abc import Callable

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import Code, Read, read_scan
from labels.kinds import LabelKind
from tests.unit.labels import sample

Spoil = Callable[[random.Random, str], str]

_LOOK_ALIKES = {"0": "OoDQ", "1": "IilL|", "2": "Zz", "5": "Ss", "8": "B", "6": "G", "V": "UuY", "B": "8", "S": "5$"}
_QWERTZ = str.maketrans("YZyz:-/", "ZYzyÖß-")
_AZERTY = str.maketrans("QAWZMqawzm:-1234567890", "AQZW:aqzw,M)&é\"'(-è_çà")
_PREFIXES = ("", "]Q1", "]Q0", "]d1", "]d2", "]C0", "]C1", "]E0", "\x02", "#", "  ", "\t")
_SUFFIXES = ("", "\r", "\n", "\r\n", "\t", " ", "\x03", ";", "\x00")


def substituted(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text))
    return text[:place] + rng.choice(string.printable + "äßı０７СВ") + text[place + 1 :]


def twice_substituted(rng: random.Random, text: str) -> str:
    """Not among KINDS: one check character lets one in 37 pairs of errors through, and then the record must refuse."""
    return substituted(rng, substituted(rng, text))


def transposed(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text) - 1)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def truncated(rng: random.Random, text: str) -> str:
    cut = rng.randrange(1, len(text))
    return rng.choice([text[:cut], text[cut:], text[: cut - 1] + text[cut:]])


def doubled(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text))
    return rng.choice([text[: place + 1] + text[place:], text + text, text + "\r" + text])


def looked_alike(rng: random.Random, text: str) -> str:
    places = [place for place, character in enumerate(text) if character in _LOOK_ALIKES]
    if not places:
        return text
    place = rng.choice(places)
    return text[:place] + rng.choice(_LOOK_ALIKES[text[place]]) + text[place + 1 :]


def cased(rng: random.Random, text: str) -> str:
    return rng.choice([text.lower(), text.swapcase(), text.capitalize()])


def on_another_keyboard(rng: random.Random, text: str) -> str:
    return text.translate(rng.choice([_QWERTZ, _AZERTY]))


def between_noise(rng: random.Random, text: str) -> str:
    return rng.choice(_PREFIXES) + text + rng.choice(_SUFFIXES)


KINDS: tuple[Spoil, ...] = (
    substituted, transposed, truncated, doubled, looked_alike, cased, on_another_keyboard, between_noise,
)  # fmt: skip


def harmless(text: str) -> list[str]:
    """What scanners and keyboards do to a code that does not matter."""
    noisy = [text.lower(), text + "\r", text + "\r\n", "  " + text + "\t"]
    return noisy + [prefix + text for prefix in ("]Q1", "]d1", "]C0")]


THINGS = (LabelKind.STATION, LabelKind.BADGE, LabelKind.LOCATION)


def originals(count: int) -> list[Read]:
    """Codes that stand on labels: payloads, serials, identifiers, and codes of things."""
    found: list[Read] = []
    for seed in range(count):
        payload = sample.payload(seed)
        found += [payload, payload.serial]
        found += [payload.coi] if payload.coi else []
        found += [
            sample.payload_of(kind, seed=seed) for kind in (LabelKind.STATION, LabelKind.BADGE, LabelKind.LOCATION)
        ]
    return found


def typed(rng: random.Random, thing: Read) -> str:
    """As it stands in the symbol, or as a person reads it from the label."""
    return thing.display() if isinstance(thing, Code) and rng.random() < 0.5 else str(thing)


def count(tries: int, *, seed: int) -> Counter[str]:
    """'right', 'refused' and 'wrong' of that many spoiled codes."""
    rng, things, counts = random.Random(seed), originals(300), Counter[str]()
    for _ in range(tries):
        thing = rng.choice(things)
        counts[fate(rng.choice(KINDS)(rng, typed(rng, thing)), thing)] += 1
    return counts


def fate(text: str, thing: Read) -> str:
    try:
        return "right" if read_scan(text) == thing else "wrong"
    except NotUnderstood:
        return "refused"


def main(tries: int) -> int:
    counts = count(tries, seed=1)
    print(f"{tries} spoiled codes: {counts['refused']} refused, {counts['right']} read right, {counts['wrong']} wrong")
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
