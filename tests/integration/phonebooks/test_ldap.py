"""Directories read from a real slapd: what is told of people, and what of limits, referrals and broken servers."""

import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.slapd import ADMINISTRATOR, HOST, PASSWORD, SUFFIX, Authority, Slapd, free_port, person

from roomkeeper.phonebooks.directories.asking import ask
from roomkeeper.phonebooks.directories.questions import AskingFailed, Login, Search, Server
from roomkeeper.phonebooks.mapping import entry_of
from roomkeeper.phonebooks.sources import Reading, Record, SourceFailed
from roomkeeper.phonebooks.sources.ldap import LDAP

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
LIMITED, NO_PAGES, CHECKED = (f"cn={name},{SUFFIX}" for name in ("limited", "no pages", "checked"))
MANY = 700
HEAD = [
    "attributeoptions x- lang- range=",
    # An attribute that takes any octets, as those of old directories do.
    "attributetype ( 2.25.31415926.1 NAME 'oddName' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )",
    "objectclass ( 2.25.31415926.2 NAME 'oddPerson' SUP top AUXILIARY MAY oddName )",
]
WRONG = "not the password"
HUGE = 10_000_000


def account(dn: str) -> str:
    name = dn.partition(",")[0].removeprefix("cn=")
    return (
        f"dn: {dn}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: {name}\n"
        f"userPassword: {PASSWORD}\n"
    )


def referral(dn: str, url: str) -> str:
    name = dn.partition(",")[0].removeprefix("ou=")
    return f"dn: {dn}\nobjectClass: referral\nobjectClass: extensibleObject\nou: {name}\nref: {url}\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A server that has a part of the directory, and refers back and to itself."""
    folder = tmp_path_factory.mktemp("away")
    slapd = Slapd(folder, [])
    back = f"ldap://{HOST}:{slapd.port}/ou=away,{SUFFIX}"
    slapd.fill(
        [
            f"dn: ou=away,{SUFFIX}\nobjectClass: organizationalUnit\nou: away\n",
            person("Far Away", "telephoneNumber: +47 55", below=f"ou=away,{SUFFIX}"),
            referral(f"ou=loop,ou=away,{SUFFIX}", back),
        ]
    )
    with slapd:
        yield slapd


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory, authority: Authority, away: Slapd) -> Iterator[Slapd]:
    entries = [
        *(account(dn) for dn in (LIMITED, NO_PAGES, CHECKED)),
        f"dn: ou=crowd,{SUFFIX}\nobjectClass: organizationalUnit\nou: crowd\n",
        *(
            person(f"Nobody {number:03}", f"mobile: +4790{number:06}", below=f"ou=crowd,{SUFFIX}")
            for number in range(MANY)
        ),
        person(
            "Åse Ødegård", "displayName: Åse Ødegård", "title: Director", "telephoneNumber: +47 22 33 44 55",
            "telephoneNumber: 0047 1", "mobile: +4790112233", "description: TRUE", f"userPassword: {PASSWORD}",
            "telephoneNumber;x-work: +4755667788", "cn;lang-de: Aase",
        ),
        person("Range", "description;range=0-1: 007"),
        person("Bad", "objectClass: oddPerson", "oddName:: " + b64encode(b"M\xfcller").decode()),
        *(person(f"Huge {number}", f"description: {'x' * HUGE}", "mobile: 1") for number in range(3)),
        person('Room #5\\, a=b \\"Fjord\\" \\+ more', "mobile: 2"),
        referral(f"ou=away,{SUFFIX}", f"ldap://{HOST}:{away.port}/ou=away,{SUFFIX}"),
    ]  # fmt: skip
    settings = [
        f'limits dn.exact="{LIMITED}" size=500',
        f'limits dn.exact="{NO_PAGES}" size=500 size.prtotal=disabled',
        f'limits dn.exact="{CHECKED}" size.unchecked=10',
    ]
    with Slapd(
        tmp_path_factory.mktemp("slapd"), entries,
        settings=settings, head=HEAD, certificate=authority.issue(),
    ) as slapd:  # fmt: skip
        yield slapd


def settings_of(slapd: Slapd, **given: Any) -> dict[str, Any]:
    return {
        "directory": "other", "servers": HOST, "port": slapd.port, "security": "none", "username": ADMINISTRATOR,
        "password": PASSWORD, "base": f"ou=people,{SUFFIX}", "time_limit": 5, **given,
    }  # fmt: skip


