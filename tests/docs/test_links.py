"""Links of the documentation lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import tree

PAGES = [path for path in tree.files() if path.suffix == ".md"]


def targets(text: str) -> list[str]:
    """What the links of a Markdown text point to; code is not a link."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    return re.findall(r"\]\(<?([^)\s>]+)>?[^)]*\)", prose)


def anchors(text: str) -> set[str]:
    """The anchors that the headings of a page get where it is shown."""
    headings = re.findall(r"^#+ +(.+?) *$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def is_broken(page: Path, target: str) -> bool:
    if re.match(r"[a-z]+:", target):
        return False  # the outside world is not ours to test
    name, _, anchor = target.partition("#")
    goal = (tree.ROOT / page).parent / name if name else tree.ROOT / page
    if not goal.exists():
        return True
    return bool(anchor) and goal.suffix == ".md" and anchor not in anchors(goal.read_text())


@pytest.mark.requirement("COI-REPO-07")
@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_resolve(page: Path) -> None:
    text = (tree.ROOT / page).read_text()
    assert [target for target in targets(text) if is_broken(page, target)] == []
