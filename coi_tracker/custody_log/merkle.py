"""The Merkle tree of RFC 6962 over the entries of the log: roots, inclusion and consistency paths, checks.

The tree is kept as its *complete* subtrees: the node at (level, position) covers the leaves position *
2^level up to (position + 1) * 2^level, and never changes once written. Whatever else a root or a path needs
(the ragged right edge) is computed from those. It does not know where nodes are stored: callers hand in
`fetch(level, position)`, and can ask beforehand which nodes will be wanted so as to read them all in one
statement.

Hashes are 32 bytes of SHA-256; a leaf is given as its leaf hash, never as the entry's bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Node = tuple[int, int]
"""(level, position) of a complete subtree; level 0 is the leaves."""

Fetch = Callable[[int, int], bytes]
"""Gives the stored hash of the complete subtree at (level, position)."""


class TreeError(ValueError):
    """A question about a tree that has no answer: an index outside it, a size before its time."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), RFC 6962 section 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class RootBuilder:
    """The root over a stream of leaf hashes, holding one hash for each bit of the size: at most 64."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Take the next leaf hash."""
        size, node = self.size, leaf
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root over the leaves taken so far."""
        return _fold(self._peaks)


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over `leaves` (leaf hashes)."""
    builder = RootBuilder()
    for leaf in leaves:
        builder.append(leaf)
    return builder.root()


def _fold(peaks: Sequence[bytes]) -> bytes:
    """One hash over complete subtrees that stand side by side, largest first."""
    if not peaks:
        return EMPTY_ROOT
    folded = peaks[-1]
    for peak in reversed(peaks[:-1]):
        folded = node_hash(peak, folded)
    return folded


def new_nodes(index: int, leaf: bytes, fetch: Fetch) -> list[tuple[int, int, bytes]]:
    """The complete subtrees that come to be when leaf `index` is appended, as (level, position, hash).

    The leaf itself is the first. Two nodes a leaf on average; `fetch` is asked only for nodes of earlier
    leaves (`nodes_for_append` names them).
    """
    nodes = [(0, index, leaf)]
    for level, position in nodes_for_append(index):
        leaf = node_hash(fetch(level, position), leaf)
        nodes.append((level + 1, position >> 1, leaf))
    return nodes


def nodes_for_append(index: int) -> list[Node]:
    """The stored nodes that `new_nodes` reads for leaf `index`: the left siblings of what it completes."""
    wanted, level = [], 0
    while (index >> level) & 1:
        wanted.append((level, (index >> level) - 1))
        level += 1
    return wanted


def _cover(start: int, end: int) -> list[Node]:
    """The complete subtrees that make up the leaves [start, end), largest first; start is aligned."""
    nodes = []
    for level in reversed(range((end - start).bit_length())):
        if (end - start) >> level & 1:
            nodes.append((level, start >> level))
            start += 1 << level
    return nodes


def _hash_range(span: tuple[int, int], fetch: Fetch) -> bytes:
    return _fold([fetch(level, position) for level, position in _cover(*span)])


def _split(start: int, end: int) -> int:
    """Where RFC 6962 divides the leaves [start, end): after the largest smaller power of two."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def nodes_for_root(size: int) -> list[Node]:
    """The stored nodes that `root_at` reads."""
    return _cover(0, size)


def root_at(size: int, fetch: Fetch) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _hash_range((0, size), fetch)


def _inclusion_spans(index: int, size: int) -> list[tuple[int, int]]:
    """The leaf ranges whose hashes are the audit path of `index`, from the leaf's sibling upward."""
    if not 0 <= index < size:
        raise TreeError(f"entry {index} is not in a tree of {size}")
    spans, start, end = [], 0, size
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def nodes_for_inclusion(index: int, size: int) -> list[Node]:
    """The stored nodes that `inclusion_path` reads. Raises TreeError when `index` is not below `size`."""
    return [node for span in _inclusion_spans(index, size) for node in _cover(*span)]


def inclusion_path(index: int, size: int, fetch: Fetch) -> list[bytes]:
    """The audit path of leaf `index` among `size` leaves, leaf's sibling first (RFC 6962 section 2.1.1)."""
    return [_hash_range(span, fetch) for span in _inclusion_spans(index, size)]


def _consistency_spans(old: int, new: int) -> list[tuple[int, int]]:
    """The leaf ranges whose hashes prove that the tree of `new` leaves extends the tree of `old`."""
    if not 0 <= old <= new:
        raise TreeError(f"a tree of {new} is not later than one of {old}")
    if old in (0, new):
        return []
    spans, start, end, known = [], 0, new, True
    while end != old:
        middle = _split(start, end)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start, known = middle, False
    return ([] if known else [(start, end)]) + spans[::-1]


def nodes_for_consistency(old: int, new: int) -> list[Node]:
    """The stored nodes that `consistency_path` reads."""
    return [node for span in _consistency_spans(old, new) for node in _cover(*span)]


def consistency_path(old: int, new: int, fetch: Fetch) -> list[bytes]:
    """Proof that the tree of `new` leaves begins with the one of `old` (RFC 6962 section 2.1.2)."""
    return [_hash_range(span, fetch) for span in _consistency_spans(old, new)]


def verify_inclusion(leaf: bytes, index: int, *, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` (a leaf hash) stands at `index` under `root`, by `path` (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or any(len(step) != HASH_SIZE for step in path):
        return False
    position, last, computed = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            computed = node_hash(step, computed)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            computed = node_hash(computed, step)
        position, last = position >> 1, last >> 1
    return last == 0 and computed == root


def verify_consistency(old: int, new: int, *, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the tree of `new` leaves extends the one of `old` (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new or any(len(step) != HASH_SIZE for step in path):
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if old & (old - 1) == 0:
        path = [old_root, *path]
    return bool(path) and _consistent(old, new, path) == (old_root, new_root)


def _consistent(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Both roots as the path gives them, or None when it has the wrong length."""
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_root = new_root = path[0]
    for step in path[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            old_root, new_root = node_hash(step, old_root), node_hash(step, new_root)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new_root = node_hash(new_root, step)
        position, last = position >> 1, last >> 1
    return (old_root, new_root) if last == 0 else None
