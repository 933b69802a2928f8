"""Credentials: the list of logins, communities and SNMP users that are tried on systems whose own are not known yet."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from roomkeeper.accounts import audit
from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.devices.snmp import AUTHENTICATION, PRIVACY
from roomkeeper.systems import credential_list
from roomkeeper.systems.models import Credential
from roomkeeper.web.access import grants
from roomkeeper.web.acts import Question, ask, attempt
from roomkeeper.web.acts import now as moment

# An empty choice keeps what is stored, so taking it away needs a word.
NONE = "none"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form of one kind. A secret one is never shown, and kept where it is left empty."""

    name: str
    label: str
    is_secret: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    limit: int = 255


def _protocols(usual: str, known: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """What a person chooses from, what is usual first."""
    words = (usual, *(word for word in known if word != usual))
    return (*((word, word) for word in words), (NONE, "none"))


KINDS: dict[str, tuple[str, str, tuple[Field, ...]]] = {
    Credential.Kind.LOGIN.value: (
        "Login",
        "An administrator account of devices, tried over TLS only; at most two a device, so that no account is locked.",
        (
            Field("username", "User name", limit=128),
            Field("password", "Password", is_secret=True),
        ),
    ),
    Credential.Kind.COMMUNITY.value: (
        "SNMP community",
        "By which devices are looked for in a range, and recognised.",
        (
            Field("community", "Community", is_secret=True),
            Field("version", "Version", choices=(("2c", "SNMP v2c"), ("1", "SNMP v1"))),
        ),
    ),
    Credential.Kind.SNMP_USER.value: (
        "SNMP v3 user",
        "By which devices are looked for in a range, and recognised.",
        (
            Field("username", "User name", limit=32),
            Field(
                "auth_protocol",
                "Authentication",
                choices=_protocols("SHA-256", AUTHENTICATION),
            ),
            Field("auth_password", "Authentication password", is_secret=True, hint="At least 8 characters."),
            Field(
                "privacy_protocol",
                "Privacy",
                choices=_protocols("AES", PRIVACY),
            ),
            Field("privacy_password", "Privacy password", is_secret=True, hint="At least 8 characters."),
        ),
    ),
}


@needs(Permission.VIEW_SERVER)
def credentials(request: HttpRequest) -> HttpResponse:
    """The list, in the order in which they are tried."""
    return render(
        request,
        "credentials/list.html",
        {
            "rows": [(one, KINDS[one.kind][0]) for one in credential_list.entries()],
            "kinds": [(kind, label) for kind, (label, _, _) in KINDS.items()],
            "may_manage": grants(request).may(Permission.MANAGE_SERVER),
            "now": moment(),
            "entries": AuditEntry.objects.filter(object_kind=Credential._meta.verbose_name).order_by("-id")[
                :10
            ],
        },
    )


@needs(Permission.MANAGE_SERVER)
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """The form for another one."""
    if kind not in KINDS:
        raise Http404
    return _form(request, kind, None)


@needs(Permission.MANAGE_SERVER)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """The form for one of the list; its secrets are replaced, never shown."""
    found = get_object_or_404(Credential, pk=pk)
    return _form(request, found.kind, found)


def _form(request: HttpRequest, kind: str, found: Credential | None) -> HttpResponse:
    demand(request.user, Permission.MANAGE_SERVER)
    label, words, fields = KINDS[kind]
    name = found.name if found else ""
    typed = {"username": found.username} if found else {}
    error, wrong = "", ""
    if request.method == "POST":
        name = request.POST.get("name", "").strip()
        given = {field.name: request.POST.get(field.name, "") for field in fields}
        given = {key: text if "password" in key else text.strip() for key, text in given.items()}
        # An empty secret keeps the stored one; so does a choice that was left alone.
        values = {
            key: "" if text == NONE and "protocol" in key else text
            for key, text in given.items()
            if text or found is None
        }
        typed = {field.name: given[field.name] for field in fields if not field.is_secret}
        try:
            with transaction.atomic():
                if found is None:
                    kept = credential_list.add(name=name, kind=kind, values=values, now=moment())
                    audit.record(request.user, "page", "add credential", kept)
                else:
                    kept = credential_list.change(found, name=name, values=values)
                    replaced = sorted(
                        field.label for field in fields if field.is_secret and given[field.name]
                    )
                    audit.record(
                        request.user, "page", "change credential", kept, replaced=", ".join(replaced)
                    )
        except credential_list.CredentialRefused as refusal:
            error, wrong = str(refusal), refusal.field
            known = wrong == "name" or wrong in given
            messages.error(request, "Nothing was stored: see the field marked below." if known else error)
        else:
            messages.success(request, f"{kept.name} is stored.")
            return HttpResponseRedirect(reverse("credentials"))
    return render(
        request,
        "credentials/form.html",
        {
            "found": found,
            "kind_label": label,
            "words": words,
            "name": name,
            "rows": [
                (field, typed.get(field.name, ""), error if wrong == field.name else "") for field in fields
            ],
            "name_error": error if wrong == "name" else "",
        },
        status=422 if error else 200,
    )


@needs(Permission.MANAGE_SERVER)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, and take one off the list."""
    found = get_object_or_404(Credential, pk=pk)
    page = reverse("credentials")
    if request.method != "POST":
        question = Question(
            f"Delete {found.name}?",
            f"{KINDS[found.kind][0]} {found.name} is not tried on systems any more. Systems that were added with it "
            "keep what they have.",
            "It cannot be undone: store it anew, if you still know it.",
            "Delete",
            reverse("credential_delete", args=[pk]),
            page,
            is_dangerous=True,
        )
        return ask(request, question)
    attempt(
        request,
        "delete credential",
        found,
        lambda: credential_list.delete(found),
        f"{found.name} is deleted.",
    )
    return HttpResponseRedirect(page)
