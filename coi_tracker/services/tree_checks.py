"""The stored nodes of the tree: every one there, each the hash of the two below it, none that does not belong.

Level 0 is compared with the entries as they go by, by the caller. Reads two pages at a time.
"""

from __future__ import annotations

from coi_tracker.custody_log.merkle import node_hash
from coi_tracker.services.findings import Finding, Findings
from coi_tracker.storage.log_audit import node_counts, nodes_between
from coi_tracker.storage.transaction import Transaction

PAGE = 1000


def check_levels(tx: Transaction, found: Findings, size: int) -> None:
    """Everything above the leaves of a tree of `size` leaves, and that no level has more nodes than it may."""
    for level, (_count, last) in sorted(node_counts(tx).items()):
        if level < 0 or last >= size >> max(level, 0):
            found.add(Finding("tree", f"a node at level {level}, position {last} that the log has no entries for"))
    level = 1
    while size >> level:
        for first in range(0, size >> level, PAGE):
            _check_page(tx, found, level, first, min(first + PAGE, size >> level) - 1)
        level += 1


def _check_page(tx: Transaction, found: Findings, level: int, first: int, last: int) -> None:
    nodes = nodes_between(tx, level, first, last)
    below = nodes_between(tx, level - 1, 2 * first, 2 * last + 1)
    for position in range(first, last + 1):
        left, right = below.get(2 * position), below.get(2 * position + 1)
        if position not in nodes:
            problem = "is missing"
        elif left is None or right is None or nodes[position] == node_hash(left, right):
            continue  # a node that is missing below is named there
        else:
            problem = "is not the hash of the two below it"
        span = (position << level, (position + 1) << level)
        found.add(Finding("tree", f"the node at level {level}, position {position} {problem}", span[0], upto=span[1]))
