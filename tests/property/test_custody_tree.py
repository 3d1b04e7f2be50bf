"""For any log, every proof holds for its own entry and for no other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coi_tracker.custody_log import merkle, verify
from coi_tracker.custody_log.chain import Head
from coi_tracker.custody_log.heads import HeadsTree, heads_evidence, heads_root
from coi_tracker.custody_log.note import to_base64
from coi_tracker.custody_log.proof import (
    ConsistencyProof,
    EntryProof,
    HeadsEntryProof,
    TlogProof,
    chain_line,
    parse_proof_line,
    parse_tlog_proof,
)

LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True)
HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=8).map(tuple)
COUNTS = st.integers(0, 2**53 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CHAINS = st.lists(st.integers(0, 999), min_size=1, max_size=30, unique=True)


def fetch_from(leaves: list[bytes]) -> merkle.Fetch:
    return lambda level, position: merkle.root(leaves[position << level : (position + 1) << level])


@given(LEAVES, st.data())
def test_an_audit_path_holds_for_one_leaf_at_one_place(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    index, other = (data.draw(st.integers(0, size - 1)) for _ in range(2))
    path, root = merkle.inclusion_path(index, size, fetch_from(leaves)), merkle.root(leaves)
    held = merkle.verify_inclusion(leaves[other], index, size=size, path=path, root=root)
    moved = merkle.verify_inclusion(leaves[index], other, size=size, path=path, root=root)
    assert (held, moved) == (index == other, index == other)


@given(LEAVES, st.data())
def test_a_changed_past_has_no_consistency_proof(leaves: list[bytes], data: st.DataObject) -> None:
    new = len(leaves)
    old = data.draw(st.integers(1, new))
    path = merkle.consistency_path(old, new, fetch_from(leaves))
    past = [bytes(32), *leaves[1:old]]
    roots = {"old_root": merkle.root(leaves[:old]), "new_root": merkle.root(leaves)}
    assert merkle.verify_consistency(old, new, path=path, **roots)
    assert (
        not merkle.verify_consistency(old, new, path=path, **{**roots, "old_root": merkle.root(past)})
        or past == leaves[:old]
    )


@given(CHAINS)
def test_heads_prove_the_end_of_every_chain_in_any_order(numbers: list[int]) -> None:
    heads = [Head(f"course/C{n}", n + 1, bytes([n % 256]) * 32) for n in numbers]
    tree, root = HeadsTree(heads), heads_root(reversed(heads))
    assert tree.root() == root
    assert heads_evidence([*heads, Head("log", 9, bytes(32))]) == {"heads_root": to_base64(root), "leaves": len(heads)}
    for head in heads:
        proof = tree.proof(head.chain)
        assert proof.verifies(root, len(heads))
        longer = type(proof)(proof.chain, proof.seq + 1, proof.digest, proof.leaf_index, proof.path)
        assert not longer.verifies(root, len(heads))
        assert parse_proof_line(chain_line(proof)) == proof


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=60))
def test_the_verifier_keeps_the_heads_tree_up_to_date(steps: list[tuple[int, bool]]) -> None:
    """Chains grow and new ones appear anywhere in the order; the kept tree is the one built from nothing."""
    kept = verify.HeadsTree()
    heads: dict[str, Head] = {}
    for number, asked in steps:
        chain = f"course/C{number}"
        seq = heads[chain].seq + 1 if chain in heads else 1
        heads[chain] = Head(chain, seq, bytes([seq]) * 32)
        kept.put(chain, seq, heads[chain].digest)
        if asked:
            assert kept.root() == heads_root(heads.values())
    assert kept.root() == heads_root(heads.values())


@given(COUNTS, HASHES, COUNTS, TEXT)
def test_proof_lines_come_back_as_they_went(index: int, path: tuple[bytes, ...], other: int, text: str) -> None:
    for proof in (
        EntryProof(index, path),
        HeadsEntryProof(index, text.encode(), path, other),
        ConsistencyProof(index, other, path),
    ):
        assert parse_proof_line(proof.line()) == proof


@given(COUNTS, HASHES, st.none() | st.binary())
def test_a_tlog_proof_comes_back_as_it_went(index: int, path: tuple[bytes, ...], extra: bytes | None) -> None:
    proof = TlogProof(index, path, "log.example/coi\n1\nAAAA\n\n— log.example/coi AAAA\n", extra)
    assert parse_tlog_proof(proof.text()) == proof
