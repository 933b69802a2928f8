"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The `jobs` app."""

    name = "roomkeeper.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Register the regular upkeep."""
        from roomkeeper.jobs import checks, retention, surface, work, workers
        from roomkeeper.jobs.schedule import register

        self.surface = surface
        register("retention", timedelta(minutes=10), retention.forget_old, until_done=True)
        retention.register_kind("jobs", work.ended_before)
        checks.register(
            checks.Check(
                workers.NAME,
                workers.look,
                decides_readiness=True,
                ticket="critical",
                patience=timedelta(minutes=1),
            )
        )
