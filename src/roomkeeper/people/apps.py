"""Django's handle on the app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The `people` app, which has no tables of its own."""

    name = "roomkeeper.people"
    label = "people"

    def ready(self) -> None:
        """Declare what it offers."""
        from roomkeeper.people import (
            audit_surface,
            groups_surface,
            lock_outs_surface,
            tokens_surface,
            users_surface,
        )

        self.surfaces = (audit_surface, groups_surface, lock_outs_surface, tokens_surface, users_surface)
