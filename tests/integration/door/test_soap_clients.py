"""A SOAP client that somebody else wrote loads our descriptions and calls what they describe."""

import pytest
import zeep
from tests.acceptance.device import EVENTS, PHONE_BOOK
from tests.integration.door.conftest import DoorProcess
from zeep.transports import Transport

from roomkeeper.systems.models import System

pytestmark = pytest.mark.one_database

CLAIMS = {
    "SystemName": "zeep",
    "MACAddress": "02:EE:00:00:00:01",
    "IPAddress": "127.0.0.1",
    "SerialNumber": "FTTZEEP0001",
}


def load(address: str) -> zeep.Client:
    """A client made from a service's own description."""
    return zeep.Client(f"{address}?WSDL", transport=Transport(timeout=20, operation_timeout=20))


def test_zeep_posts_an_event(door: DoorProcess) -> None:
    client = load(door.http + EVENTS)
    for port in client.wsdl.services["SystemManagementService"].ports:
        service = client.bind("SystemManagementService", port)
        result = service.PostEvent(Identification=CLAIMS, Event="Boot")
        assert result.HeartBeatInterval > 0
    assert System.objects.get().reported_name == "zeep"


def test_zeep_searches_the_phone_book(door: DoorProcess) -> None:
    client = load(door.http + PHONE_BOOK)
    for port in client.wsdl.services["PhoneBookSearch"].ports:
        service = client.bind("PhoneBookSearch", port)
        result = service.Search(Identification=CLAIMS, SearchString="smith", SearchType="Free", MaxResult=50)
        assert (result.NoOfEntries, result.Entry) == (0, [])
