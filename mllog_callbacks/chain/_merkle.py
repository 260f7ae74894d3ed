"""The Merkle tree over a session's lines, as RFC 6962 defines it (section 2.1).

A leaf is a line without its newline. That an entry is in a log is proved by some twenty hashes,
without any other entry.
"""

from hashlib import sha256

__all__ = ["EMPTY", "Tree", "inclusion_path", "leaf", "root_by_path"]

EMPTY = sha256().digest()
"""The root of a tree without leaves."""


def leaf(line: bytes) -> bytes:
    """The hash of a line, which is given without its newline."""
    return sha256(b"\0" + line).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


class Tree:
    """A tree that grows, of which only the roots of its whole subtrees are kept.

    Attributes:
        size: How many leaves it has.
        frontier: By height, the root of the subtree that still waits for its right sibling.
    """

    def __init__(self, size: int = 0, frontier: tuple[bytes, ...] | list[bytes] = ()) -> None:
        self.size = size
        self.frontier = list(frontier)

    def grow(self, leaves: list[bytes]) -> None:
        """Add leaves."""
        self.size += len(leaves)
        nodes, height = list(leaves), 0
        while nodes:
            if height == len(self.frontier):
                self.frontier.append(b"")
            if waiting := self.frontier[height]:
                nodes.insert(0, waiting)
            self.frontier[height] = nodes.pop() if len(nodes) % 2 else b""
            pairs = iter(nodes)
            nodes = [
                sha256(b"\1" + left + right).digest()  # in line: a call would cost half of it
                for left, right in zip(pairs, pairs, strict=True)
            ]
            height += 1

    def root(self) -> bytes:
        """The hash of the whole tree."""
        root = b""
        for waiting in self.frontier:
            if waiting:
                root = _node(waiting, root) if root else waiting
        return root or EMPTY


def inclusion_path(leaves: list[bytes], index: int) -> list[bytes]:
    """The hashes that lead from a leaf to the root of all `leaves`, lowest first."""
    path = []
    level = list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        above = [_node(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
        level = above + level[len(above) * 2 :]
        index //= 2
    return path


def root_by_path(found: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that a path leads to (RFC 9162, section 2.1.3.2); None where it is of no such tree.

    Args:
        found: The hash of the leaf.
        index: Its place, from 0.
        size: The number of leaves in the tree.
        path: What `inclusion_path` gave.
    """
    if not 0 <= index < size:
        return None
    last = size - 1
    for sibling in path:
        if last == 0:
            return None
        if index % 2 or index == last:
            found = _node(sibling, found)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            found = _node(found, sibling)
        index, last = index // 2, last // 2
    return found if last == 0 else None
