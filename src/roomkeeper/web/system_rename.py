"""Renaming a system in place."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from roomkeeper.accounts.permissions import Permission, demand, needs
from roomkeeper.provisioning import planning
from roomkeeper.web.access import back_to, visible_system
from roomkeeper.web.acts import attempt
from roomkeeper.web.acts import now as moment


@require_POST
@needs(Permission.CHANGE_SETTINGS, anywhere=True)
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the system another name: the record at once, the device with its next answer."""
    system = visible_system(request, pk, Permission.CHANGE_SETTINGS)
    demand(request.user, Permission.CHANGE_SETTINGS, system.folder.path)
    name = request.POST.get("name", "").strip()
    attempt(
        request,
        "rename",
        system,
        lambda: planning.rename(system, name, user=request.user, now=moment()),
        f"Renamed to {name}. The device is told with the answer to its next post.",
        name=name,
    )
    return back_to(request, reverse("system_page", args=[pk]))
