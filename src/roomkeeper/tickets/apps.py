"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """The `tickets` app."""

    name = "roomkeeper.tickets"
    label = "tickets"

    def ready(self) -> None:
        """Begin to listen to findings."""
        from roomkeeper.jobs.retention import register_kind
        from roomkeeper.jobs.schedule import register
        from roomkeeper.tickets import surface, tracking

        self.tracking, self.surface = tracking, surface
        register("returned", timedelta(seconds=10), tracking.close_returned, until_done=True)
        register("quiet", timedelta(minutes=10), tracking.close_quiet)
        register_kind("tickets", tracking.closed_before)
