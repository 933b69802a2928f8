"""`/metrics`, `/healthz` and `/readyz`, outside /api/v1: for monitoring."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.problems import ApiProblem, answer_problem, problem_of
from roomkeeper.api.routing import Token
from roomkeeper.fleet.figures import Figures
from roomkeeper.jobs import checks, clock
from roomkeeper.systems.check_ins import store
from roomkeeper.words import gettext as _


@needs(Permission.VIEW)
def metrics(request: HttpRequest) -> HttpResponse:
    """Metrics in Prometheus' text format; for whom may view the root folder, or for all."""
    if not settings.OPTIONS.metrics_are_open:
        try:
            user = Token(metrics.rule)(request)  # type: ignore[attr-defined]
        except Exception as error:  # noqa: BLE001 - told as the API tells it
            return answer_problem(problem_of(error))
        if user is None:
            return answer_problem(
                ApiProblem(
                    401,
                    "not-signed-in",
                    "Not signed in",
                    _("The request carries no valid token."),
                    hint=_("Send a token, or set ROOMKEEPER_METRICS_ARE_OPEN."),
                )
            )
    fleet = CollectorRegistry(auto_describe=False)
    fleet.register(Figures())
    return HttpResponse(generate_latest(REGISTRY) + generate_latest(fleet), content_type=CONTENT_TYPE_LATEST)


def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """The process can serve: its database answers, the newest write that it knows of did not fail, and no check that
    decides readiness finds a fault."""
    try:
        faults = checks.hindrances(now=clock.measure())
        if store.is_failing():
            _ask()
            store.note_answer()
    except DatabaseError:
        faults = [checks.CheckResult("database", False, _("it does not answer"))]
    if store.is_failing():
        faults.append(checks.CheckResult("database", False, _("it cannot be written")))
    if faults:
        return answer_problem(
            ApiProblem(
                503,
                "not-ready",
                "Not ready",
                " ".join(f"{fault.what.capitalize()}: {fault.words}." for fault in faults),
                hint=_("See the server's log, and run: roomkeeper doctor"),
            )
        )
    return JsonResponse({"status": "ready"})


def _ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
