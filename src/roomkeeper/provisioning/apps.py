"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """The `provisioning` app."""

    name = "roomkeeper.provisioning"
    label = "provisioning"

    def ready(self) -> None:
        """Register the regular upkeep."""
        from roomkeeper.jobs.retention import register_kind
        from roomkeeper.jobs.schedule import register
        from roomkeeper.provisioning import expiry

        register("expiry", timedelta(seconds=30), expiry.expire, until_done=True)
        register_kind("change sets", expiry.change_sets_ended_before)
        register_kind("actions", expiry.actions_ended_before)
