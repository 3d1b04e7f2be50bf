"""Proofs of the ends of some chains, from a stream of the heads of all: 64 bytes a chain, whatever their names.

For a bundle of one course among very many. The same tree as `heads`, which holds names and heads as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from coi_tracker.custody_log.chain import Head
from coi_tracker.custody_log.heads import HeadProof, HeadsError, head_leaf
from coi_tracker.custody_log.merkle import EMPTY_ROOT, HASH_SIZE, node_hash


class PackedHeads:
    """The heads tree over `heads` (in the byte order of their names, without `log`), to prove the chains `wanted`."""

    def __init__(self, heads: Iterable[Head], *, wanted: Collection[str]) -> None:
        self._found: dict[str, tuple[int, Head]] = {}
        leaves = bytearray()
        chosen = frozenset(wanted)
        for place, head in enumerate(heads):
            leaves += head_leaf(head)
            if head.chain in chosen:
                self._found[head.chain] = (place, head)
        self._levels = _levels(leaves)

    def __len__(self) -> int:
        return len(self._levels[0]) // HASH_SIZE

    def root(self) -> bytes:
        """The root (32 bytes)."""
        return bytes(self._levels[-1]) or EMPTY_ROOT

    def proof(self, chain: str) -> HeadProof:
        """The proof of one chain's end. HeadsError when it was not wanted, or has no entry."""
        if chain not in self._found:
            raise HeadsError(f"no head of the chain {chain}")
        place, head = self._found[chain]
        siblings = (_node(level, (place >> depth) ^ 1) for depth, level in enumerate(self._levels[:-1]))
        return HeadProof(chain, head.seq, head.digest, place, tuple(sibling for sibling in siblings if sibling))


def _node(level: bytearray, place: int) -> bytes:
    return bytes(level[place * HASH_SIZE : (place + 1) * HASH_SIZE])


def _levels(leaves: bytearray) -> list[bytearray]:
    """The tree level by level. An odd last node moves up unchanged, which is RFC 6962's shape at any size."""
    levels = [leaves]
    while len(levels[-1]) > HASH_SIZE:
        below, above = levels[-1], bytearray()
        for at in range(0, len(below), 2 * HASH_SIZE):
            left, right = bytes(below[at : at + HASH_SIZE]), bytes(below[at + HASH_SIZE : at + 2 * HASH_SIZE])
            above += node_hash(left, right) if right else left
        levels.append(above)
    return levels
