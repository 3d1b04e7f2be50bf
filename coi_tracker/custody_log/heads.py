"""The heads tree: how long every chain is at the moment a checkpoint is signed.

Its leaves are the last entries of all chains but `log`, sorted by chain name; its root stands in the evidence
of the `checkpoint_heads` entry, which is the last entry under the checkpoint. So one path in this tree shows
that nothing of a course was held back, and no other patient's line is seen. It does not know how the heads
were found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from coi_tracker.custody_log.chain import LOG_CHAIN, Head
from coi_tracker.custody_log.entry import canonical
from coi_tracker.custody_log.merkle import leaf_hash, node_hash, root, verify_inclusion
from coi_tracker.custody_log.note import from_base64, to_base64


class HeadsError(ValueError):
    """Heads that cannot make a tree, or a chain that is not in it."""


@dataclass(frozen=True, slots=True)
class HeadProof:
    """That a chain ends at `seq` with `digest` (32 bytes): its leaf's place in the tree, and audit path."""

    chain: str
    seq: int
    digest: bytes
    leaf_index: int
    path: tuple[bytes, ...]

    def verifies(self, heads_root: bytes, leaves: int) -> bool:
        """Whether this is under `heads_root`, the root of a heads tree of `leaves` leaves."""
        leaf = head_leaf(Head(self.chain, self.seq, self.digest))
        return verify_inclusion(leaf, self.leaf_index, size=leaves, path=self.path, root=heads_root)


def head_leaf(head: Head) -> bytes:
    """The leaf hash of one head: SHA-256(0x00 || canonical {"chain", "digest" in hex, "seq"})."""
    return leaf_hash(canonical({"chain": head.chain, "digest": head.digest.hex(), "seq": head.seq}))


def sorted_heads(heads: Iterable[Head]) -> list[Head]:
    """The heads in the order of the leaves, the log's own chain left out.

    HeadsError when a chain comes twice.
    """
    chosen = sorted((h for h in heads if h.chain != LOG_CHAIN), key=lambda h: h.chain.encode())
    for before, after in pairwise(chosen):
        if before.chain == after.chain:
            raise HeadsError(f"two heads of the chain {after.chain}")
    return chosen


def heads_root(heads: Iterable[Head]) -> bytes:
    """The root of the heads tree (32 bytes)."""
    return root(head_leaf(head) for head in sorted_heads(heads))


def heads_evidence(heads: Iterable[Head]) -> dict[str, Any]:
    """The evidence of the `checkpoint_heads` entry over these heads."""
    chosen = sorted_heads(heads)
    return {"heads_root": to_base64(root(map(head_leaf, chosen))), "leaves": len(chosen)}


def parse_heads_evidence(evidence: Mapping[str, Any]) -> tuple[bytes, int]:
    """Root (32 bytes) and number of leaves out of the evidence of a `checkpoint_heads` entry."""
    encoded, leaves = evidence.get("heads_root"), evidence.get("leaves")
    if set(evidence) != {"heads_root", "leaves"} or not isinstance(encoded, str):
        raise HeadsError("the evidence of a checkpoint_heads entry is heads_root and leaves")
    if not isinstance(leaves, int) or isinstance(leaves, bool) or leaves < 0:
        raise HeadsError(f"the number of leaves is {leaves!r}")
    return from_base64(encoded), leaves


class HeadsTree:
    """All levels of a heads tree in memory (about 64 bytes a chain), to give many proofs quickly."""

    def __init__(self, heads: Iterable[Head]) -> None:
        self._heads = sorted_heads(heads)
        self._place = {head.chain: place for place, head in enumerate(self._heads)}
        self._levels = _levels([head_leaf(head) for head in self._heads])

    def __len__(self) -> int:
        return len(self._heads)

    def root(self) -> bytes:
        """The root (32 bytes)."""
        return self._levels[-1][0] if self._heads else root(())

    def proof(self, chain: str) -> HeadProof:
        """The proof of one chain's end. HeadsError when the chain has no entry yet."""
        if chain not in self._place:
            raise HeadsError(f"no head of the chain {chain}")
        place = self._place[chain]
        head = self._heads[place]
        path = []
        for depth, level in enumerate(self._levels[:-1]):
            sibling = (place >> depth) ^ 1
            if sibling < len(level):
                path.append(level[sibling])
        return HeadProof(chain, head.seq, head.digest, place, tuple(path))


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """The tree level by level. An odd last node moves up unchanged, which is RFC 6962's shape at any size."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = zip(below[::2], below[1::2], strict=False)
        above = [node_hash(left, right) for left, right in pairs]
        levels.append(above + below[len(above) * 2 :])
    return levels
