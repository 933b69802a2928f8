"""Setting paths by R7."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.xapi.paths import canonical, match_key, parse_path, settings_tree

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}", fullmatch=True).filter(
    lambda name: name.lower() not in ("configuration", "xconfiguration")
)
NODES = st.lists(st.tuples(NAMES, st.none() | st.integers(0, 9999)), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("SIP/Proxy[2]/Address", "SIP/Proxy[2]/Address"),
        ("SIP Proxy 2 Address", "SIP/Proxy[2]/Address"),
        ("  SIP   Proxy 2 Address ", "SIP/Proxy[2]/Address"),
        ("SIP Proxy[2] Address", "SIP/Proxy[2]/Address"),
        ("SIP/Proxy/2/Address", "SIP/Proxy[2]/Address"),
        ("SIP/Proxy[02]/Address", "SIP/Proxy[2]/Address"),
        ("/Configuration/SIP/Proxy[2]/Address", "SIP/Proxy[2]/Address"),
        ("Configuration/SIP/Proxy[2]/Address", "SIP/Proxy[2]/Address"),
        ("xConfiguration SIP Proxy 2 Address", "SIP/Proxy[2]/Address"),
        ("/Configuration/SIP/Proxy[@item='2']/Address", "SIP/Proxy[2]/Address"),
        ("/SIP/Proxy[2]/Address/", "SIP/Proxy[2]/Address"),
        ("sip proxy 2 address", "sip/proxy[2]/address"),
        ("SIP/Proxy/Address", "SIP/Proxy/Address"),
        ("SIP/Profile[1]/Proxy[1]/Address", "SIP/Profile[1]/Proxy[1]/Address"),
        ("SIP Profile 1 Proxy 1 Address", "SIP/Profile[1]/Proxy[1]/Address"),
        ("Phonebook Server 1 URL", "Phonebook/Server[1]/URL"),
        ("Network 1 IEEE8021X Eap Md5", "Network[1]/IEEE8021X/Eap/Md5"),
        ("Name", "Name"),
    ],
)
def test_every_accepted_spelling_has_one_canonical_form(typed: str, path: str) -> None:
    assert canonical(typed) == path


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP Proxy 2 Address", "sip/PROXY[2]/address"),
        ("Phonebook/Server/URL", "Phonebook Server 1 URL"),
        ("Network/IPv4/Address", "/configuration/network[1]/ipv4/address"),
        ("SIP/Profile[1]/Proxy[1]/Address", "SIP/Profile/Proxy/Address"),
        ("Video Output Connector 1 Resolution", "Video/Output[1]/Connector/Resolution[1]"),
    ],
)
def test_spellings_of_one_path_have_one_key(one: str, other: str) -> None:
    assert match_key(one) == match_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP/Proxy[1]/Address", "SIP/Proxy[2]/Address"),
        ("SIP/Proxy/Address", "SIP/Proxy[2]/Address"),
        ("SIP/Proxy[1]/Address", "SIP/Proxy[11]/Address"),
        ("SIP/URI", "SIPURI"),
    ],
)
def test_different_paths_have_different_keys(one: str, other: str) -> None:
    assert match_key(one) != match_key(other)


def test_a_key_is_lower_case_with_every_index_written() -> None:
    assert match_key("SIP Proxy 2 Address") == "sip[1]/proxy[2]/address[1]"


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("", "empty"),
        (" / ", "empty"),
        ("2 SIP", "follows no name"),
        ("SIP Proxy 1 2 Address", "follows no name"),
        ("SIP//URI", "two slashes"),
        ("SIP/Proxy[x]/Address", r'"Proxy\[x\]" cannot stand'),
        ("SIP/Proxy[-1]/Address", "cannot stand"),
        ("SIP/Proxy[2/Address", "cannot stand"),
        ("SIP URI: me@example.org", '"URI:" cannot stand'),
        ("SIP/../URI", "cannot stand"),
        ("<SIP>", "cannot stand"),
        ("SIP/Prøxy", "cannot stand"),
        ("SIP/" + "x" * 300, "too long"),
        ("x/" * 100 + "x", "too long"),
        ("x" * 600, "600 characters"),
    ],
)
def test_nonsense_is_refused_in_clear_words(typed: str, complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint):
        parse_path(typed)


@given(NODES)
def test_a_canonical_path_is_its_own_canonical_form(nodes: list[tuple[str, int | None]]) -> None:
    path = "/".join(name if index is None else f"{name}[{index}]" for name, index in nodes)
    assert canonical(path) == path


@given(NODES)
def test_case_command_line_form_and_missing_first_indexes_do_not_change_a_key(
    nodes: list[tuple[str, int | None]],
) -> None:
    path = "/".join(name if index is None else f"{name}[{index}]" for name, index in nodes)
    typed = " ".join(
        name.swapcase() if index in (None, 1) else f"{name.swapcase()} {index}" for name, index in nodes
    )
    assert match_key(typed) == match_key(path)
    assert len(match_key(path)) <= 255


@given(st.text(max_size=60) | st.text(alphabet="aB1[]/ @=':.\"", max_size=40))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        path = canonical(text)
    except ProtocolError:
        return
    assert canonical(path) == path
    assert match_key(path) == match_key(text)


def test_settings_become_nested_dictionaries() -> None:
    values = {"SIP/Proxy[1]/Address": "a", "SIP Proxy 2 Address": "b", "SystemUnit/Name": ""}
    assert settings_tree(values) == {
        "SIP": {"Proxy[1]": {"Address": "a"}, "Proxy[2]": {"Address": "b"}},
        "SystemUnit": {"Name": ""},
    }


@pytest.mark.parametrize("paths", [("SIP", "SIP/URI"), ("SIP/URI", "SIP")])
def test_a_setting_above_another_is_refused(paths: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="SIP"):
        settings_tree(dict.fromkeys(paths, "x"))
