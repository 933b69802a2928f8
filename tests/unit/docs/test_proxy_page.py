"""The page on reverse proxies holds a whole configuration for each proxy, and its numbers fit those of the server. That
they work is proven by `acceptance/test_proxies.py`."""

import re
from pathlib import Path

import pytest
from tests.acceptance.proxied import PAGE, PROXIES, settings_with, text_of

from roomkeeper.serving.listeners import KEEP_ALIVE
from roomkeeper.settings import options

PLACEHOLDERS = ("/etc/ssl/rooms.crt", "/etc/ssl/rooms.key", "rooms.example.org")


@pytest.mark.parametrize("name", [*PROXIES, "roomkeeper"])
def test_without_a_configuration_nothing_is_proven(name: str) -> None:
    page = PAGE.read_text("utf-8")
    assert text_of(name, page)
    with pytest.raises(AssertionError, match=f"0 texts for {name}"):
        text_of(name, page.replace(f"<!-- proxy: {name} -->", ""))
    with pytest.raises(AssertionError, match=f"2 texts for {name}"):
        text_of(name, page + page)


@pytest.mark.parametrize("name", PROXIES)
def test_proxy_and_server_meet(name: str, tmp_path: Path) -> None:
    file = tmp_path / "roomkeeper.toml"
    file.write_text(settings_with(name), "utf-8")
    told = options.load({}, config=file)
    text = text_of(name)
    assert told.trusted_proxies
    assert all(listener in text for listener in (*told.http, *told.https))
    assert (told.proxies_tell == "proxy-protocol") is ("send-proxy" in text)


def test_what_is_to_be_replaced_is_said() -> None:
    page = PAGE.read_text("utf-8")
    texts = "".join(text_of(name) for name in PROXIES)
    for placeholder in PLACEHOLDERS:
        assert f"| `{placeholder}` |" in page
        assert placeholder in texts
    # Nothing else of the reader's machine stands in them.
    assert set(re.findall(r"/etc/\S+?(?=[;\s])", texts)) == {
        one for one in PLACEHOLDERS if one.startswith("/")
    }


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("nginx", r"upstream [^}]*keepalive_timeout (\d+)s;"),
        ("haproxy", r"server roomkeeper .* pool-purge-delay (\d+)s"),
        ("caddy", r"transport http \{[^}]*keepalive (\d+)s"),
    ],
)
def test_connections_to_the_server_end_before_it_ends_them(name: str, pattern: str) -> None:
    found = re.search(pattern, text_of(name))
    assert found is not None
    assert 0 < int(found[1]) < KEEP_ALIVE
    assert f"ends a connection after {KEEP_ALIVE} s" in text_of(name)
    assert f"**{KEEP_ALIVE} s**" in PAGE.read_text("utf-8")


def test_nginx_takes_what_the_server_takes() -> None:
    found = re.search(r"client_max_body_size (\d+)m;", text_of("nginx"))
    assert found is not None
    own = options.Options(data=Path("/nowhere"))
    assert int(found[1]) * 1_048_576 > max(own.document_size_limit, own.upload_size_limit)
