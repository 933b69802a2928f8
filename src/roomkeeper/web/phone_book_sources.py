"""Sources of phone books step by step: which kind, its fields with a preview, how often; and files."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.operations.door import may
from roomkeeper.phonebooks import importing, keeping, previewing, sources
from roomkeeper.phonebooks.dialling import MethodKind, label_of
from roomkeeper.phonebooks.importing import IMPORT
from roomkeeper.phonebooks.mapped_fields import MappedField, pairs_of
from roomkeeper.phonebooks.models import Source
from roomkeeper.phonebooks.sources_surface import SOURCES
from roomkeeper.phonebooks.surface import PHONE_BOOKS
from roomkeeper.web import packed_files
from roomkeeper.web.access import number_of
from roomkeeper.web.derived_acts import actor_of, get_row, tried
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_PARTS: Final = (
    ("", noop("not used")),
    ("name", noop("Name")),
    ("note", noop("Note")),
    *((kind.value, label_of(kind)) for kind in MethodKind),
    ("bandwidth", noop("Bandwidth")),
)


@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def new(request: HttpRequest) -> HttpResponse:
    """The first step: which kind of source."""
    actor, book = actor_of(request), number_of(request.GET.get("book", ""))
    kept = f"?is_on=0&book={book}" if book else "?is_on=0"
    kinds = []
    for kind in sorted(sources.all_kinds(), key=lambda kind: (kind.read is None, keeping.title_of(kind))):
        title = keeping.title_of(kind)
        missing = kind.missing() if kind.missing is not None else ""
        if kind.read is not None:
            act = SOURCES.act(f"add {kind.name.replace('_', ' ')}")
            if not may(SOURCES, act, None, actor):
                missing = missing or _("It makes this server connect to another: ask an administrator of it.")
            address = reverse("phone_book_sources_do_many", args=[act.slug]) + kept
        elif kind.read_file is not None and book:
            address = reverse("phone_book_file", args=[book])
        else:
            continue
        kinds.append((title, _(kind.meaning), "" if missing else address, missing))
    return render(request, "phone_book_sources/new.html", {"kinds": kinds})


@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def fields(request: HttpRequest, pk: int) -> HttpResponse:
    """Which fields of a source are what, with a preview where one is asked for; and how often it is read."""
    row = get_row(SOURCES, actor_of(request), pk)
    demand(request.user, Permission.MANAGE_SYSTEMS, row.book.folder.path)
    mapping, step = _typed(request.POST), request.POST.get("step", "")
    shown = None
    if step == "preview":
        result = tried(request, SOURCES, SOURCES.act("preview"), row, {"mapping": mapping}, "")
        shown = result[0][1] if result else None
    elif step in ("save", "read") and _save(request, row, mapping, step):
        return HttpResponseRedirect(reverse("phone_book_source", args=[pk]))
    context = {
        "row": row,
        "mapped": mapping or SOURCES.by_name["mapping"].value(row),
        "is_new": row.good_at is None,
        "every": request.POST.get("every", row.every),
        "is_on": "is_on" in request.POST if request.method == "POST" else row.is_on or row.good_at is None,
    }
    return render(request, "phone_book_sources/fields.html", context | _shown(shown))


def _save(request: HttpRequest, row: Source, mapping: list[MappedField], step: str) -> bool:
    """Keep the fields and the schedule, by the door; True where all was done."""
    every = number_of(request.POST.get("every", ""), 6)
    if every is None or every > 525_600:
        messages.error(request, _("Enter the minutes between two readings; 0: only when somebody asks."))
        return False
    acts: list[tuple[str, Mapping[str, Any]]] = []
    if mapping and _pairs(mapping) != pairs_of(SOURCES.by_name["mapping"].value(row)):
        acts.append(("map", {"mapping": mapping}))
    planned = {"every": every, "is_on": "is_on" in request.POST}
    if any(getattr(row, name) != value for name, value in planned.items()):
        acts.append(("change", planned))
    if step == "read":
        acts.append(("read", {}))
    if not all(tried(request, SOURCES, SOURCES.act(name), row, given, "") for name, given in acts):
        return False
    if acts:
        messages.success(request, _(SOURCES.act(acts[-1][0]).done, row=row))
    return True


@needs(Permission.MANAGE_SYSTEMS, anywhere=True)
def from_file(request: HttpRequest, pk: int) -> HttpResponse:
    """A file for a book: chosen, looked at with its columns, and imported."""
    row = get_row(PHONE_BOOKS, actor_of(request), pk)
    demand(request.user, Permission.MANAGE_SYSTEMS, row.folder.path)
    kinds = importing.file_kinds()
    context: dict[str, Any] = {"row": row, "endings": ",".join(one for kind in kinds for one in kind.endings)}
    if request.method == "POST":
        mapping = _typed(request.POST)
        try:
            data = packed_files.given(request)
            upload = request.FILES.get("file")
            named = (upload.name or "") if upload is not None else ""
            given = request.POST.get("kind", "")
            kind = next(
                (one for one in kinds if one.name == given),
                sources.get_kind(importing.kind_of_file(named)),
            )
            if request.POST.get("step") == "import":
                content = importing.BINARY + base64.b64encode(data).decode()
                taken = {
                    "content": content,
                    "kind": kind.name,
                    "mapping": mapping,
                    "may_shrink": "may_shrink" in request.POST,
                }
                if tried(request, PHONE_BOOKS, IMPORT, row, taken, ""):
                    messages.success(request, _(IMPORT.done, row=row))
                    return HttpResponseRedirect(reverse("phone_book_entries") + f"?book={pk}")
            standing = Source.objects.filter(book=row, kind=kind.name).first()
            shown = previewing.preview_file(kind, data, _pairs(mapping), standing)
            context |= {"packed": packed_files.pack(data), "kind": kind, **_shown(shown)}
        except ValueError as refusal:
            messages.error(request, str(refusal))
    return render(request, "phone_books/file.html", context)


def _typed(sent: QueryDict) -> list[MappedField]:
    """The mapping that a form sends: a field and what it is, line by line."""
    pairs = zip(sent.getlist("part"), sent.getlist("field"), strict=False)
    known = {value for value, _word in _PARTS if value}
    found = [{"part": part, "field": name[:255]} for part, name in pairs if part in known and name]
    return [MappedField.model_validate(one) for one in found[:100]]


def _pairs(mapping: Sequence[MappedField]) -> list[list[str]]:
    return pairs_of(one.model_dump() for one in mapping)


def _shown(preview: previewing.Preview | None) -> dict[str, Any]:
    return {"preview": preview, "parts": [(value, _(word)) for value, word in _PARTS]}
