"""People and roles: accounts, one-time passwords, and who may do what on which folder."""

from typing import Any

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from roomkeeper.accounts import people as service
from roomkeeper.accounts.models import AuditEntry, Role, RoleAssignment, User
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.web.access import number_of, visible_folder
from roomkeeper.web.acts import Question, ask, attempt
from roomkeeper.web.acts import now as moment
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.web.pages import cut

ROLE_WORDS = (
    (Role.VIEWER, "viewer: sees"),
    (Role.OPERATOR, "operator: sees, changes settings, runs actions, works on tickets"),
    (Role.ADMINISTRATOR, "administrator: everything on that folder; on the topmost one, the server too"),
)


@needs(Permission.MANAGE_PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    """The list of accounts; a POST makes one and shows its one-time password once."""
    made: list[tuple[User, str]] = []
    if request.method == "POST":
        role = request.POST.get("role", "")

        def deed() -> None:
            person, password = service.create_person(
                request.POST.get("name", ""),
                email=request.POST.get("email", ""),
                is_service_account=bool(request.POST.get("is_service_account")),
            )
            if role in Role.values:
                service.give_role(person, visible_folder(request, request.POST.get("folder", "")), role)
            made.append((person, password))

        attempt(request, "create user", None, deed, "", name=request.POST.get("name", "")[:150], role=role)
    found = User.objects.order_by("username").prefetch_related(
        Prefetch("role_assignments", RoleAssignment.objects.select_related("folder").order_by("folder__path"))
    )
    q = request.GET.get("q", "").strip()
    if q:
        found = found.filter(username__icontains=q)
    page, pager = cut(request, found, {"q": q})
    return render(
        request,
        "people/list.html",
        {
            "page": page,
            "pager": pager,
            "q": q,
            "made": made[0] if made else None,
            "now": moment(),
            "roles": ROLE_WORDS,
            "folders": folder_choices(request, Permission.VIEW),
            "typed": request.POST if not made else {},
        },
    )


@needs(Permission.MANAGE_PEOPLE)
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One account with its roles."""
    found = get_object_or_404(User, pk=pk)
    return render(
        request,
        "people/person.html",
        {
            "person": found,
            "assignments": found.role_assignments.select_related("folder").order_by("folder__path"),
            "groups": found.groups.all(),
            "roles": ROLE_WORDS,
            "folders": folder_choices(request, Permission.VIEW),
            "password": None,
            "now": moment(),
            "entries": _log(found),
        },
    )


def _log(found: User) -> Any:
    return AuditEntry.objects.filter(object_kind="user", object_id=found.pk).order_by("-id")[:20]


@needs(Permission.MANAGE_PEOPLE)
def act(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """Give or take a role, give a one-time password, deactivate, activate."""
    found = get_object_or_404(User, pk=pk)
    page = reverse("person", args=[pk])
    if act not in ("give-role", "take-role", "password", "deactivate", "activate"):
        raise Http404
    if request.method != "POST":
        if act == "give-role":
            return HttpResponseRedirect(page)
        return ask(request, _question(request, found, act, page))
    if act == "password":
        given: list[str] = []
        attempt(
            request,
            "give one-time password",
            found,
            lambda: given.append(service.give_one_time_password(found)),
            "",
        )
        return render(
            request,
            "people/person.html",
            {
                "person": found,
                "assignments": found.role_assignments.select_related("folder"),
                "roles": ROLE_WORDS,
                "folders": folder_choices(request, Permission.VIEW),
                "password": given[0] if given else None,
                "groups": found.groups.all(),
                "now": moment(),
                "entries": _log(found),
            },
        )
    if act == "give-role":
        folder, role = visible_folder(request, request.POST.get("folder", "")), request.POST.get("role", "")
        if role not in Role.values:
            raise Http404
        attempt(
            request,
            "give role",
            found,
            lambda: service.give_role(found, folder, role),
            f"{found} is {role} of {folder}.",
            role=role,
            folder=str(folder),
        )
    elif act == "take-role":
        assignment = get_object_or_404(
            found.role_assignments.select_related("folder", "user"),
            pk=number_of(request.POST.get("assignment", "")) or 0,
        )
        attempt(
            request,
            "take role",
            found,
            lambda: service.take_role(assignment),
            "The role is taken away.",
            role=assignment.role,
            folder=str(assignment.folder),
        )
    else:
        attempt(
            request,
            f"{act} user",
            found,
            lambda: service.set_active(found, act == "activate", by=request.user),
            f"{found} may sign in again." if act == "activate" else f"{found} may no longer sign in.",
        )
    return HttpResponseRedirect(page)


def _question(request: HttpRequest, found: User, act: str, page: str) -> Question:
    address = reverse("person_act", args=[found.pk, act])
    if act == "password":
        return Question(
            f"Give {found} a one-time password?",
            "The password of this one account is void at once. The new one is "
            "shown once and must be changed at the next sign-in.",
            "It cannot be undone.",
            "Give it",
            address,
            page,
            is_dangerous=True,
        )
    if act == "take-role":
        key = number_of(request.GET.get("assignment", "")) or 0
        return Question(
            f"Take this role from {found}?",
            "One role on one folder and everything below it.",
            "Give it again at any time.",
            "Take it",
            address,
            page,
            fields=(("assignment", str(key)),),
        )
    if act == "activate":
        return Question(
            f"Activate {found}?",
            "The account may sign in again, with the roles it had.",
            "Deactivate it at any time.",
            "Activate",
            address,
            page,
        )
    return Question(
        f"Deactivate {found}?",
        "The account can no longer sign in, its sessions and tokens stop working. "
        "What it did stays in the audit trail.",
        "Activate it at any time.",
        "Deactivate",
        address,
        page,
        is_dangerous=True,
    )
