"""Django's handle on the app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The `jobs` app."""

    name = "roomkeeper.jobs"
    label = "jobs"
