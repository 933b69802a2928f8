"""Which family a device belongs to, by its own words (protocol notes 0, A.2)."""

import pytest

from roomkeeper.devices.recognition import recognise_family


@pytest.mark.parametrize(
    ("product_type", "product", "version", "family"),
    [
        ("TANDBERG Codec", "Cisco TelePresence SX20", "TC7.3.3.c84180a", "roomos"),
        ("Cisco Codec", "Cisco TelePresence SX10", "ce9.6.1.4516ae5aaa1", "roomos"),
        ("Cisco Codec", "Cisco Webex Room Kit", "RoomOS 10.9.1.1 ecdd0ce3d50", "roomos"),
        ("Cisco Codec", "", "", "roomos"),
        ("TANDBERG VCS", "VCS", "X8.11", "expressway"),
        ("", "Cisco Expressway", "X14.0", "expressway"),
        ("", "Codian MCU 4510", "4.5(1.85)", "codian_mcu"),
        ("TANDBERG Endpoint", "TANDBERG 1700 MXP", "F9.3.1 NTSC", "mxp"),
        ("TANDBERG", "TANDBERG Edge", "F9.3", "mxp"),
        ("", "", "", "unmanaged"),
        ("Printer", "LaserJet", "1.0", "unmanaged"),
    ],
)
def test_family_follows_from_what_the_device_says(product_type, product, version, family):
    assert recognise_family(product_type, product, version) == family
