"""What of a route is which kind of address."""

import pytest

from roomkeeper.phonebooks.sources.tms import Folder, fields_of, kind_of, service_url
from roomkeeper.protocols.phonebook import PhonebookEntry, Route


@pytest.mark.parametrize(
    ("protocol", "dial_string", "call_type", "kind"),
    [
        ("SIP", "room2@example.org", "384", "sip"),
        ("SIP", "10.1.2.3", "384", "ip"),
        ("H323", "room2", "384", "h323"),
        ("H323", "room2@example.org", "384", "h323"),
        ("H323", "475101", "384", "e164"),
        ("H323", "10.1.2.3", "384", "ip"),
        ("H.323", "*12#", "384", "e164"),
        ("h323", "[2001:db8::1]", "384", "ip"),
        ("H320", "004722334455", "128", "isdn"),
        ("ISDN", "+4722334455", "384", "isdn"),
        ("SIP", "+4722334455", "Tel", "telephone"),
        ("Tel", "+4722334455", "384", "telephone"),
        ("", "ann@example.org", "", "sip"),
        ("Auto", "475101", "Auto", "e164"),
        ("", "ann", "", "h323"),
    ],
)
def test_route_is_an_address_by_protocol_and_form(
    protocol: str, dial_string: str, call_type: str, kind: str
) -> None:
    assert kind_of(Route(dial_string, protocol, call_type=call_type)) == kind


def test_folders_and_bandwidth_are_fields() -> None:
    routes = (Route("a@example.org", "SIP", call_type="Video"), Route("a", "H323", call_type="768"))
    found = fields_of(Folder("c_2", ("c_1", "c_2"), ("Oslo", "Sales")), PhonebookEntry("e_1", "Ann", routes))
    assert ("folder", "Sales") in found
    assert ("path", "Oslo / Sales") in found
    assert [value for name, value in found if name == "bandwidth"] == ["768"]
    assert not {"folder", "path"} & {
        name for name, _value in fields_of(Folder(), PhonebookEntry("e_1", "Ann"))
    }


def test_service_of_tms_is_where_only_the_server_is_named() -> None:
    path = "/tms/public/external/phonebook/phonebookservice.asmx"
    assert service_url("https://tms.example.org") == f"https://tms.example.org{path}"
    assert service_url("https://tms.example.org/") == f"https://tms.example.org{path}"
    assert service_url("https://tms.example.org/other/secret") == "https://tms.example.org/other/secret"
