"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class PollingConfig(AppConfig):
    """The `polling` app."""

    name = "roomkeeper.polling"
    label = "polling"

    def ready(self) -> None:
        """Register the pump, the regular upkeep and the job."""
        from roomkeeper.jobs import replanning
        from roomkeeper.jobs.pumps import register_pump
        from roomkeeper.jobs.schedule import register
        from roomkeeper.jobs.work import JobKind, register_kind
        from roomkeeper.polling import pump, service, upkeep
        from roomkeeper.polling.models import Poll

        replanning.register(replanning.Times("polls", Poll.objects.all, "last_at", upkeep.plan_anew))
        register_pump("polls", pump.poll_due)
        register("polls", timedelta(seconds=5), upkeep.sweep, until_done=True)
        register_kind(JobKind(service.KIND, service.run))
