"""The audit trail: who did what to which object, and by which road."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from roomkeeper.accounts.models import AuditEntry
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.web.acts import now as moment
from roomkeeper.web.pages import cut


@needs(Permission.VIEW_SERVER)
def audit(request: HttpRequest) -> HttpResponse:
    """Entries newest first, by who, what and words."""
    who, act, q = (request.GET.get(name, "").strip() for name in ("who", "act", "q"))
    found = AuditEntry.objects.order_by("-id")
    if who:
        found = found.filter(user_name=who)
    if act:
        found = found.filter(act=act)
    if q:
        found = found.filter(object_label__icontains=q)
    page, pager = cut(request, found, {"who": who, "act": act, "q": q})
    names = AuditEntry.objects.order_by("user_name").values_list("user_name", flat=True).distinct()[:200]
    acts = AuditEntry.objects.order_by("act").values_list("act", flat=True).distinct()[:200]
    return render(
        request,
        "audit/audit.html",
        {
            "entries": page.object_list,
            "pager": pager,
            "now": moment(),
            "q": q,
            "choices": (("who", "Anybody", who, names), ("act", "Any act", act, acts)),
        },
    )
