"""Django's handle on the app."""

from django.apps import AppConfig


class AddingConfig(AppConfig):
    """The `adding` app; it has no tables."""

    name = "roomkeeper.adding"
    label = "adding"

    def ready(self) -> None:
        """Have its jobs worked on."""
        from roomkeeper.adding import logins, plan, running
        from roomkeeper.jobs.work import Kind, register_kind

        register_kind(Kind(plan.KIND, running.run))
        register_kind(Kind(logins.KIND, logins.run))
