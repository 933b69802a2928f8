"""Django's handle on the app."""

from django.apps import AppConfig


class InstallationConfig(AppConfig):
    """The `installation` app."""

    name = "roomkeeper.installation"
    label = "installation"

    def ready(self) -> None:
        """Have sessions begin as they have to, and texts translated by Django."""
        from django.utils import translation

        from roomkeeper import words
        from roomkeeper.installation import sessions

        sessions.register()
        words.translate_by(translation.gettext, translation.ngettext)
