"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """The `provisioning` app."""

    name = "roomkeeper.provisioning"
    label = "provisioning"

    def ready(self) -> None:
        """Register the regular upkeep."""
        from roomkeeper.jobs.schedule import register
        from roomkeeper.provisioning import expiry

        register("expiry", timedelta(seconds=30), expiry.expire, until_done=True)
