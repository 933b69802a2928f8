"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class BackupsConfig(AppConfig):
    """The `backups` app."""

    name = "roomkeeper.backups"
    label = "backups"

    def ready(self) -> None:
        """Register the kinds of jobs, the schedule and what is kept."""
        from roomkeeper.backups import keeping, making, restoring, restoring_surface, scheduling, surface
        from roomkeeper.jobs import schedule, work

        self.surfaces = surface, restoring_surface
        work.register_kind(work.JobKind(making.KIND, making.run))
        work.register_kind(work.JobKind(restoring.KIND, restoring.run))
        schedule.register("backups", timedelta(minutes=5), scheduling.back_up_due)
        schedule.register("restorations", timedelta(seconds=5), restoring.start_due)
        schedule.register(
            "contents of backups", timedelta(hours=1), keeping.forget_unused_contents, until_done=True
        )
        keeping.register_retention()
