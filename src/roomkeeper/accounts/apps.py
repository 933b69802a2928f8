"""Django's handle on the app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The `accounts` app."""

    name = "roomkeeper.accounts"
    label = "accounts"
