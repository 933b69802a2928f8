"""Folders by the words that stand in a cell (`Oslo / HQ`), and those that have to be made first."""

import difflib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from roomkeeper.accounts.permissions import Permission, grants_of
from roomkeeper.accounts.person import Person
from roomkeeper.bulk_editing.values import NotUsable, Value
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder
from roomkeeper.words import gettext as _

_NEAREST: Final = 3
_LONGEST_NAME: Final = 100
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewFolder:
    """A folder that is not there yet: the one below which it is made, and the names from there on."""

    parent: int
    names: Words
    label: str


@dataclass(slots=True)
class FolderIndex:
    """The folders that a person sees, by id and by words; what she wants to be made is kept in `made`."""

    user: Person
    makes_folders: bool = False
    by_id: dict[int, Folder] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    made: dict[Words, NewFolder] = field(default_factory=dict)
    _by_label: dict[str, list[Folder]] = field(default_factory=lambda: defaultdict(list))
    _by_words: dict[Words, list[Folder]] = field(default_factory=lambda: defaultdict(list))
    _found: dict[Value, Folder | NewFolder | str] = field(default_factory=dict)

    def find(self, value: Value) -> Folder | NewFolder:
        """The folder that is meant, by id or in words; raises `NotUsable` with the nearest names."""
        if value not in self._found:
            try:
                self._found[value] = self._look(value)
            except NotUsable as refusal:
                self._found[value] = str(refusal)
        found = self._found[value]
        if isinstance(found, str):
            raise NotUsable(found)
        return found

    def _look(self, value: Value) -> Folder | NewFolder:
        if isinstance(value, int):
            if value in self.by_id:
                return self.by_id[value]
            raise NotUsable(_("There is no folder {value} that you can see.", value=value))
        text = str(value)
        found = self._by_label.get(text) or self._by_words.get(_words(text), [])
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            raise NotUsable(_("Several folders are called {text!r}.", text=text[:100]))
        if self.makes_folders:
            return self._to_be_made(text)
        near = difflib.get_close_matches(text, self.labels.values(), n=_NEAREST, cutoff=0.5)
        hint = _(" The nearest: {near}.", near=", ".join(near)) if near else ""
        raise NotUsable(_("There is no folder {text!r} that you can see.{hint}", text=text[:100], hint=hint))

    def _to_be_made(self, text: str) -> NewFolder:
        words = _words(text)
        if words in self.made:
            return self.made[words]
        names = tuple(part.strip() for part in text.split("/") if part.strip())
        for length in range(len(names) - 1, -1, -1):
            above = self._by_words.get(words[:length], [])
            if len(above) == 1:
                break
        else:
            raise NotUsable(
                _("There is no folder above {text!r} in which you may create it.", text=text[:100])
            )
        if any(len(name) > _LONGEST_NAME for name in names):
            raise NotUsable(
                _("A folder's name has at most {longest_name} characters.", longest_name=_LONGEST_NAME)
            )
        if not grants_of(self.user).may(Permission.MANAGE_FOLDERS, above[0].path):
            raise NotUsable(
                _(
                    "There is no folder {text!r}, and you may not create it in {above}.",
                    text=text[:100],
                    above=above[0],
                )
            )
        self.made[words] = NewFolder(above[0].pk, names[length:], " / ".join(names))
        return self.made[words]


def read_folders(user: Person, *, makes_folders: bool = False) -> FolderIndex:
    """The folders that the person sees."""
    index = FolderIndex(user, makes_folders)
    folders = list(Folder.objects.filter(grants_of(user).folders(Permission.VIEW, "path")))
    index.labels = inventory.labels_of({folder.path for folder in folders})
    for folder in folders:
        label = index.labels[folder.path]
        index.by_id[folder.pk] = folder
        index._by_label[label].append(folder)
        index._by_words[_words(label)].append(folder)
        if folder.path == "/":
            index._by_words[()].append(folder)
    return index


def make_folders(wanted: list[NewFolder]) -> dict[NewFolder, Folder]:
    """Make them, with those above them that are missing too; one that is there meanwhile is taken. Raises
    `FolderRefused`."""
    made = {}
    for one in wanted:
        folder = Folder.objects.get(pk=one.parent)
        for name in one.names:
            beside = Folder.objects.filter(parent=folder, name__iexact=name).first()
            folder = beside or inventory.create_folder(folder, name)
        made[one] = folder
    return made


def _words(text: str) -> Words:
    return tuple(part.strip().casefold() for part in text.split("/") if part.strip())
