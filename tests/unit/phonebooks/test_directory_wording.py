"""What went wrong with a directory, in sentences."""

import pytest

from roomkeeper.phonebooks.directories import wording
from roomkeeper.phonebooks.directories.questions import AskingFailed, Login, Search, Server

SERVER = Server("dc1.example.org", 636, "ldaps")
LOGIN = Login("cn=reader", "correct horse")
SEARCH = Search("dc=example,dc=org", "(cn=*)")
CODES = [*range(-20, 0), *range(130)]
STAGES = ["connecting", "reading", "memory", "silence", "slow", "ended", "cancelled"]


def sentence(stage: str, code: int = 0, words: str = "", told: int = 0) -> str:
    return wording.failure_sentence(AskingFailed(stage, code, words, told), SERVER, SEARCH, LOGIN, 30)


@pytest.mark.parametrize("stage", STAGES)
def test_every_failure_has_a_sentence_without_the_password(stage: str) -> None:
    for code in CODES:
        for told in (0, 500):
            found = sentence(stage, code, f"Some error. The server says {LOGIN.password}.", told)
            assert found.endswith(".")
            assert "{" not in found
            assert LOGIN.password not in found


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("52e", "password"),
        ("525", "user"),
        ("533", "disabled"),
        ("775", "locked"),
        ("773", "change"),
        ("999", "Check"),
    ],
)
def test_active_directory_says_why_it_lets_nobody_in(data: str, words: str) -> None:
    said = (
        "Invalid credentials. 80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data"
        f" {data}, v3839"
    )
    assert words in sentence("connecting", 49, said)


def test_a_size_limit_says_how_many_were_told() -> None:
    assert "500" in sentence("reading", 4, "Size limit exceeded.", 500)
    assert "no pages" in sentence("reading", 4, "Size limit exceeded.")


@pytest.mark.parametrize(
    ("stage", "code", "told", "is_so"),
    [
        ("connecting", -1, 0, True),
        ("connecting", 51, 0, True),
        ("silence", 0, 0, True),
        ("connecting", 49, 0, False),
        ("reading", -1, 0, False),
        ("silence", 0, 7, False),
        ("cancelled", 0, 0, False),
    ],
)
def test_another_server_is_asked_only_where_it_may_do_better(
    stage: str, code: int, told: int, is_so: bool
) -> None:
    assert wording.is_about_connection(AskingFailed(stage, code, "", told)) is is_so
