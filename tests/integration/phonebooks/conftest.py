"""What tests of several sources stand on."""

from collections.abc import Iterator

import pytest
from tests.integration.phonebooks.radicale import Radicale, User, radicale


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    """A Radicale for the tests of a module."""
    with radicale(tmp_path_factory.mktemp("radicale")) as found:
        yield found


@pytest.fixture
def user(server: Radicale) -> User:
    """A user with an address book of three people."""
    found = server.new_user()
    found.make_book("people", "People")
    for name in ("anna", "bo", "cy"):
        found.put("people", name)
    return found