def read(settings: dict[str, Any], *asked: str, most: int | None = None) -> tuple[list[Record], list[str]]:
    """(records, warnings)."""
    reading = Reading(settings, frozenset(asked), most)
    assert LDAP.read is not None
    return list(LDAP.read(reading)), reading.warnings


def refused(settings: dict[str, Any], *asked: str) -> str:
    """The sentence; whatever it is, no password stands in it."""
    with pytest.raises(SourceFailed) as failure:
        read(settings, *asked)
    sentence = str(failure.value)
    assert PASSWORD not in sentence
    assert WRONG not in sentence
    return sentence


def by_name(records: list[Record]) -> dict[str, Record]:
    return {str(one.at).partition(",")[0].removeprefix("cn="): one for one in records}


def test_what_is_asked_for_comes_as_the_directory_has_it(directory: Slapd) -> None:
    records, _ = read(
        settings_of(directory), "displayName", "cn", "title", "telephoneNumber", "mobile", "description"
    )
    found = by_name(records)["Åse Ødegård"]
    assert found.fields["telephoneNumber"] == ("+47 22 33 44 55", "0047 1", "+4755667788")
    assert found.fields["mobile"] == ("+4790112233",)
    assert found.fields["description"] == ("TRUE",)
    assert found.fields["cn"] == ("Åse Ødegård", "Aase")
    assert set(found.fields) == {"displayName", "cn", "title", "telephoneNumber", "mobile", "description"}
    assert len(found.key) == len("67231896-81c2-1041-9807-7ff7de58c6b1")
    assert by_name(records)["Range"].fields["description"] == ("007",)


def test_the_suggested_mapping_makes_an_entry_of_a_person(directory: Slapd) -> None:
    asked = [name for names in LDAP.mapping.values() for name in names]
    records, _ = read(settings_of(directory), *asked)
    entry = entry_of(by_name(records)["Åse Ødegård"], LDAP.mapping)
    assert (entry.name, entry.note) == ("Åse Ødegård", "Director")
    numbers = ["+47 22 33 44 55", "0047 1", "+4755667788", "+4790112233"]
    assert entry.methods == tuple(("telephone", number, "") for number in numbers)


def test_a_preview_shows_every_attribute_but_passwords(directory: Slapd) -> None:
    records, _ = read(settings_of(directory), most=50)
    found = by_name(records)["Åse Ødegård"]
    assert found.fields["telephoneNumber;x-work"] == ("+4755667788",)
    assert found.fields["mobile"] == ("+4790112233",)
    assert found.fields["sn"] == ("Åse Ødegård",)
    assert not [name for name in found.fields if "assword" in name]
    assert len(read(settings_of(directory, base=SUFFIX), most=3)[0]) == 3


def test_a_name_that_is_not_utf_8_is_told_and_shown(directory: Slapd) -> None:
    records, warnings = read(settings_of(directory), "oddName")
    assert by_name(records)["Bad"].fields["oddName"] == ("M\N{REPLACEMENT CHARACTER}ller",)
    assert any(f"cn=Bad,ou=people,{SUFFIX}" in one for one in warnings)


def test_names_with_signs_that_dns_use_are_read(directory: Slapd) -> None:
    records, _ = read(settings_of(directory, filter="(mobile=2)"), "cn")
    assert [one.fields["cn"] for one in records] == [('Room #5, a=b "Fjord" + more',)]


def test_a_value_of_ten_megabytes_is_left_out_and_told(directory: Slapd) -> None:
    records, warnings = read(settings_of(directory), "description", "mobile")
    assert by_name(records)["Huge 0"].fields == {"mobile": ("1",)}
    assert any(str(HUGE) in one for one in warnings)


def test_an_answer_that_memory_cannot_hold_is_refused(directory: Slapd) -> None:
    search = Search(f"ou=people,{SUFFIX}", "(cn=Huge*)", ("description",))
    server, login = Server(HOST, directory.port, "none"), Login(ADMINISTRATOR, PASSWORD)
    # What the process has at its start leaves half of that for three times ten megabytes.
    with pytest.raises(AskingFailed) as failure:
        list(ask(server, login, [search], limit=10, memory=60_000_000))
    assert failure.value.stage == "memory"
    assert len(list(ask(server, login, [search], limit=10))) == 4


