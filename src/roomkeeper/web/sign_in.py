"""Sign-in on django-allauth: accounts are made by administrators, nobody signs up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.views import LoginView as AuthLoginView
from allauth.account.views import LogoutView
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse


class ClosedAccountAdapter(DefaultAccountAdapter):
    """allauth's adapter with sign-up closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: an administrator makes accounts."""
        return False

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """Say it where she tried; the password was right."""
        messages.error(request, "This account is deactivated. Ask an administrator of this server.")
        return HttpResponseRedirect(reverse("sign_in"))


class SignIn(AuthLoginView):
    """Name and password; a session once they are right. allauth limits the attempts."""

    template_name = "account/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form and where to go afterwards; without allauth's links to pages that are not mounted here."""
        context = super(AuthLoginView, self).get_context_data(**kwargs)
        return {
            **context,
            "redirect_field_name": self.redirect_field_name,
            "redirect_field_value": self._next(),
        }

    def _next(self) -> str:
        return self.request.POST.get("next") or self.request.GET.get("next") or ""


class SignOut(LogoutView):
    """Ends the session; a GET asks first, so that no link can sign somebody out."""

    template_name = "account/sign_out.html"


def _view(view: Any) -> Any:
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = view(request, *args, **kwargs)
        return response

    return shown


sign_in = _view(SignIn.as_view())
sign_out = _view(SignOut.as_view())
