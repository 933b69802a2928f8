"""What a source is set to: the settings of its kind, its secrets encrypted apart, and what its fields are."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings as django_settings
from django.db.models import Model

from roomkeeper import keys
from roomkeeper.operations.acts import Input
from roomkeeper.phonebooks import mapping as mappings
from roomkeeper.phonebooks import sources
from roomkeeper.phonebooks.models import PhoneBook, Source
from roomkeeper.phonebooks.sources import SourceFailed, SourceKind
from roomkeeper.systems import live
from roomkeeper.words import gettext as _


def add_source(
    kind: SourceKind,
    book: PhoneBook,
    given: Mapping[str, Any],
    *,
    now: datetime,
    name: str = "",
    every: int | None = None,
    shrink_limit: int | None = None,
    is_on: bool = True,
) -> Source:
    """A new source of the book, read at once where it is on. Raises `SourceFailed` for one that cannot be read here."""
    check_installed(kind)
    source = Source(
        book=book,
        kind=kind.name,
        name=name or title_of(kind),
        every=kind.every if every is None else every,
        shrink_limit=kind.shrink_limit if shrink_limit is None else shrink_limit,
        is_on=is_on,
        due_at=now if is_on else None,
    )
    keep(source, kind, given)
    source.save()
    live.publish("phone_books")
    return source


def title_of(kind: SourceKind) -> str:
    """What the kind is called, with a capital."""
    label = _(kind.label)
    # “vCard” is written so at the beginning, too.
    return label if label[1:2].isupper() else label[:1].upper() + label[1:]


def check_installed(kind: SourceKind) -> None:
    """Raises `SourceFailed` where something is missing that has to be installed."""
    if kind.missing is not None and (sentence := kind.missing()):
        raise SourceFailed(sentence)


def kind_of(source: Source) -> SourceKind:
    """The kind of the source; raises `SourceFailed` where this server does not know it, or lacks what it needs."""
    try:
        kind = sources.get_kind(source.kind)
    except KeyError as error:
        raise SourceFailed(
            _("This server does not know sources of the kind {kind!r}.", kind=source.kind)
        ) from error
    check_installed(kind)
    return kind


def keep(source: Source, kind: SourceKind, given: Mapping[str, Any]) -> None:
    """Take settings over into the source, which is not saved. What is not given stays, and so does a secret for which
    nothing is given; what was noted for partial readings is forgotten."""
    secrets = secrets_of(source)
    for one in kind.takes:
        if one.name not in given:
            continue
        value = _plain(given[one.name])
        if not one.is_secret:
            source.settings = {**source.settings, one.name: value}
        elif value is not None:
            secrets[one.name] = value
    # A folder that is not named is that of the book: whoever may fill the book may read what stands there.
    for one in kind.takes:
        if one.refers == "folders" and source.settings.get(one.name) is None and source.book is not None:
            source.settings = {**source.settings, one.name: source.book.folder_id}
    store = keys.load(django_settings.OPTIONS.data)
    source.secrets_ciphertext = store.encrypt(json.dumps(secrets)) if secrets else b""
    source.memory = {}


def settings_of(source: Source, kind: SourceKind) -> dict[str, Any]:
    """The settings as the kind is given them, secrets in clear: for its reading alone."""
    usual = {one.name: None if one.is_required else one.default for one in kind.takes}
    return {**usual, **source.settings, **secrets_of(source)}


def secrets_of(source: Source) -> dict[str, Any]:
    """The secrets of the source in clear, by name; never for a page, a log or an answer."""
    if not source.secrets_ciphertext:
        return {}
    found: dict[str, Any] = json.loads(
        keys.load(django_settings.OPTIONS.data).decrypt(bytes(source.secrets_ciphertext))
    )
    return found


def stands_in(one: Input, source: Source) -> Any:
    """What a form shows of a setting before it is changed."""
    return source.settings.get(one.name, "" if one.is_required else one.default)


def mapping_of(source: Source, kind: SourceKind) -> dict[str, list[str]]:
    """Which fields are what: as people said, or as the kind suggests."""
    return mappings.of_pairs(source.mapping or mappings.pairs_of(kind.mapping))


def _plain(value: Any) -> Any:
    """An object by its id, as it is kept."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.pk if isinstance(value, Model) else value
