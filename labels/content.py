"""What one label says. Does not know how it looks, nor the course or the person behind it.

There is no field for a name, a birth date or a record number, so none can be printed (21 CFR 1271.290(c)).
"""

from __future__ import annotations

from dataclasses import dataclass

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import ScanPayload, safe_excerpt
from coi_tracker.vocabulary import ContainerKind

MOST_PARTS = 999
LONGEST_TEXT = 300
MOST_TEXTS = 12


@dataclass(frozen=True, slots=True)
class LabelContent:
    """One label of one container. Raises NotUnderstood when it cannot be meant.

    `part` and `of` count containers of a kind from 1 (bag 2 of 3), or are both None. `texts` are the
    sentences the protocol requires, in its order. `study` and `site` are as the protocol and the place
    register write them.
    """

    payload: ScanPayload
    kind: ContainerKind
    part: int | None
    of: int | None
    study: str
    site: str
    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _refuse_odd_part(self.part, self.of)
        _refuse_odd_text("study", self.study)
        _refuse_odd_text("site", self.site)
        if len(self.texts) > MOST_TEXTS:
            raise NotUnderstood(
                expected=f"at most {MOST_TEXTS} texts on a label",
                came=f"{len(self.texts)}",
                do="put fewer texts on it",
            )
        for place, text in enumerate(self.texts, start=1):
            _refuse_odd_text(f"text {place}", text)

    def title(self) -> str:
        """Kind and part as a person says it: 'BAG 2 of 3'."""
        noun = self.kind.value.replace("_", " ").upper()
        return noun if self.part is None else f"{noun} {self.part} of {self.of}"


def _refuse_odd_part(part: int | None, of: int | None) -> None:
    if part is None and of is None:
        return
    if part is None or of is None or not 1 <= part <= of <= MOST_PARTS:
        raise NotUnderstood(
            expected=f"a part and a total with 1 <= part <= total <= {MOST_PARTS}, or neither",
            came=f"part {part} of {of}",
            do="give both as whole numbers, or leave both out",
        )


def _refuse_odd_text(name: str, text: str) -> None:
    if not text.strip() or text != text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
        raise NotUnderstood(
            expected=f"{name} of 1 to {LONGEST_TEXT} printable characters in one line, no blanks around it",
            came=f"'{safe_excerpt(text)}'",
            do=f"correct the {name} of this label",
        )
