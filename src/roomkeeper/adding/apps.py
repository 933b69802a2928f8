"""Django's handle on the app."""

from django.apps import AppConfig


class AddingConfig(AppConfig):
    """The `adding` app; it has no tables."""

    name = "roomkeeper.adding"
    label = "adding"

    def ready(self) -> None:
        """Have its jobs worked on; declare what it offers."""
        from roomkeeper.adding import logins, plan, running, surface
        from roomkeeper.jobs.work import JobKind, register_kind

        self.surface = surface
        register_kind(JobKind(plan.KIND, running.run))
        register_kind(JobKind(logins.KIND, logins.run))
