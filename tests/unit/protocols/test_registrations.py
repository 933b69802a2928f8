"""Registrations as an Expressway tells them, in each of the ways that are known."""

from typing import Any

import pytest

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.registrations import decode_management, decode_status

SIP_DEVICE = """
<Registration item="2"><Protocol item="1">SIP</Protocol><Node item="1">10.1.0.2</Node>
 <SerialNumber item="1">1-2</SerialNumber><CreationTime item="1">2026-11-30 08:00:00</CreationTime>
 <SubZone item="1"><Name item="1">DefaultSubZone</Name></SubZone>
 <SIP item="1"><AOR item="1">sip:boardroom@example.org</AOR>
 <Contact item="1">sip:boardroom@10.1.2.3:5061;transport=tls</Contact></SIP>
 <VendorInfo item="1">Cisco/CE</VendorInfo></Registration>"""
H323_DEVICE = """
<Registration item="1"><Protocol>H323</Protocol>
 <H323><Type>Endpoint</Type><CallSignalAddresses><Address>10.1.2.4:1720</Address></CallSignalAddresses>
  <Aliases><Alias item="1"><Type>H323Id</Type><Origin>Endpoint</Origin><Value>lobby</Value></Alias>
   <Alias item="2"><Type>E164</Type><Value>475102</Value></Alias>
   <Alias item="3"><Type>IPAddress</Type><Value>10.1.2.4</Value></Alias>
   <Alias item="4"><Type>Prefix</Type><Value>77</Value></Alias></Aliases></H323>
 <VendorInfo><Product>TANDBERG</Product><Version>F9</Version></VendorInfo></Registration>"""
OLD_DEVICE = """
<Registration><CallSignalAddresses><Address>10.1.2.5:1720</Address></CallSignalAddresses>
 <Aliases><Alias type="E164">475103</Alias><Alias type="H323Id">annex</Alias></Aliases></Registration>"""


def status(*registrations: str) -> bytes:
    return (
        '<?xml version="1.0"?><Status xmlns="http://www.tandberg.no/XML/CUIL/1.0" product="TANDBERG VCS">'
        f'<Registrations item="1">{"".join(registrations)}</Registrations></Status>'
    ).encode()


def test_devices_by_sip_and_h323_have_their_aliases() -> None:
    notes: list[str] = []
    sip, h323, old = decode_status(status(SIP_DEVICE, H323_DEVICE, OLD_DEVICE), notes=notes)
    assert notes == []
    assert (sip.protocol, sip.aliases) == ("SIP", (("sip", "boardroom@example.org"),))
    assert (sip.product, sip.subzone, sip.peer) == ("Cisco/CE", "DefaultSubZone", "10.1.0.2")
    assert h323.aliases == (("h323", "lobby"), ("e164", "475102"), ("ip", "10.1.2.4"))
    assert (h323.product, h323.address) == ("TANDBERG", "10.1.2.4:1720")
    assert old.aliases == (("e164", "475103"), ("h323", "annex"))


def test_nothing_registered_is_an_empty_list() -> None:
    assert decode_status(status()) == []
    assert decode_management([{"peer": "localhost", "records": []}]) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><title>Login</title></html>",
        b"<Status><SystemUnit/></Status>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><Status><Registrations>&a;</Registrations></Status>',
        status(SIP_DEVICE, H323_DEVICE)[:700],
        b"<Status>" + b"<a>" * 80 + b"</a>" * 80 + b"</Status>",
        b"<Registrations>" + b"<a/>" * 1_000_001,
    ],
)
def test_what_tells_no_registrations_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_status(data)


def test_full_peer_is_within_the_caps() -> None:
    assert len(decode_status(status(*[SIP_DEVICE, H323_DEVICE] * 1_875))) == 3_750


def test_management_api_tells_all_peers() -> None:
    found = decode_management(
        [
            {
                "peer": "10.1.0.1",
                "records": [
                    {
                        "active": True,
                        "protocol": "SIP",
                        "alias": "sip:boardroom@example.org",
                        "device_type": "CE",
                    },
                    {"active": True, "protocol": "H323", "alias": "lobby", "number": "475102"},
                    {"active": False, "protocol": "SIP", "alias": "gone@example.org"},
                    "odd",
                ],
            },
            {"peer": "10.1.0.2", "records": [{"protocol": "H.323", "alias": "475103", "number": 7}]},
        ]
    )
    assert [(one.peer, one.aliases) for one in found] == [
        ("10.1.0.1", (("sip", "boardroom@example.org"),)),
        ("10.1.0.1", (("h323", "lobby"), ("e164", "475102"))),
        ("10.1.0.2", (("e164", "475103"),)),
    ]
    assert found[0].product == "CE"


@pytest.mark.parametrize("found", [None, {}, "text", [7], [{"peer": "x"}], [{"records": {}}]])
def test_other_json_is_refused(found: Any) -> None:
    with pytest.raises(ProtocolError):
        decode_management(found)
