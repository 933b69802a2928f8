"""One's own account: time zone, password; tokens are declared."""

import zoneinfo
from typing import cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from roomkeeper.accounts.models import User
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.operations.taking import TakenRefused, take_form
from roomkeeper.people.own_surface import CHANGE_PASSWORD, OWN_ACCOUNT, SET_TIME_ZONE
from roomkeeper.web.acts import now as moment
from roomkeeper.web.derived_acts import tried
from roomkeeper.words import gettext as _


def _user(request: HttpRequest) -> User:
    return User.objects.get(pk=cast(User, request.user).pk)


@needs(Permission.OWN_ACCOUNT)
def account(request: HttpRequest) -> HttpResponse:
    """One's time zone, roles and the way to one's tokens."""
    user = _user(request)
    return render(
        request,
        "account/account.html",
        {
            "zones": sorted(zoneinfo.available_timezones()),
            "user": user,
            "now": moment(),
            "token_count": user.api_tokens.count(),
            "assignments": user.role_assignments.select_related("folder").order_by("folder__path"),
        },
    )


@require_POST
@needs(Permission.OWN_ACCOUNT)
def set_time_zone(request: HttpRequest) -> HttpResponse:
    """The zone in which times are shown."""
    try:
        taken = take_form(OWN_ACCOUNT, SET_TIME_ZONE, request.POST.getlist)
    except TakenRefused as refusal:
        messages.error(request, " ".join(refusal.errors.values()))
    else:
        done = _("Times are shown as in {zone}.", zone=taken["time_zone"])
        tried(request, OWN_ACCOUNT, SET_TIME_ZONE, _user(request), taken, done)
    return HttpResponseRedirect(reverse("account"))


@sensitive_post_parameters("old_password", "new_password1", "new_password2")
@needs(Permission.OWN_ACCOUNT)
def change_password(request: HttpRequest) -> HttpResponse:
    """Change one's password; a one-time password leads nowhere else before that."""
    user = _user(request)
    form = PasswordChangeForm(user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        taken = {"password": form.cleaned_data["new_password1"]}
        tried(request, OWN_ACCOUNT, CHANGE_PASSWORD, user, taken, _("Your password is changed."))
        update_session_auth_hash(request, user)
        return HttpResponseRedirect(reverse("overview"))
    errors = {name: list(form.errors.get(name, [])) for name in form.fields}
    return render(
        request,
        "account/change_password.html",
        {
            "fields": [
                (name, label, errors[name], hint)
                for name, label, hint in (
                    ("old_password", _("The password you signed in with"), "current-password"),
                    ("new_password1", _("New password, at least ten characters"), "new-password"),
                    ("new_password2", _("The new password again"), "new-password"),
                )
            ],
            "is_forced": user.must_change_password,
        },
        status=422 if form.errors else 200,
    )
