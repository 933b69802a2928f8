"""Add systems: by address, range, list or CSV; announced beforehand; and how an endpoint finds this server."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.adding.registration_lists import Line
from roomkeeper.adding.surface import EXPECTED, PRE_REGISTER, REGISTERING
from roomkeeper.web.access import number_of
from roomkeeper.web.adding_form import CSV_TEMPLATE, adding_context, handle_adding
from roomkeeper.web.derived_acts import actor_of
from roomkeeper.web.derived_forms import inputs_of
from roomkeeper.web.finding import finding_context
from roomkeeper.web.folder_choices import folder_choices
from roomkeeper.web.pre_registration import register_list, register_one
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

TABS = (
    ("address", noop("By address")),
    ("range", noop("Range or list")),
    ("csv", noop("CSV file")),
    ("one", noop("Pre-register one")),
    ("list", noop("Pre-register many")),
    ("finding", noop("How does an endpoint find us?")),
)
BY_ADDRESS = ("address", "range", "csv")


@needs(Permission.ADMIT, anywhere=True)
def add_systems(request: HttpRequest) -> HttpResponse:
    """The tabs; a POST adds or registers, many only after they were looked through."""
    tab = request.GET.get("tab", "address")
    tab = tab if tab in dict(TABS) else "address"
    context: dict[str, Any] = {
        "tab": tab,
        "tabs": [(key, _(label)) for key, label in TABS],
        "folders": folder_choices(request, Permission.ADMIT),
        "folder": number_of(request.POST.get("folder", "")),
        "typed": request.POST,
    }
    status = 200
    if tab in BY_ADDRESS:
        outcome = handle_adding(request, tab) if request.method == "POST" else {}
        if isinstance(outcome, HttpResponse):
            return outcome
        # A page that htmx asked for is shown whatever it says; it takes no other status for one.
        status = 422 if outcome.get("errors") and not request.headers.get("HX-Request") else 200
        context |= adding_context(request) | outcome
    elif tab == "one":
        answer = register_one(request) if request.method == "POST" else None
        if answer is not None:
            return answer
        expected = [one for one in EXPECTED if one.name != "folder"]
        context["inputs"] = inputs_of(REGISTERING, PRE_REGISTER, expected, actor_of(request), request.POST)
    elif tab == "list":
        lines: HttpResponse | list[Line] = register_list(request) if request.method == "POST" else []
        if isinstance(lines, HttpResponse):
            return lines
        bad = sum(bool(line.error) for line in lines)
        context |= {"lines": lines, "good": len(lines) - bad, "bad": bad}
    else:
        context |= finding_context(request)
    return render(
        request, f"add_systems/tab_{'adding' if tab in BY_ADDRESS else tab}.html", context, status=status
    )


@needs(Permission.ADMIT, anywhere=True)
def csv_template(request: HttpRequest) -> HttpResponse:
    """A sample file: the heading, and lines that show what goes where."""
    return HttpResponse(
        CSV_TEMPLATE,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="systems-to-add.csv"'},
    )
