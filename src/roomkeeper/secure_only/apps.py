"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class SecureOnlyConfig(AppConfig):
    """The `secure_only` app."""

    name = "roomkeeper.secure_only"
    label = "secure_only"

    def ready(self) -> None:
        """Register the regular work."""
        from roomkeeper.jobs import replanning
        from roomkeeper.jobs.retention import register_kind
        from roomkeeper.jobs.schedule import register
        from roomkeeper.secure_only import moving, surface
        from roomkeeper.secure_only.models import Member

        self.surface = surface
        replanning.register(replanning.Times("secure-only", Member.objects.all, "since"))
        register("secure-only", timedelta(seconds=2), moving.advance, until_done=True)
        register_kind("secure-only moves", moving.ended_before)
