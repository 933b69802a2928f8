"""The tree of folders as a flat walk: what of it is open, with the managed systems in and below each folder."""

from collections import Counter
from collections.abc import Collection
from typing import Any, Final

from django.db.models import Count

from roomkeeper.accounts.permissions import Grants, Permission
from roomkeeper.operations.folding import natural_key
from roomkeeper.systems.models import Folder
from roomkeeper.systems.surface import visible

# Of an open folder the first so many are shown; the page of folders has them all.
BRANCHES_SHOWN: Final = 40


def tree_of(
    held: Grants,
    here: int | None,
    opened: Collection[int] | None,
    *,
    is_whole: bool = False,
) -> list[dict[str, Any]]:
    """The visible folders that are open, as a flat walk of the tree, with the managed systems in and below each.
    `opened` is None where nobody has folded anything: then the first level is open. The way to `here` is open, too."""
    rows = Folder.objects.filter(held.folders(Permission.VIEW, "path"))
    if not is_whole:
        rows = rows.only("name", "path", "parent")
    folders = {folder.pk: folder for folder in rows}
    root = next((key for key, one in folders.items() if one.parent_id is None), 0)
    ways = {key: _way(one.path, root) for key, one in folders.items()}
    counts = _counts(held, ways)
    below: dict[int | None, list[Folder]] = {}
    for folder in folders.values():
        below.setdefault(folder.parent_id if folder.parent_id in folders else None, []).append(folder)
    tops = [folder.pk for folder in below.get(None, [])]
    is_open = set(folders) if is_whole else set(opened if opened is not None else tops)
    is_open |= set(ways.get(here or 0, ())[:-1])
    on_the_way = set(ways.get(here or 0, ()))

    def branch(parent: int | None, depth: int) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = []
        children = sorted(below.get(parent, []), key=lambda one: natural_key(one.name))
        for place, folder in enumerate(children):
            if place >= BRANCHES_SHOWN and not is_whole and folder.pk not in on_the_way:
                continue
            is_unfolded = folder.pk in is_open and folder.pk in below
            nodes.append(
                {
                    "folder": folder,
                    "depth": min(depth, 6),
                    "count": counts[folder.pk],
                    "is_here": folder.pk == here or (here is None and folder.parent_id is None),
                    "has_below": folder.pk in below,
                    "is_open": is_unfolded,
                    "more": 0,
                }
            )
            if is_unfolded:
                nodes += branch(folder.pk, depth + 1)
        if len(children) > BRANCHES_SHOWN and not is_whole and nodes:
            nodes[-1]["more"] = len(children) - BRANCHES_SHOWN
        return nodes

    return branch(None, 0)


def _way(path: str, root: int) -> list[int]:
    """The ids of the folders down to that one, from the root, which stands in no path."""
    return [root, *(int(part) for part in path.split("/") if part)]


def _counts(held: Grants, ways: dict[int, list[int]]) -> Counter[int]:
    own = (
        visible(held).filter(state="managed").order_by().values_list("folder_id").annotate(number=Count("pk"))
    )
    counts: Counter[int] = Counter()
    for folder, number in own:
        for key in ways.get(folder, ()):
            counts[key] += number
    return counts
