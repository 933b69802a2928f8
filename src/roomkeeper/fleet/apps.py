"""Django's handle on the app."""

from django.apps import AppConfig


class FleetConfig(AppConfig):
    """The `fleet` app, which has no tables of its own."""

    name = "roomkeeper.fleet"
    label = "fleet"

    def ready(self) -> None:
        """Declare what it offers."""
        from roomkeeper.fleet import history_surface, inbox_surface, surface

        self.surfaces = (surface, inbox_surface, history_surface)
