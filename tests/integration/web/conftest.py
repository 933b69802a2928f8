"""Pages as somebody sees them."""

from collections.abc import Callable

import pytest
from django.test import Client

from roomkeeper.accounts.models import User

SignedIn = Callable[[User], Client]


@pytest.fixture
def signed_in(db: None) -> SignedIn:
    """A browser in which that person is signed in."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def client(administrator: User, signed_in: SignedIn) -> Client:
    """The administrator's browser."""
    return signed_in(administrator)


def text_of(response: object) -> str:
    """A page's text as it was sent."""
    content: bytes = response.content  # type: ignore[attr-defined]
    return content.decode()
