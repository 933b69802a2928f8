"""The decoders against what two real devices answered. Only shapes and well-known facts are named here."""

from collections.abc import Callable

import pytest

from roomkeeper.protocols.identification import Identification
from roomkeeper.protocols.posted_document import (
    PostedDocument,
    decode_posted_document,
    encode_posted_document,
)
from roomkeeper.protocols.xapi.command import decode_command_document
from roomkeeper.protocols.xapi.configuration import decode_configuration, encode_configuration
from roomkeeper.protocols.xapi.dialect import Dialect
from roomkeeper.protocols.xapi.paths import canonical, match_key
from roomkeeper.protocols.xapi.status import decode_status
from roomkeeper.protocols.xapi.valuespace import decode_valuespace

Read = Callable[[str], bytes]
SX10 = "sx10_ce9.6.1"
ROOM_KIT = "roomkit_ce10.9.1"


@pytest.mark.parametrize(
    ("device", "version", "product"),
    [
        (SX10, "ce9.6.1.4516ae5aaa1", "Cisco TelePresence SX10"),
        (ROOM_KIT, "ce10.9.1.1.fb66b80147e", "Cisco Webex Room Kit"),
    ],
)
def test_status_of_real_devices(read_capture: Read, device: str, version: str, product: str) -> None:
    data = read_capture(f"{device}/status.xml")
    document = decode_status(data)
    assert (document.product, document.version, document.api_version) == ("Cisco Codec", version, "4")
    assert document.values["SystemUnit/ProductId"] == product
    assert "Network[1]/IPv4/Address" in document.values
    assert document.ghosts == ()
    leaves = data.count(b"</") + data.count(b"/>")
    assert leaves // 2 < len(document.values) < leaves


@pytest.mark.parametrize("device", [SX10, ROOM_KIT])
def test_every_path_of_real_devices_is_canonical_and_has_its_own_key(read_capture: Read, device: str) -> None:
    paths = [
        *decode_status(read_capture(f"{device}/status.xml")).values,
        *decode_configuration(read_capture(f"{device}/configuration.xml")).settings,
    ]
    assert [canonical(path) for path in paths] == paths
    configuration = decode_configuration(read_capture(f"{device}/configuration.xml")).settings
    assert len({match_key(path) for path in configuration}) == len(configuration)


@pytest.mark.parametrize("device", [SX10, ROOM_KIT])
def test_a_real_configuration_written_back_reads_the_same(read_capture: Read, device: str) -> None:
    settings = decode_configuration(read_capture(f"{device}/configuration.xml")).settings
    values = {path: leaf.value for path, leaf in settings.items()}
    assert len(values) > 200
    for dialect in Dialect:
        again = decode_configuration(encode_configuration(values, dialect)).settings
        assert {path: leaf.value for path, leaf in again.items()} == values


def test_settings_of_a_real_device_lie_in_the_spaces_it_names(read_capture: Read) -> None:
    settings = decode_configuration(read_capture(f"{SX10}/configuration.xml")).settings
    spaces = decode_valuespace(read_capture(f"{SX10}/valuespace.xml"))
    assert {leaf.value_space_ref for leaf in settings.values()} <= spaces.keys()
    refused = {
        path: refusal
        for path, leaf in settings.items()
        if leaf.value != "***" and (refusal := spaces[leaf.value_space_ref].refusal(leaf.value))
    }
    assert refused == {}
    assert settings["SIP/Proxy[1]/Address"].value_space_ref == "STR_0_255_NoFilt"


def test_commands_of_a_real_device(read_capture: Read) -> None:
    commands = decode_command_document(read_capture(f"{SX10}/command.xml")).commands
    register = commands["HttpFeedback/Register"]
    assert [name for name, parameter in register.parameters.items() if parameter.is_required] == [
        "FeedbackSlot",
        "ServerUrl",
    ]
    assert register.parameters["Expression"].multiple == 15
    assert commands["SystemUnit/Boot"].roles
    assert all(
        parameter.value_space is not None
        for command in commands.values()
        for parameter in command.parameters.values()
    )


@pytest.mark.parametrize("name", ["status", "configuration"])
def test_a_real_document_survives_being_posted(read_capture: Read, name: str) -> None:
    capture = read_capture(f"{ROOM_KIT}/{name}.xml")
    payload = capture.partition(b"?>")[2].strip()
    root = name.title()
    posted = PostedDocument(Identification(serial_number="A"), f"/{root}", payload, root)
    data = encode_posted_document(posted)
    assert decode_posted_document(data) == posted
    # The same, unusual enough to go through the tree.
    with_comment = decode_posted_document(data + b"<!-- -->")
    decode = decode_status if name == "status" else decode_configuration
    assert decode(with_comment.payload) == decode(capture)
