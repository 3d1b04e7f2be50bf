"""The tree gives the published values of RFC 6962, and every path it makes is one that its own checks accept."""

from __future__ import annotations

import pytest

from coi_tracker.custody_log import merkle, verify

# The eight inputs that certificate transparency implementations test with, and what they give.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
LEAVES = [merkle.leaf_hash(bytes.fromhex(text)) for text in INPUTS]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {  # (index, size): audit path
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {  # (old, new): proof
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
UP_TO = 67


class Nodes(dict[tuple[int, int], bytes]):
    """The node store of a database, in memory."""

    def fetch(self, level: int, position: int) -> bytes:
        return self[level, position]

    def only(self, wanted: list[merkle.Node]) -> Nodes:
        """A store in which nothing else can be found."""
        return Nodes({node: self[node] for node in wanted})


@pytest.fixture(scope="module")
def grown() -> tuple[list[bytes], Nodes]:
    leaves, nodes = [merkle.leaf_hash(bytes([n])) for n in range(UP_TO)], Nodes()
    for index, leaf in enumerate(leaves):
        for level, position, node in merkle.new_nodes(index, leaf, nodes.fetch):
            assert (level, position) not in nodes
            nodes[level, position] = node
    return leaves, nodes


def small_nodes() -> Nodes:
    nodes = Nodes()
    for index, leaf in enumerate(LEAVES):
        nodes.update({(lv, pos): node for lv, pos, node in merkle.new_nodes(index, leaf, nodes.fetch)})
    return nodes


@pytest.mark.requirement("COI-LOG-08")
def test_the_roots_are_the_published_ones() -> None:
    nodes = small_nodes()
    for size, expected in enumerate(ROOTS):
        assert merkle.root(LEAVES[:size]).hex() == expected
        assert merkle.root_at(size, nodes.fetch).hex() == expected


@pytest.mark.requirement("COI-LOG-08")
@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_audit_paths_are_the_published_ones(index: int, size: int) -> None:
    path = merkle.inclusion_path(index, size, small_nodes().fetch)
    assert [step.hex() for step in path] == INCLUSION[index, size]


@pytest.mark.requirement("COI-LOG-08")
@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_the_consistency_proofs_are_the_published_ones(old: int, new: int) -> None:
    path = merkle.consistency_path(old, new, small_nodes().fetch)
    assert [step.hex() for step in path] == CONSISTENCY[old, new]


def test_two_nodes_a_leaf_are_written_at_most_and_only_those_named_are_read(
    grown: tuple[list[bytes], Nodes],
) -> None:
    leaves, nodes = grown
    assert len(nodes) < 2 * len(leaves)
    for index, leaf in enumerate(leaves):
        few = nodes.only(merkle.nodes_for_append(index))
        assert merkle.new_nodes(index, leaf, few.fetch)[0] == (0, index, leaf)
        assert len(merkle.new_nodes(index, leaf, few.fetch)) == len(few) + 1


def test_every_path_is_accepted_by_both_checkers_and_no_other(grown: tuple[list[bytes], Nodes]) -> None:
    """All indexes in all sizes: our own check and the stand-alone verifier's agree, also on what is wrong."""
    leaves, nodes = grown
    for size in range(1, UP_TO + 1):
        root = merkle.root(leaves[:size])
        for index in range(size):
            path = merkle.inclusion_path(index, size, nodes.fetch)
            assert merkle.verify_inclusion(leaves[index], index, size=size, path=path, root=root)
            assert verify.included(leaves[index], index, size, path, root)
            for wrong in ([*path, root], path[:-1], path[::-1]):
                if wrong != path:
                    assert not merkle.verify_inclusion(leaves[index], index, size=size, path=wrong, root=root)
                    assert not verify.included(leaves[index], index, size, wrong, root)
            assert (
                not merkle.verify_inclusion(leaves[index], (index + 1) % size, size=size, path=path, root=root)
                or size == 1
            )


def test_every_consistency_proof_is_accepted_by_both_checkers(grown: tuple[list[bytes], Nodes]) -> None:
    leaves, nodes = grown
    for new in range(UP_TO + 1):
        new_root = merkle.root(leaves[:new])
        for old in range(new + 1):
            path, old_root = merkle.consistency_path(old, new, nodes.fetch), merkle.root(leaves[:old])
            roots = {"old_root": old_root, "new_root": new_root}
            assert merkle.verify_consistency(old, new, path=path, **roots)
            assert verify.extends(old, new, path, old_root, new_root)
            if old not in (0, new):
                other = {**roots, "old_root": new_root}
                assert not merkle.verify_consistency(old, new, path=path, **other)
                assert not verify.extends(old, new, path, new_root, new_root)
                assert not merkle.verify_consistency(old, new, path=[*path, new_root], **roots)
                assert not verify.extends(old, new, path[:-1], old_root, new_root)


def test_what_will_be_read_can_be_fetched_beforehand(grown: tuple[list[bytes], Nodes]) -> None:
    leaves, nodes = grown
    for size in range(1, UP_TO + 1):
        few = nodes.only(merkle.nodes_for_root(size))
        assert merkle.root_at(size, few.fetch) == merkle.root(leaves[:size])
        for index in range(size):
            few = nodes.only(merkle.nodes_for_inclusion(index, size))
            assert len(merkle.inclusion_path(index, size, few.fetch)) <= size.bit_length()
            few = nodes.only(merkle.nodes_for_consistency(index, size))
            assert len(merkle.consistency_path(index, size, few.fetch)) <= size.bit_length() + 1


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 2)])
def test_a_leaf_outside_the_tree_has_no_path(index: int, size: int) -> None:
    with pytest.raises(merkle.TreeError, match="not in a tree"):
        merkle.nodes_for_inclusion(index, size)
