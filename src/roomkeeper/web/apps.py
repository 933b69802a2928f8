"""Django's handle on the app."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The `web` app."""

    name = "roomkeeper.web"
    label = "web"
