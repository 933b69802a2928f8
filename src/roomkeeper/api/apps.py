"""Django's handle on the app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The `api` app."""

    name = "roomkeeper.api"
    label = "api"
