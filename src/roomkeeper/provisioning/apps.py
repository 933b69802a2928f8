"""Django's handle on the app."""

from datetime import timedelta
from functools import partial

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """The `provisioning` app."""

    name = "roomkeeper.provisioning"
    label = "provisioning"

    def ready(self) -> None:
        """Register the regular upkeep."""
        from roomkeeper.jobs import replanning
        from roomkeeper.jobs.pumps import register_pump
        from roomkeeper.jobs.retention import register_kind
        from roomkeeper.jobs.schedule import register
        from roomkeeper.provisioning import (
            change_sets,
            defaults,
            delivery_surface,
            drift,
            enforcement,
            expiry,
            models,
            persistent,
            surface,
        )
        from roomkeeper.provisioning.push_pump import pump
        from roomkeeper.provisioning.sources import register_source

        self.surfaces = (surface, delivery_surface)
        for name, delivered in (("settings", models.ChangeItem), ("actions", models.Action)):
            sent = partial(delivered.objects.filter, state=models.DeliveryState.DELIVERED)
            replanning.register(replanning.Times(name, sent, "delivered_at"))
        replanning.register(replanning.Times("drift", models.Drift.objects.all, "asked_at"))
        register("drift", timedelta(seconds=5), enforcement.enforce_due, until_done=True)
        register_kind("drift", drift.ended_before)
        register("failing change sets", timedelta(seconds=1), change_sets.stop_failing)
        register("expiry", timedelta(seconds=30), expiry.expire, until_done=True)
        register_source(persistent.LAYER, persistent.ORDER, persistent.offers_of)
        register_source(defaults.LAYER, defaults.ORDER, defaults.offers_of)
        register("defaults", timedelta(seconds=1), defaults.compare_some, until_done=True)
        register_pump("pushes", pump.push_due)
        register_kind("change sets", expiry.change_sets_ended_before)
        register_kind("actions", expiry.actions_ended_before)
