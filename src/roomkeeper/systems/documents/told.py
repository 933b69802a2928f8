"""What feedback has told since a document was read: the changed leaves and ghosts, in their order. Pure.

A document that is read is a picture of one moment; feedback tells of single leaves later. Both together are what
stands: the picture, and onto it everything that was told after that moment (rule R8).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from roomkeeper.protocols.xapi.paths import match_key

# A path and its value; None: the node is gone.
Telling = tuple[str, str | None]
# Of a chatty or hostile device the oldest go; the next document that is read has them.
MOST: Final = 1_000
VALUE_LIMIT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """One path as it was told last, and when that reached us."""

    path: str
    at: datetime
    value: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """Leaves, the oldest first; of each path the newest."""

    leaves: tuple[Leaf, ...] = ()

    def news(self, told: Sequence[Telling], at: datetime) -> list[Telling]:
        """What of it is not known from later already: feedback that was sent again can come late."""
        later = {match_key(leaf.path): leaf.value is None for leaf in self.leaves if leaf.at > at}
        if not later:
            return list(told)
        gone = tuple(f"{key}/" for key, is_gone in later.items() if is_gone)
        keys = [match_key(path) for path, _ in told]
        return [
            one for key, one in zip(keys, told, strict=True) if key not in later and not key.startswith(gone)
        ]

    def adding(self, news: Iterable[Telling], at: datetime) -> "Told":
        """With the news of that moment."""
        by_key = {match_key(leaf.path): leaf for leaf in self.leaves}
        for path, value in news:
            key = match_key(path)
            by_key.pop(key, None)
            if value is None:
                below = key + "/"
                for inside in [
                    one for one, leaf in by_key.items() if one.startswith(below) and leaf.at <= at
                ]:
                    del by_key[inside]
            by_key[key] = Leaf(path, at, None if value is None else value[:VALUE_LIMIT])
        # Sorting keeps the order of what was told at one moment.
        return Told(tuple(sorted(by_key.values(), key=_moment)[-MOST:]))

    def since(self, at: datetime) -> "Told":
        """What was told after that moment; a document read then has the rest."""
        if not self.leaves or self.leaves[0].at > at:
            return self
        return Told(tuple(leaf for leaf in self.leaves if leaf.at > at))

    def by_moment(self) -> list[tuple[datetime, list[Telling]]]:
        """What was told, moment by moment."""
        return [
            (at, [(leaf.path, leaf.value) for leaf in leaves]) for at, leaves in groupby(self.leaves, _moment)
        ]

    def onto(self, values: Mapping[str, str]) -> dict[str, str]:
        """The values of a document with what was told put in, in the document's own spelling of paths."""
        return put_onto(values, [(leaf.path, leaf.value) for leaf in self.leaves])

    @property
    def newest_at(self) -> datetime | None:
        """When the last of it was told."""
        return self.leaves[-1].at if self.leaves else None


def put_onto(values: Mapping[str, str], told: Sequence[Telling]) -> dict[str, str]:
    """The values with changed leaves put in and the nodes that are gone taken out, in the order told."""
    whole = dict(values)
    if not told:
        return whole
    own_paths = {match_key(path): path for path in whole}
    for path, value in told:
        key = match_key(path)
        if value is not None:
            whole[own_paths.setdefault(key, path)] = value
            continue
        below = key + "/"
        for gone in [one for one in own_paths if one == key or one.startswith(below)]:
            whole.pop(own_paths.pop(gone), None)
    return whole


def _moment(leaf: Leaf) -> datetime:
    return leaf.at


def encode(told: Told) -> list[list[Any]]:
    """The form in which it is stored: a list keeps its order in every database."""
    return [[leaf.path, leaf.at.isoformat(), leaf.value] for leaf in told.leaves]


def decode(stored: Sequence[Sequence[Any]]) -> Told:
    """From the stored form."""
    return Told(tuple(Leaf(path, datetime.fromisoformat(at), value) for path, at, value in stored))
