"""Sign-in on django-allauth: accounts are made by administrators, nobody signs up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.views import LoginView as AuthLoginView
from allauth.account.views import LogoutView
from django.conf import settings
from django.forms import ValidationError
from django.http import HttpRequest, HttpResponse

from roomkeeper.accounts import sign_in as service
from roomkeeper.accounts.actors import Road
from roomkeeper.jobs import clock


class ClosedAccountAdapter(DefaultAccountAdapter):
    """allauth's adapter with sign-up closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: an administrator makes accounts."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """The account whose name and password these are. Raises `ValidationError` with what to do otherwise."""
        attempt = service.attempt(
            credentials.get("username", ""),
            credentials.get("password", ""),
            source_address=request.META.get("REMOTE_ADDR", ""),
            road=Road.PAGE,
            # The database's time, by which every process counts how long somebody is locked out.
            now=clock.measure(),
        )
        if attempt.outcome is not service.SignInOutcome.RIGHT or attempt.user is None:
            raise ValidationError(
                attempt.sentence, code=str(attempt.outcome), params={"seconds": attempt.seconds}
            )
        attempt.user.backend = settings.AUTHENTICATION_BACKENDS[0]
        return attempt.user


class SignIn(AuthLoginView):
    """Name and password; a session once they are right. `accounts.sign_in` decides."""

    template_name = "account/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form and where to go afterwards; without allauth's links to pages that are not mounted here."""
        context = super(AuthLoginView, self).get_context_data(**kwargs)
        return {
            **context,
            "redirect_field_name": self.redirect_field_name,
            "redirect_field_value": self._next(),
        }

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again with the sentence why; 429 where she has to wait."""
        answer: HttpResponse = super().form_invalid(form)
        for error in form.errors.as_data().get("__all__", ()):
            if error.params and error.params["seconds"]:
                answer.status_code = 429
                answer["Retry-After"] = str(error.params["seconds"])
        return answer

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
