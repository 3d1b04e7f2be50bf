"""Packed heads are the heads tree, in less memory."""

from __future__ import annotations

import hashlib

import pytest

from coi_tracker.custody_log.chain import Head
from coi_tracker.custody_log.heads import HeadsError, HeadsTree, sorted_heads
from coi_tracker.custody_log.packed_heads import PackedHeads


@pytest.mark.requirement("COI-LOG-05")
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33])
def test_roots_and_proofs_are_those_of_the_heads_tree(size: int) -> None:
    chains = [f"course/{hashlib.sha256(bytes([n])).hexdigest()[:6]}" for n in range(size)]
    heads = sorted_heads(Head(chain, n + 1, hashlib.sha256(chain.encode()).digest()) for n, chain in enumerate(chains))
    plain, packed = HeadsTree(heads), PackedHeads(heads, wanted=chains)
    assert (packed.root(), len(packed)) == (plain.root(), len(plain))
    for chain in chains:
        assert packed.proof(chain) == plain.proof(chain)
        assert packed.proof(chain).verifies(plain.root(), size)


def test_a_chain_that_was_not_wanted_has_no_proof() -> None:
    packed = PackedHeads([Head("course/A", 1, bytes(32))], wanted=())
    with pytest.raises(HeadsError, match="course/A"):
        packed.proof("course/A")
