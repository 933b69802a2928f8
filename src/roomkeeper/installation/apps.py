"""Django's handle on the app."""

from django.apps import AppConfig


class InstallationConfig(AppConfig):
    """The `installation` app."""

    name = "roomkeeper.installation"
    label = "installation"