def test_a_preview_asks_for_no_more_than_it_shows(directory: Slapd) -> None:
    settings = settings_of(directory, base=f"ou=crowd,{SUFFIX}", username=LIMITED)
    assert len(read(settings, "cn", most=50)[0]) == 50


def test_all_pages_are_read(directory: Slapd) -> None:
    settings = settings_of(directory, base=f"ou=crowd,{SUFFIX}", page_size=100)
    assert len({one.key for one in read(settings, "cn")[0]}) == MANY


@pytest.mark.parametrize(("user", "words"), [(LIMITED, "500"), (NO_PAGES, "size limit"), (CHECKED, "limit")])
def test_a_limit_of_the_server_is_told_and_nothing_is_taken_for_all(
    directory: Slapd, user: str, words: str
) -> None:
    settings = settings_of(directory, base=f"ou=crowd,{SUFFIX}", username=user, page_size=100)
    assert words in refused({**settings, "filter": "(mobile=*)"}, "cn")


def test_an_account_that_gets_no_pages_is_read_without(directory: Slapd) -> None:
    settings = settings_of(directory, username=NO_PAGES, filter="(cn=Range)")
    assert len(read(settings, "cn")[0]) == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"base": "dc=nowhere"}, "dc=nowhere"),
        ({"base": f"ou=nobody,{SUFFIX}"}, "ou=nobody"),
        ({"base": "nonsense"}, "nonsense"),
        ({"filter": "(cn=*"}, "(cn=*"),
        ({"password": WRONG}, "password"),
        ({"password": ""}, ADMINISTRATOR),
        ({"username": "nonsense"}, "DN"),
        ({"servers": "no.such.name.invalid"}, "no.such.name.invalid"),
        ({"servers": "http://a/b"}, "http://a/b"),
        ({"servers": " , "}, "server"),
        ({"servers": "169.254.0.1"}, "169.254.0.1"),
        ({"authority": "no certificate"}, "PEM"),
    ],
)
def test_settings_that_cannot_do_are_named(directory: Slapd, given: dict[str, Any], words: str) -> None:
    assert words in refused(settings_of(directory, **given), "cn")


def test_a_filter_that_matches_nobody_is_told(directory: Slapd) -> None:
    records, warnings = read(settings_of(directory, filter="(cn=nobody)"), "cn")
    assert records == []
    assert any("filter" in one for one in warnings)


def test_the_next_server_is_asked_where_one_is_down(directory: Slapd) -> None:
    down = f"{HOST}:{free_port()}"
    records, warnings = read(settings_of(directory, servers=f"{down}, {HOST}"), "cn")
    assert records
    assert any(down in one for one in warnings)
    assert down in refused(settings_of(directory, servers=down), "cn")


def test_a_wrong_password_is_not_tried_on_the_next_server(directory: Slapd, away: Slapd) -> None:
    settings = settings_of(away, servers=f"{HOST}:{directory.port}, {HOST}", password=WRONG)
    assert f"{HOST}:{directory.port}" in refused(settings, "cn")


# Encryption


@pytest.mark.parametrize("security", ["ldaps", "starttls"])
def test_an_encrypted_directory_is_read(directory: Slapd, authority: Authority, security: str) -> None:
    port = directory.tls_port if security == "ldaps" else directory.port
    records, warnings = read(
        settings_of(directory, security=security, port=port, authority=authority.pem), "cn"
    )
    assert records
    assert not any("unencrypted" in one for one in warnings)


def test_a_password_that_is_sent_as_it_is_is_warned_of(directory: Slapd) -> None:
    assert any("unencrypted" in one for one in read(settings_of(directory), "cn")[1])


@pytest.mark.parametrize("security", ["ldaps", "starttls"])
@pytest.mark.parametrize(
    ("host", "is_expired", "is_known", "words"),
    [
        (HOST, True, True, "expired"),
        ("elsewhere.example.org", False, True, "another name"),
        (HOST, False, False, "authority"),
    ],
)
def test_a_certificate_that_does_not_do_is_told_apart(
    tmp_path: Path,
    authority: Authority,
    security: str,
    host: str,
    is_expired: bool,
    is_known: bool,
    words: str,
) -> None:
    known = authority.pem if is_known else Authority(tmp_path / "other").pem
    with Slapd(tmp_path / "slapd", certificate=authority.issue(host, is_expired=is_expired)) as slapd:
        port = slapd.tls_port if security == "ldaps" else slapd.port
        sentence = refused(settings_of(slapd, security=security, port=port, authority=known), "cn")
    assert words in sentence
    assert "not sent" in sentence


