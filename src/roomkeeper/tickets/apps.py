"""Django's handle on the app."""

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """The `tickets` app."""

    name = "roomkeeper.tickets"
    label = "tickets"

    def ready(self) -> None:
        """Begin to listen to findings."""
        from roomkeeper.jobs.retention import register_kind
        from roomkeeper.tickets import tracking

        self.tracking = tracking
        register_kind("tickets", tracking.closed_before)
