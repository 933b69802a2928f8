"""`/metrics`, `/healthz` and `/readyz`, outside /api/v1: for monitoring."""

from collections.abc import Iterable

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from roomkeeper import __version__
from roomkeeper.accounts.permissions import Permission, needs
from roomkeeper.api.problems import ApiProblem, answer_problem, problem_of
from roomkeeper.api.routing import Token
from roomkeeper.jobs import checks, clock
from roomkeeper.provisioning.models import Action, ChangeItem, DeliveryState
from roomkeeper.systems.check_ins import liveness, store
from roomkeeper.systems.models import State, System
from roomkeeper.tickets.models import Ticket
from roomkeeper.words import gettext as _


class _Fleet(Collector):
    """The state of the fleet, counted when somebody asks."""

    def collect(self) -> Iterable[Metric]:
        """The families of gauges."""
        yield _gauge("roomkeeper_systems", "Systems by state.", "state", System.objects.all(), "state")
        managed = System.objects.filter(state=State.MANAGED)
        yield _gauge(
            "roomkeeper_systems_connectivity",
            "Managed systems by connectivity.",
            "connectivity",
            managed,
            "connectivity",
            empty="undecided",
        )
        alive = GaugeMetricFamily(
            "roomkeeper_systems_alive", "Managed systems by being alive.", labels=["alive"]
        )
        now = timezone.now()
        for word in liveness.WORDS:
            alive.add_metric([word], managed.filter(liveness.alive_filter(word, now)).count())
        yield alive
        yield _gauge("roomkeeper_tickets", "Tickets by state.", "state", Ticket.objects.all(), "state")
        open_states = [DeliveryState.WAITING, DeliveryState.DELIVERED]
        yield _gauge(
            "roomkeeper_settings_open",
            "Settings on their way to systems, by state.",
            "state",
            ChangeItem.objects.filter(state__in=open_states),
            "state",
        )
        yield _gauge(
            "roomkeeper_actions_open",
            "Actions on their way to systems, by state.",
            "state",
            Action.objects.filter(state__in=open_states),
            "state",
        )
        version = GaugeMetricFamily("roomkeeper_info", "The running release.", labels=["version"])
        version.add_metric([__version__], 1)
        yield version


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
    fleet.register(_Fleet())
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


def _gauge(
    name: str,
    line: str,
    label: str,
    rows: QuerySet[System] | QuerySet[Ticket] | QuerySet[ChangeItem] | QuerySet[Action],
    field: str,
    *,
    empty: str = "none",
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, line, labels=[label])
    for value, number in rows.order_by().values_list(field).annotate(number=Count("pk")):
        family.add_metric([value or empty], number)
    return family