def test_a_server_without_tls_is_told(away: Slapd) -> None:
    assert "StartTLS" in refused(settings_of(away, security="starttls"), "cn")
    assert "TLS" in refused(settings_of(away, security="ldaps"), "cn")


# Elsewhere


def test_a_referral_is_told_where_it_is_not_followed(directory: Slapd, away: Slapd) -> None:
    records, warnings = read(settings_of(directory, base=SUFFIX, filter="(cn=Range)"), "cn")
    assert len(records) == 1
    assert any(f"{HOST}:{away.port}" in one for one in warnings)


def test_a_referral_is_followed_and_never_around_in_a_circle(directory: Slapd) -> None:
    settings = settings_of(directory, base=SUFFIX, filter="(telephoneNumber=*)", follow=True)
    records, _ = read(settings, "cn", "telephoneNumber")
    assert [one.fields["telephoneNumber"] for one in records if "Far Away" in one.at] == [("+47 55",)]


def test_a_base_on_another_server_is_not_taken_for_an_empty_one(directory: Slapd, away: Slapd) -> None:
    settings = settings_of(directory, base=f"ou=away,{SUFFIX}", filter="(telephoneNumber=*)")
    assert f"{HOST}:{away.port}" in refused(settings, "cn")
    assert len(read({**settings, "follow": True}, "cn")[0]) == 1
    assert "ou=deep" in refused({**settings, "base": f"ou=deep,ou=away,{SUFFIX}"}, "cn")


# Servers that do not behave


@contextmanager
def relay(target: int, *, cut_after: int | None = None, is_silent: bool = False) -> Iterator[int]:
    """A port that hands everything on to another, cuts the answer off after so many bytes, or never answers."""
    listener = socket.create_server((HOST, 0))
    ended = threading.Event()
    opened: list[socket.socket] = []

    def hand_on(client: socket.socket) -> None:
        with client, socket.create_connection((HOST, target)) as server:
            opened.append(server)
            forth = threading.Thread(target=copy, args=(client, server), daemon=True)
            forth.start()
            copy(server, client, cut_after)

    def copy(source: socket.socket, target: socket.socket, most: int | None = None) -> None:
        left = most
        try:
            while part := source.recv(1_024 if left is None else min(1_024, left)):
                target.sendall(part)
                if left is not None:
                    left -= len(part)
                    if left <= 0:
                        break
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def serve() -> None:
        while not ended.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            opened.append(client)
            if not is_silent:
                threading.Thread(target=hand_on, args=(client,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        ended.set()
        for one in (listener, *opened):
            one.close()


def test_an_answer_that_breaks_off_is_not_taken_for_all(directory: Slapd) -> None:
    with relay(directory.port, cut_after=30_000) as port:
        settings = settings_of(directory, port=port, base=f"ou=crowd,{SUFFIX}", page_size=100)
        sentence = refused(settings, "cn", "mobile")
    assert "broke" in sentence
    assert "100 entries" in sentence


@pytest.mark.parametrize("security", ["none", "starttls", "ldaps"])
def test_a_server_that_never_answers_is_not_waited_for_for_ever(directory: Slapd, security: str) -> None:
    with relay(directory.port, is_silent=True) as port:
        sentence = refused(settings_of(directory, port=port, security=security, time_limit=1), "cn")
    assert f"{HOST}:{port}" in sentence


def test_a_reading_that_somebody_gives_up_ends(directory: Slapd) -> None:
    search = Search(f"ou=crowd,{SUFFIX}", "(cn=*)", ("cn",), page_size=10)
    answer = ask(Server(HOST, directory.port, "none"), Login(), [search], limit=5)
    assert next(answer) is None
    assert next(answer) is not None
    answer.close()
    with pytest.raises(AskingFailed, match="cancelled"):
        list(ask(Server(HOST, directory.port, "none"), Login(), [search], limit=5, is_cancelled=lambda: True))
