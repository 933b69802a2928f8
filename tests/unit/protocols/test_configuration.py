"""The Configuration document, writing it, and what a device says to that (protocol notes D.4, D.5)."""

import pytest
from tests.cases import read_case

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.configuration import (
    ConfigurationLeaf,
    ConfigurationResult,
    decode_configuration,
    decode_configuration_result,
    encode_configuration,
)
from roomkeeper.protocols.xapi.dialect import Dialect

REPORTED = """<?xml version="1.0"?>
<Configuration product="Cisco Codec" version="ce9.6.1.4516ae5aaa1" apiVersion="4">
  <Audio><DefaultVolume valueSpaceRef="/Valuespace/INT_0_100">50</DefaultVolume></Audio>
  <SIP>
    <Proxy item="1" maxOccurrence="4"><Address valueSpaceRef="/Valuespace/STR_0_255_NoFilt"/></Proxy>
    <Authentication>
      <Password valueSpaceRef="/Valuespace/PASSWORD_0_128_NoFilt">***</Password>
    </Authentication>
  </SIP>
</Configuration>
"""


def test_settings_are_read_with_their_value_spaces() -> None:
    document = decode_configuration(REPORTED.encode())
    assert (document.product, document.version, document.api_version) == (
        "Cisco Codec",
        "ce9.6.1.4516ae5aaa1",
        "4",
    )
    assert document.settings == {
        "Audio/DefaultVolume": ConfigurationLeaf("50", "INT_0_100"),
        "SIP/Proxy[1]/Address": ConfigurationLeaf("", "STR_0_255_NoFilt"),
        "SIP/Authentication/Password": ConfigurationLeaf("***", "PASSWORD_0_128_NoFilt"),
    }


def test_tc_paths_keep_the_index_of_the_profile() -> None:
    document = decode_configuration(
        b'<Configuration xmlns="http://www.tandberg.com/XML/CUIL/2.0"><SIP><Profile item="1"><Proxy item="1">'
        b"<Address>a</Address></Proxy></Profile></SIP></Configuration>"
    )
    assert list(document.settings) == ["SIP/Profile[1]/Proxy[1]/Address"]


def test_a_status_is_no_configuration() -> None:
    with pytest.raises(ProtocolError, match="Status document where Configuration was expected"):
        decode_configuration(b"<Status/>")


def test_only_what_is_asked_is_written() -> None:
    values = {"SIP/Proxy[2]/Address": "a & b", "SystemUnit/Name": "", "SIP/Proxy[1]/Address": "<x>"}
    assert encode_configuration(values, Dialect.CE) == (
        b'<?xml version="1.0"?>\n<Configuration><SIP><Proxy item="2"><Address>a &amp; b</Address></Proxy>'
        b'<Proxy item="1"><Address>&lt;x&gt;</Address></Proxy></SIP>'
        b"<SystemUnit><Name/></SystemUnit></Configuration>"
    )


def test_tc_is_written_to_in_its_namespace() -> None:
    data = encode_configuration({"A": "1"}, Dialect.TC)
    assert data.endswith(
        b'<Configuration xmlns="http://www.tandberg.com/XML/CUIL/2.0"><A>1</A></Configuration>'
    )


def test_the_illegal_value_of_the_cases_is_a_refusal() -> None:
    found = decode_configuration_result(read_case("04-putxml-illegal-value.xml"))
    assert found == ConfigurationResult(ok=False, errors=(("Audio/DefaultVolume", "Illegal value"),))


