"""A process definition in words: a table, a page, a diagram. Derived from the definition, so it cannot say else.

`python -m coi_tracker.process.describe` prints the page; with `--pin` it writes docs/process, docs/reasons.md and the
pinned digest of every definition anew (see `pinning`). Knows no particular step.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from coi_tracker.process.diagram import mermaid
from coi_tracker.process.digest import definition, digest
from coi_tracker.process.graph import STATES
from coi_tracker.process.spec import WINDING_UP, WORKING, Field, FieldKind, Move, Process, ProtocolPath, Step, walk
from coi_tracker.process.supplies import Given
from coi_tracker.vocabulary import Track

__all__ = ["Row", "definition", "digest", "markdown", "mermaid", "table"]


@dataclass(frozen=True, slots=True)
class Row:
    """One step in words."""

    chapter: str
    step: str
    title: str
    by: tuple[str, ...]
    at: tuple[str, ...]
    moves: tuple[str, ...]
    evidence: tuple[str, ...]
    needs: tuple[str, ...]
    effects: tuple[str, ...]
    source: str


def table(process: Process) -> tuple[Row, ...]:
    """Every step in words, in the order of the chapters."""
    return tuple(_row(chapter, process.steps[name]) for chapter, names in process.chapters.items() for name in names)


def _row(chapter: str, step: Step) -> Row:
    return Row(
        chapter=chapter,
        step=step.name,
        title=step.title,
        by=tuple(sorted(step.by)),
        at=tuple(sorted(step.at)),
        moves=tuple(_move(m) for m in step.moves),
        evidence=tuple(_asked(f) for f in step.fields),
        needs=(*(n.say() for n in step.needs if not isinstance(n, Given)), *_always(step)),
        effects=tuple(e.say() for e in step.effects),
        source=step.source,
    )


def _move(move: Move) -> str:
    sources = ", ".join(sorted(move.sources))
    return f"{move.track}: {sources}" + (f" → {move.to}" if move.to is not None else "")


def _asked(field: Field) -> str:
    kind = "" if field.kind in {FieldKind.TEXT, FieldKind.CHOICE} else f" ({field.kind})"
    unit = f" [{field.unit}]" if field.unit else ""
    given = "" if field.required else ", optional"
    return f"{field.name}{kind}{unit}: {field.asks}{_limits(field)}{given}"


def _limits(field: Field) -> str:
    words = ""
    if isinstance(field.choices, ProtocolPath):
        words += f"; one of *{field.choices}*"
    elif field.choices:
        words += f"; one of {', '.join(field.choices)}"
    if isinstance(field.limits, ProtocolPath):
        words += f"; *{field.limits}*"
    elif field.limits is not None:
        low, high = field.limits
        words += f"; at least {low}" if low is not None else ""
        words += f"; at most {high}" if high is not None else ""
    return words


def _always(step: Step) -> Iterator[str]:
    """What the engine itself asks of the course, in words."""
    if step.forbidden_by:
        until = f" (until the course remembers {step.forbidden_until}; then only one on everything)"
        blocks = " or ".join(sorted(step.forbidden_by))
        yield f"no hold that blocks {blocks}{until if step.forbidden_until else ''}"
    if any(m.track is Track.STANDING for m in step.moves):
        return  # the move says it
    if step.standing == WINDING_UP:
        yield "possible after withdrawal or termination too"
    elif step.standing == STATES[Track.STANDING]:
        yield "possible in every standing"
    elif step.standing != WORKING:
        yield f"standing {' or '.join(sorted(step.standing))}"


def markdown(process: Process) -> str:
    """The page of a process: what it is, its tracks as a diagram, a table a chapter, the limits it asks for."""
    return "\n".join((*_head(process), *_diagram(process), *_chapters(process), *_limits_used(process))) + "\n"


def _head(process: Process) -> tuple[str, ...]:
    return (
        f"# {process.title}",
        "",
        f"Process `{process.key}` version {process.version}, {len(process.steps)} steps. Digest `{digest(process)}`.",
        "",
        "Printed from the definition by `python -m coi_tracker.process.describe --pin`; a test holds this page",
        "equal to it. Names in *italics* are limits that the protocol file of the study decides.",
        "",
        "For every step, besides what the table says: a registered station of the place; the actor holds one of the",
        "roles there and is trained for it; the course is active or on hold, unless another standing is named; a site",
        "acts on its own subjects only, a facility on its own courses; the station's clock is right, or the entry is a",
        "late one, with a reason and a second person who signs `late_entry`. A comment may always be given.",
        "",
    )


def _diagram(process: Process) -> tuple[str, ...]:
    return (
        "## Tracks",
        "",
        "The names of steps stand on the arrows; one in (parentheses) moves the track only when its effect says so.",
        "",
        "```mermaid",
        *mermaid(process).splitlines(),
        "```",
        "",
    )


def _chapters(process: Process) -> Iterator[str]:
    rows = table(process)
    for chapter in process.chapters:
        yield f"## {chapter}"
        yield ""
        yield "| step | by, at | from → to | evidence | must hold | does | source |"
        yield "|---|---|---|---|---|---|---|"
        yield from (_line(row) for row in rows if row.chapter == chapter)
        yield ""


def _line(row: Row) -> str:
    cells = (
        (f"`{row.step}`", row.title),
        (", ".join(row.by), "at " + ", ".join(row.at)),
        row.moves,
        row.evidence,
        row.needs,
        row.effects,
        (row.source,),
    )
    return "| " + " | ".join(_cell(lines) for lines in cells) + " |"


def _cell(lines: Iterable[str]) -> str:
    return "<br>".join(line.replace("|", "\\|") for line in lines)


def _limits_used(process: Process) -> Iterator[str]:
    used: dict[str, list[str]] = {}
    for step in process.steps.values():
        for path in _paths(step):
            used.setdefault(str(path), []).append(step.name)
    yield "## What the protocol file decides"
    yield ""
    yield "| limit | asked for by |"
    yield "|---|---|"
    for name in sorted(used):
        yield f"| *{name}* | {', '.join(dict.fromkeys(used[name]))} |"


def _paths(step: Step) -> Iterator[ProtocolPath]:
    for value in walk((*step.needs, *step.effects, *step.fields)):
        found = (getattr(value, f.name) for f in fields(value))
        yield from (one for one in found if isinstance(one, ProtocolPath))


if __name__ == "__main__":
    from coi_tracker.process.pinning import main

    sys.exit(main(sys.argv[1:]))
