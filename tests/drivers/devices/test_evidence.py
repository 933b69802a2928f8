"""What counts as done (rule R12): success, or what is read back; refusals in each shape that was described."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.drivers.devices.conftest import UNAUTHORIZED, Canned, http

from roomkeeper.devices import errors
from roomkeeper.devices.client import DeviceTransport
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.registry import create_driver, get_family
from roomkeeper.protocols.xapi.command import CommandCall

Serve = Callable[..., Any]

VOLUME, NAME = "Audio/DefaultVolume", "SystemUnit/Name"
UNIT = (
    b"<Status><SystemUnit><Software><Version>ce9.15.17.4</Version></Software></SystemUnit></Status>",
    b"<Status><Network item='1' maxOccurrence='n'/></Status>",
)


class Script:
    """A device that answers writes with what it was told to, in turn, and reads with a configuration."""

    def __init__(self, *answers: bytes, configuration: bytes) -> None:
        self.answers = list(answers)
        self.configuration = configuration

    def __call__(self, head: bytes) -> bytes:
        if b"authorization:" not in head.lower():
            return UNAUTHORIZED
        where = head.split(b" ")[1]
        if where == b"/putxml":
            body = self.answers.pop(0)
        elif where == b"/configuration.xml":
            body = self.configuration
        else:
            body = UNIT[b"Network" in where]
        return http("200 OK", body, Content_Type="text/xml")


def configuration(volume: str, name: str, more: str = "") -> bytes:
    return (
        f'<Configuration><Audio><DefaultVolume valueSpaceRef="/Valuespace/INT_0_100">{volume}</DefaultVolume></Audio>'
        f'<SystemUnit><Name valueSpaceRef="/Valuespace/STR_0_50_NoFilt">{name}</Name></SystemUnit>'
        f'<Standby><Control valueSpaceRef="/Valuespace/TTPAR_OnOff">On</Control></Standby>{more}</Configuration>'
    ).encode()


def driver_of(device: Canned, transport: DeviceTransport) -> Driver:
    return create_driver(get_family("roomos"), transport.client(device.target()))


SHAPES = [
    (
        b"<Configuration><Error item='1'><Reason>Illegal value</Reason>"
        b"<XPath>/Configuration/Audio/DefaultVolume</XPath></Error></Configuration>"
    ),
    b"<Configuration><Audio><DefaultVolume error='True'>Illegal value</DefaultVolume></Audio></Configuration>",
    (
        b"<Configuration status='Error'><Reason>Illegal value</Reason><XPath>/Configuration/Audio/DefaultVolume</XPath>"
        b"</Configuration>"
    ),
    (
        b"<Configuration item='1'><Audio item='1'><DefaultVolume item='1' error='True'>Illegal value</DefaultVolume>"
        b"</Audio></Configuration>"
    ),
]


@pytest.mark.parametrize("answer", SHAPES)
async def test_the_device_that_took_the_rest_is_believed_by_what_it_shows(
    answer: bytes, serve: Serve, transport: DeviceTransport
) -> None:
    device = await serve(Script(answer, configuration=configuration("50", "Lobby")))
    outcome = await driver_of(device, transport).write_configuration({VOLUME: "300", NAME: "Lobby"})
    (refused,) = outcome.rejected
    assert (refused.path, refused.words) == (VOLUME, "Illegal value")
    assert outcome.applied == (NAME,)
    assert outcome.is_partial


@pytest.mark.parametrize("answer", SHAPES)
async def test_what_was_not_taken_for_the_sake_of_another_is_sent_once_more(
    answer: bytes, serve: Serve, transport: DeviceTransport
) -> None:
    done = b"<Configuration><Success/></Configuration>"
    device = await serve(Script(answer, done, configuration=configuration("50", "Old")))
    outcome = await driver_of(device, transport).write_configuration({VOLUME: "300", NAME: "Lobby"})
    assert [one.path for one in outcome.rejected] == [VOLUME]
    assert outcome.applied == (NAME,)
    assert outcome.unproven == ()


async def test_a_refused_leaf_of_a_list(serve: Serve, transport: DeviceTransport) -> None:
    refusal = '<SIP><Proxy item="2"><Address error="True">Too long</Address></Proxy></SIP>'
    answer = f"<Configuration>{refusal}</Configuration>".encode()
    proxies = (
        '<SIP><Proxy item="1"><Address>a</Address></Proxy><Proxy item="2"><Address>b</Address></Proxy></SIP>'
    )
    device = await serve(Script(answer, configuration=configuration("50", "Lobby", proxies)))
    outcome = await driver_of(device, transport).write_configuration(
        {"SIP/Proxy[1]/Address": "a", "SIP/Proxy[2]/Address": "x" * 300}
    )
    assert [(one.path, one.words) for one in outcome.rejected] == [("SIP/Proxy[2]/Address", "Too long")]
    assert outcome.applied == ("SIP/Proxy[1]/Address",)


ODD = [
    b"<Configuration/>",
    b"<Configuration><Audio><DefaultVolume>50</DefaultVolume></Audio></Configuration>",
    b"<Status/>",
    b"OK",
    b"<Configuration><Success",
    b"<p>The request was passed on.</p>",
]


@pytest.mark.parametrize("answer", ODD)
async def test_an_odd_answer_is_no_success_and_no_refusal(
    answer: bytes, serve: Serve, transport: DeviceTransport
) -> None:
    device = await serve(Script(answer, configuration=configuration("50", "Old")))
    outcome = await driver_of(device, transport).write_configuration({VOLUME: "050", NAME: "Lobby"})
    assert outcome.applied == (VOLUME,)
    assert outcome.rejected == ()
    assert outcome.unproven == (NAME,)
    assert not outcome.is_whole


async def test_what_is_read_back_is_compared_by_type(serve: Serve, transport: DeviceTransport) -> None:
    device = await serve(Script(b"<Configuration/>", configuration=configuration("5", "lobby")))
    outcome = await driver_of(device, transport).write_configuration(
        {VOLUME: " 05", "Standby/Control": "on", NAME: "Lobby"}
    )
    assert outcome.applied == (VOLUME, "Standby/Control")
    assert outcome.unproven == (NAME,)


async def test_a_command_without_a_status_is_not_known_to_have_run(
    serve: Serve, transport: DeviceTransport
) -> None:
    device = await serve(Script(b"<Command><DialResult/></Command>", configuration=b""))
    with pytest.raises(errors.UnexpectedAnswer, match="did not say whether"):
        await driver_of(device, transport).run_command(CommandCall("Dial", (("Number", "1"),)))
