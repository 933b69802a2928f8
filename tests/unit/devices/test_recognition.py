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
        ("TANDBERG VCS", "TANDBERG Video Communication Server", "X7.2", "expressway"),
        ("", "Cisco TelePresence Video Communication Server", "X8.11.4", "expressway"),
        ("TANDBERG E20", "TANDBERG E20", "TE4.1.4.330808", "roomos"),
        ("", "Cisco IP Video Phone E20", "", "roomos"),
        ("TANDBERG MPS", "TANDBERG MPS 800", "J4.7", "unmanaged"),
        ("TANDBERG", "MPS 200", "J4.6", "unmanaged"),
        ("TANDBERG Endpoint", "TANDBERG 150 MXP", "L5.1.1", "mxp"),
        ("Cisco Codec", "Cisco Room Navigator", "ce26.5.1.9.0a1b2c3d4e5", "room_navigator"),
        ("Cisco Codec", "Another name s53350", "ce26.7.2.2", "room_navigator"),
        ("Cisco Codec", "Cisco Room Kit Pro G2", "ce26.7.2.2.5f6a7b8c9d0", "roomos"),
        ("Cisco Codec", "Cisco Board Pro 75 G3 s53600", "ce26.7.2.2", "roomos"),
        ("", "", "", "unmanaged"),
        ("Printer", "LaserJet", "1.0", "unmanaged"),
    ],
)
def test_family_follows_from_what_the_device_says(product_type, product, version, family):
    assert recognise_family(product_type, product, version) == family