@pytest.mark.parametrize(
    ("values", "place"),
    [({"SIP/URI": "\x00"}, "SIP/URI"), ({"SIP/<x>": "1"}, "<x>"), ({"A": "1", "A/B": "2"}, "A/B")],
)
def test_what_cannot_be_written_is_refused_with_its_path(values: dict[str, str], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        encode_configuration(values, Dialect.CE)


VOLUME = "Audio/DefaultVolume"


@pytest.mark.parametrize(
    "data",
    [
        b'<?xml version="1.0"?>\n<Configuration>\n  <Success/>\n</Configuration>',
        b'<Configuration xmlns="http://www.tandberg.com/XML/CUIL/2.0"><Success/></Configuration>',
    ],
)
def test_success_is_recognised(data: bytes) -> None:
    assert decode_configuration_result(data) == ConfigurationResult(ok=True)


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        (
            "<Error><Reason>No</Reason><XPath>/Configuration/SIP/Proxy[@item='2']/Address</XPath></Error>",
            (("SIP/Proxy[2]/Address", "No"),),
        ),
        ("<Error>No such setting</Error><Success/>", (("", "No such setting"),)),
        ('<Error message="Nope" xpath="SIP/URI"/>', (("SIP/URI", "Nope"),)),
        ('<SIP><URI status="Error"><Reason>Too long</Reason></URI></SIP>', (("SIP/URI", "Too long"),)),
        ("<SIP><URI><Error>Too long</Error></URI></SIP>", (("SIP/URI", "Too long"),)),
        ("<Error><XPath>count(//*)</XPath></Error>", (("count(//*)", "count(//*)"),)),
        ("<Error/>", (("", "The device gave no reason."),)),
        ("<Error>a</Error><Error>b</Error>", (("", "a"), ("", "b"))),
        (
            "<Audio><DefaultVolume error='True'>Illegal value</DefaultVolume></Audio>",
            ((VOLUME, "Illegal value"),),
        ),
        ("<Audio><DefaultVolume error='true'/></Audio>", ((VOLUME, "The device gave no reason."),)),
        # Of two leaves the one that is marked, though the other is echoed.
        (
            (
                "<Audio><DefaultVolume error='True'>Illegal value</DefaultVolume></Audio>"
                "<SystemUnit><Name>Lobby</Name></SystemUnit>"
            ),
            ((VOLUME, "Illegal value"),),
        ),
        (
            '<SIP><Proxy item="2"><Address error="True">Too long</Address></Proxy></SIP>',
            (("SIP/Proxy[2]/Address", "Too long"),),
        ),
        (
            '<SIP><Proxy item="1" maxOccurrence="4"><Address error="True">No</Address></Proxy></SIP>',
            (("SIP/Proxy[1]/Address", "No"),),
        ),
        # A branch that is marked as well: the innermost knows the setting.
        (
            "<Audio error='True'><DefaultVolume error='True'>Illegal value</DefaultVolume></Audio>",
            ((VOLUME, "Illegal value"),),
        ),
        # TC numbers every node.
        (
            '<Audio item="1"><DefaultVolume item="1" error="True">Illegal value</DefaultVolume></Audio>',
            ((VOLUME, "Illegal value"),),
        ),
        (
            '<SIP item="1"><Profile item="2"><URI item="1" error="True">No</URI></Profile></SIP>',
            (("SIP/Profile[2]/URI", "No"),),
        ),
        (
            "<Error><Reason>Value <b>too</b>\n long &amp; odd</Reason><XPath>/Configuration/SIP/URI</XPath></Error>",
            (("SIP/URI", "Value too long & odd"),),
        ),
        (
            "<Error>Too long<XPath>/Configuration/SIP/URI</XPath></Error>",
            (("SIP/URI", "Too long"),),
        ),
        (
            "<SIP><URI error='True'>Illegal <i>value</i></URI></SIP>",
            (("SIP/URI", "Illegal value"),),
        ),
    ],
)
def test_errors_are_found_wherever_the_device_puts_them(
    content: str, errors: tuple[tuple[str, str], ...]
) -> None:
    result = decode_configuration_result(f"<Configuration>{content}</Configuration>".encode())
    assert result == ConfigurationResult(ok=False, errors=errors)


@pytest.mark.parametrize(
    ("answer", "errors"),
    [
        (
            (
                '<Configuration status="Error"><Reason>Illegal value</Reason>'
                "<XPath>/Configuration/Audio/DefaultVolume</XPath></Configuration>"
            ),
            ((VOLUME, "Illegal value"),),
        ),
        (
            "<Configuration item='1' status='error'><Reason item='1'>No</Reason></Configuration>",
            (("", "No"),),
        ),
        ('<Configuration status="Error"/>', (("", "The device gave no reason."),)),
        # Both the root and a leaf: the leaf says which.
        (
            (
                '<Configuration status="Error"><Audio><DefaultVolume error="True">Bad</DefaultVolume></Audio>'
                "</Configuration>"
            ),
            ((VOLUME, "Bad"),),
        ),
        # Some were taken and one was not.
        (
            "<Configuration><Success/><Error><Reason>No</Reason><XPath>SIP/URI</XPath></Error></Configuration>",
            (("SIP/URI", "No"),),
        ),
    ],
)
def test_a_document_that_failed_as_a_whole_is_a_refusal(
    answer: str, errors: tuple[tuple[str, str], ...]
) -> None:
    assert decode_configuration_result(answer.encode()) == ConfigurationResult(ok=False, errors=errors)


@pytest.mark.parametrize(
    "answer",
    [
        "<Configuration/>",
        "<Configuration> </Configuration>",
        "<Configuration><Audio><DefaultVolume>50</DefaultVolume></Audio></Configuration>",
        '<Configuration status="OK"/>',
        "<Configuration><Result><Success/></Result></Configuration>",
    ],
)
def test_what_neither_succeeds_nor_refuses_is_no_success(answer: str) -> None:
    assert decode_configuration_result(answer.encode()) == ConfigurationResult(ok=False)


def test_a_document_that_was_not_understood_is_a_failure() -> None:
    result = decode_configuration_result(b"<ActionError><Reason>No action</Reason></ActionError>")
    assert result == ConfigurationResult(ok=False, errors=(("", "No action"),))


@pytest.mark.parametrize("data", [b"<!DOCTYPE html><html></html>", b"<html/>", b"", b"<Command/>"])
def test_a_sign_in_page_is_no_result(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_configuration_result(data)
