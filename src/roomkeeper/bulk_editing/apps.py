"""Django's handle on the app."""

from django.apps import AppConfig


class BulkEditingConfig(AppConfig):
    """The `bulk_editing` app; it has no tables."""

    name = "roomkeeper.bulk_editing"
    label = "bulk_editing"

    def ready(self) -> None:
        """Have its jobs worked on; declare what it offers."""
        from roomkeeper.bulk_editing import applying, running, surface
        from roomkeeper.jobs.work import JobKind, register_kind

        self.surface = surface
        register_kind(JobKind(applying.KIND, running.run))
