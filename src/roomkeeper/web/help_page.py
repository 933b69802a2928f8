"""Words of help, served with the pages: these networks have no internet."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from roomkeeper.accounts.permissions import Permission, needs


@needs(Permission.OWN_ACCOUNT)
def help_page(request: HttpRequest) -> HttpResponse:
    """One page; every help mark leads to its section."""
    return render(request, "help/help.html", {})


@needs(Permission.OWN_ACCOUNT)
def keys(request: HttpRequest) -> HttpResponse:
    """What the keys do, for the dialog."""
    return render(request, "help/keys.html", {})
