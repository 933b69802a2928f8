"""What WebDAV servers say of many things at once."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomkeeper.protocols import webdav
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.webdav import decode_multistatus, encode_multiget, encode_sync
from roomkeeper.protocols.xml import parse

BOOK = """<?xml version="1.0"?>
<d:multistatus xmlns:d="DAV:" xmlns:card="urn:ietf:params:xml:ns:carddav" xmlns:x="urn:x">
 <d:response>
  <d:href> /a%20b/ </d:href>
  <d:propstat>
   <d:prop>
    <d:displayname>People &amp; rooms</d:displayname>
    <d:resourcetype><d:collection/><card:addressbook/></d:resourcetype>
    <d:current-user-principal><d:href>/p/</d:href></d:current-user-principal>
    <card:addressbook-home-set><d:href>/h1/</d:href><d:href>/h2/</d:href></card:addressbook-home-set>
    <d:supported-report-set><d:supported-report><d:report><d:sync-collection/></d:report></d:supported-report>
    </d:supported-report-set>
    <x:owner><d:href>/not/this/</d:href></x:owner>
   </d:prop>
   <d:status>HTTP/1.1 200 OK</d:status>
  </d:propstat>
  <d:propstat><d:prop><d:getetag>none</d:getetag></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>
 </d:response>
 <d:response><d:href>/gone</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>
 <d:sync-token>token 7</d:sync-token>
</d:multistatus>"""


def test_what_is_there_is_told_by_local_names() -> None:
    told = decode_multistatus(BOOK.encode())
    book, gone = told.responses
    assert (book.href, book.status, book.types) == ("/a%20b/", 0, {"collection", "addressbook"})
    assert book.texts["displayname"] == "People & rooms"
    assert "getetag" not in book.texts
    assert book.hrefs == {"current-user-principal": ["/p/"], "addressbook-home-set": ["/h1/", "/h2/"]}
    assert book.reports == {"sync-collection"}
    assert (gone.href, gone.status, told.sync_token) == ("/gone", 404, "token 7")


def test_control_signs_are_mended() -> None:
    assert decode_multistatus(BOOK.replace("People", "Peo\x0bple").encode()).responses[0].texts["displayname"]


@pytest.mark.parametrize(
    "text",
    [
        "", "Welcome", "<html></html>", BOOK[:-20], BOOK[:500],
        BOOK.replace("<d:multistatus", '<!DOCTYPE d [<!ENTITY a "b">]><d:multistatus'),
        "<multistatus>" + "<a>" * 100 + "</a>" * 100 + "</multistatus>",
        f"<multistatus><{'a' * 2_000}/></multistatus>",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        decode_multistatus(text.encode())


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webdav, "MAX_RESPONSES", 1)
    with pytest.raises(ProtocolError):
        decode_multistatus(BOOK.encode())
    monkeypatch.setattr(webdav, "MAX_BYTES", 10)
    with pytest.raises(ProtocolError):
        decode_multistatus(BOOK.encode())


@pytest.mark.parametrize("status", ["", "HTTP/1.1", "HTTP/1.1 4040", "HTTP/1.1 -1", "HTTP/1.1 ٤٠٤ x"])
def test_a_status_that_is_none_counts_for_nothing(status: str) -> None:
    body = f"<multistatus><response><href>/a</href><status>{status}</status></response></multistatus>"
    assert decode_multistatus(body.encode()).responses[0].status == 0


def test_what_is_asked_can_be_read() -> None:
    sync = parse(encode_sync("a<b>&c"))
    assert [child.tag for child in sync] == ["sync-token", "sync-level", "prop"]
    assert sync[0].text == "a<b>&c"
    multiget = parse(encode_multiget(["/a&b.vcf", "/c.vcf"]))
    assert [child.text for child in multiget if child.tag == "href"] == ["/a&b.vcf", "/c.vcf"]


@given(st.lists(st.sampled_from([part + ">" for part in BOOK.split(">")]), max_size=30).map("".join))
def test_whatever_comes_only_protocol_errors_leave(text: str) -> None:
    with suppress(ProtocolError):
        decode_multistatus(f"<multistatus>{text}</multistatus>".encode())
