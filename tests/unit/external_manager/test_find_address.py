"""Which paths are devices' (docs: device addresses)."""

import pytest

from roomkeeper.external_manager.door import find_address
from roomkeeper.external_manager.posts import Service

EVENTS = "/tms/public/external/management/SystemManagementService.asmx"
XML = [(b"content-type", b"text/xml; charset=utf-8")]


@pytest.mark.parametrize(
    ("path", "service", "secret"),
    [
        (EVENTS, Service.EVENTS, ""),
        (EVENTS.upper(), Service.EVENTS, ""),
        ("/" + EVENTS.replace("/", "//"), Service.EVENTS, ""),
        (EVENTS + "/", Service.EVENTS, ""),
        (EVENTS + "/ABCdef234", Service.EVENTS, "abcdef234"),
        ("/tms/public/feedback/code.aspx", Service.FEEDBACK, ""),
        ("/tms/public/feedback/PostDocument.aspx/xyz", Service.DOCUMENTS, "xyz"),
        ("/tms/public/external/phonebook/phonebookservice.asmx", Service.PHONE_BOOK, ""),
    ],
)
def test_paths_ignore_case_and_doubled_slashes(path, service, secret):
    found = find_address(path, "POST", [])
    assert found is not None
    address, found_secret = found
    assert address.service is service
    assert found_secret == secret


def test_pages_are_not_devices():
    for path in ("/", "/systems/", "/api/v1/systems", "/tmsx/public"):
        assert find_address(path, "GET", []) is None


def test_other_paths_below_tms_are_nobodys():
    assert find_address("/tms/default.aspx", "GET", []) == (None, "")
    assert find_address(EVENTS + "x", "POST", []) == (None, "")


def test_xml_posted_to_the_root_is_an_event():
    found = find_address("/", "POST", XML)
    assert found is not None
    assert found[0].service is Service.EVENTS
    assert find_address("/", "POST", [(b"content-type", b"application/x-www-form-urlencoded")]) is None
