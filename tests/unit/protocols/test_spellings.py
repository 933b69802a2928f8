"""TC numbers every node and CE and RoomOS lists alone: both spellings of a document are one (protocol notes D.4)."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cases import read_case

from roomkeeper.protocols.feedback import Feedback, decode_feedback
from roomkeeper.protocols.posted_document import decode_posted_document
from roomkeeper.protocols.xapi.command import decode_command_document, decode_command_result
from roomkeeper.protocols.xapi.configuration import decode_configuration
from roomkeeper.protocols.xapi.status import decode_status, first_value
from roomkeeper.protocols.xapi.valuespace import decode_valuespace


@dataclass(frozen=True)
class Node:
    """A node of a document: the indexes of a list's members, or one member without."""

    name: str
    members: tuple[tuple[int | None, "tuple[Node, ...] | str"], ...]

    def write(self, *, numbers_everything: bool, attributes: str = "") -> str:
        """The node as one of the two generations writes it."""
        parts = []
        for index, content in self.members:
            said = "" if index is None else f' item="{index}" maxOccurrence="n"'
            said = said or (' item="1"' if numbers_everything else "")
            inside = (
                content
                if isinstance(content, str)
                else "".join(node.write(numbers_everything=numbers_everything) for node in content)
            )
            parts.append(f"<{self.name}{said}{attributes}>{inside}</{self.name}>")
        return "".join(parts)


NAMES = st.sampled_from(["Camera", "Status", "SystemUnit", "Proxy", "State", "Audio", "Volume"])
INDEXES = st.lists(st.integers(1, 40), min_size=1, max_size=3, unique=True).map(sorted)
TEXTS = st.text("abc 19-", max_size=6)


def _trees(below: st.SearchStrategy[tuple[Node, ...]]) -> st.SearchStrategy[tuple[Node, ...]]:
    content = TEXTS | below

    def members(indexes: list[int] | None) -> st.SearchStrategy[tuple[tuple[int | None, object], ...]]:
        places: list[int | None] = [None] if indexes is None else list(indexes)
        return st.tuples(*(st.tuples(st.just(place), content) for place in places))

    node = st.builds(Node, NAMES, (st.none() | INDEXES).flatmap(members))
    return st.lists(node, min_size=1, max_size=4, unique_by=lambda one: one.name).map(tuple)


TREES = st.recursive(st.just((Node("Volume", ((None, "50"),)),)), _trees, max_leaves=12)


def write(root: str, tree: tuple[Node, ...], *, numbers_everything: bool) -> bytes:
    inside = "".join(node.write(numbers_everything=numbers_everything) for node in tree)
    number = ' item="1"' if numbers_everything else ""
    return f"<{root}{number}>{inside}</{root}>".encode()


@given(TREES)
def test_the_two_spellings_of_a_status_or_a_configuration_give_equal_values(tree: tuple[Node, ...]) -> None:
    for root, decode in (
        ("Status", lambda data: decode_status(data).values),
        ("Configuration", lambda data: decode_configuration(data).settings),
    ):
        tc, ce = (decode(write(root, tree, numbers_everything=each)) for each in (True, False))
        assert tc == ce
        assert list(tc) == list(ce)


@given(TREES)
def test_so_do_those_of_feedback_and_of_posted_documents(tree: tuple[Node, ...]) -> None:
    for root in ("Status", "Configuration"):
        both = [write(root, tree, numbers_everything=each) for each in (True, False)]
        tc, ce = map(decode_feedback, both)
        assert isinstance(tc, Feedback)
        assert isinstance(ce, Feedback)
        assert tc.values == ce.values
    head, end = b"<PostedDocument><Location>/Configuration</Location>", b"</PostedDocument>"
    posted = [decode_posted_document(head + document + end) for document in both]
    tc_settings, ce_settings = (decode_configuration(document.payload).settings for document in posted)
    assert tc_settings == ce_settings


@given(TREES)
def test_so_does_what_a_command_answers(tree: tuple[Node, ...]) -> None:
    tc, ce = (
        decode_command_result(
            b"<Command>" + write("BootResult", tree, numbers_everything=each) + b"</Command>"
        )
        for each in (True, False)
    )
    assert tc == ce


def test_the_index_of_a_list_is_kept_whatever_it_is_and_whether_or_not_it_says_so() -> None:
    values = decode_status(
        b'<Status item="1"><SIP item="1"><Profile item="1"><Proxy item="1"><Status item="1">Off</Status></Proxy>'
        b'<Proxy item="2"><Status item="1">Active</Status></Proxy></Profile></SIP>'
        b'<Camera item="1"><Id item="1">a</Id></Camera><Camera item="2"><Id item="1">b</Id></Camera>'
        b'<Video item="1"><Output item="1" maxOccurrence="4"><X item="1">1</X></Output></Video></Status>'
    ).values
    assert list(values) == [
        "SIP/Profile[1]/Proxy[1]/Status",
        "SIP/Profile[1]/Proxy[2]/Status",
        "Camera[1]/Id",
        "Camera[2]/Id",
        "Video/Output[1]/X",
    ]


def test_a_branch_alone_tells_its_generation_by_its_leaves() -> None:
    branch = b'<Status><Standby item="1"><Active item="1">On</Active></Standby></Status>'
    assert decode_status(branch).values == {"Standby/Active": "On"}
    gone = decode_feedback(b'<Status item="1"><Call item="1" ghost="True" maxOccurrence="n"/></Status>')
    assert isinstance(gone, Feedback)
    assert gone.ghosts == ("Call[1]",)
    wrapped = (
        b'<XmlDoc><Status item="1"><Standby item="1"><Active item="1">On</Active></Standby></Status></XmlDoc>'
    )
    assert decode_status(wrapped).values == {"Standby/Active": "On"}


def test_value_spaces_and_commands_are_named_alike_too() -> None:
    spaces = decode_valuespace(
        b'<Valuespace item="1"><TTPAR_OnOff item="1" type="Literal"><Value item="1">On</Value>'
        b'<Value item="2">Off</Value></TTPAR_OnOff></Valuespace>'
    )
    assert spaces["TTPAR_OnOff"].values == ("On", "Off")
    commands = decode_command_document(
        b'<Command item="1"><Boot item="1" command="True"><Action item="1" required="False">'
        b'<ValueSpace item="1" type="Literal"><Value item="1">Restart</Value></ValueSpace></Action></Boot></Command>'
    ).commands
    assert list(commands["Boot"].parameters) == ["Action"]


def test_a_tc_status_in_a_call_is_read_as_any_other() -> None:
    values = decode_status(read_case("01-tc-status-in-call.xml")).values
    assert values["Call[31]/Status"] == "Connected"
    assert values["SystemUnit/State/NumberOfActiveCalls"] == "1"
    assert values["SystemUnit/ProductId"] == "Cisco TelePresence SX80"
    assert values["SystemUnit/Hardware/Module/SerialNumber"] == "FTT1830ABCD"
    assert values["Network[1]/IPv4/Address"] == "192.0.2.40"


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("03-tc-standby-evidence.xml", "Standby/Active", "On"),
        ("08-tc-sip-profile.xml", "SIP/Profile/Registration/Status", "Registered"),
        ("08-tc-sip-profile.xml", "SIP/Profile/Registration/URI", "aula@uni.invalid"),
        ("08-tc-sip-profile.xml", "SIP/Profile/Proxy/Status", "Active"),
    ],
)
def test_single_values_of_tc_are_found_by_their_path(name: str, path: str, value: str) -> None:
    assert first_value(decode_status(read_case(name)).values, path) == value
