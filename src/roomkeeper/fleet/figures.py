"""The figures of the fleet for monitoring, counted when somebody asks."""

from collections.abc import Iterable

from django.db.models import Count, QuerySet
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from roomkeeper import __version__
from roomkeeper.provisioning.models import Action, ChangeItem, DeliveryState
from roomkeeper.systems.check_ins import liveness
from roomkeeper.systems.models import State, System
from roomkeeper.tickets.models import Ticket


class Figures(Collector):
    """The state of the fleet as gauges."""

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
