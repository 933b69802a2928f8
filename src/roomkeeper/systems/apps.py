"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class SystemsConfig(AppConfig):
    """The `systems` app."""

    name = "roomkeeper.systems"
    label = "systems"

    def ready(self) -> None:
        """Register the regular upkeep."""
        from roomkeeper.jobs.schedule import register, register_after_downtime
        from roomkeeper.systems import housekeeping

        register_after_downtime(housekeeping.forgive_downtime)
        register("liveness", timedelta(seconds=5), housekeeping.sweep_liveness, until_done=True)
        register("exchanges", timedelta(minutes=1), housekeeping.trim_exchanges, until_done=True)
        register("claims", timedelta(minutes=5), housekeeping.cap_claims, until_done=True)
        housekeeping.register_retention()
