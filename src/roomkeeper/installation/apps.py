"""Django's handle on the app."""

from django.apps import AppConfig


class InstallationConfig(AppConfig):
    """The `installation` app."""

    name = "roomkeeper.installation"
    label = "installation"

    def ready(self) -> None:
        """Have sessions begin as they have to."""
        from roomkeeper.installation import sessions

        sessions.register()
