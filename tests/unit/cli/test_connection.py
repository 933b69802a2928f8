"""The HTTP side of the command line, with a transport handed in."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import typer

from roomkeeper.cli.remote import output
from roomkeeper.cli.remote.connection import Api, Received, open_api

URL = "http://127.0.0.1:8080"


class Server:
    """A transport that keeps what was sent and answers from a list."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str, Mapping[str, str], bytes | None]] = []

    def __call__(
        self, method: str, address: str, headers: Mapping[str, str], content: bytes | None
    ) -> Received:
        self.sent.append((method, address, headers, content))
        status, body = self.answers.pop(0)
        return Received(status, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_a_request_carries_token_query_and_key() -> None:
    server = Server((200, {}), (201, {}))
    api = Api(URL, "rk_x", server)
    api.get("systems", name="Room 4", state=["pending", "ignored"], is_secure_only=True, sort=None)
    api.post("systems/bulk", {"systems": []})
    method, address, headers, content = server.sent[0]
    assert (method, content) == ("GET", None)
    assert address == f"{URL}/api/v1/systems?name=Room+4&state=pending&state=ignored&is_secure_only=true"
    assert headers["Authorization"] == "Bearer rk_x"
    assert "Idempotency-Key" not in headers
    _, _, headers, content = server.sent[1]
    assert headers["Idempotency-Key"]
    assert content == b'{"systems": []}'


def test_a_long_list_is_read_page_by_page() -> None:
    server = Server((200, {"items": [1, 2], "next": "c1"}), (200, {"items": [3], "next": None}))
    assert Api(URL, "t", server).items("systems", limit=None) == {"items": [1, 2, 3], "next": None}
    assert "cursor=c1" in server.sent[1][1]


def test_a_limit_is_kept() -> None:
    server = Server((200, {"items": list(range(500)), "next": "c1"}), (200, {"items": [500], "next": "c2"}))
    page = Api(URL, "t", server).items("systems", limit=501)
    assert (len(page["items"]), page["next"]) == (501, "c2")
    assert "limit=1&cursor=c1" in server.sent[1][1]


def test_a_problem_is_told_with_title_detail_fields_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    problem = {
        "title": "Cannot be used",
        "detail": "No \x1b[31mred",
        "hint": "Choose another",
        "errors": [{"field": "body.name", "message": "too long"}],
    }
    with pytest.raises(typer.Exit) as ended:
        Api(URL, "t", Server((422, problem))).get("systems")
    assert ended.value.exit_code == output.FAILED
    told = capsys.readouterr()
    assert told.out == ""
    for part in ("Cannot be used", "No", "body.name: too long", "Choose another"):
        assert part in told.err
    assert "\x1b" not in told.err


@pytest.mark.parametrize("answer", [(502, b"<html>"), (500, b""), (404, b"[]"), (200, b"<html>")])
def test_an_answer_of_something_else_is_told(
    answer: tuple[int, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        Api(URL, "t", Server(answer)).get("systems")
    assert ended.value.exit_code == output.FAILED
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"ROOMKEEPER_TOKEN": " "},
        {"ROOMKEEPER_TOKEN": "t", "ROOMKEEPER_URL": "ftp://x"},
        {"ROOMKEEPER_TOKEN": "t", "ROOMKEEPER_URL": "rooms.example.org"},
        {"ROOMKEEPER_TOKEN": "t", "ROOMKEEPER_URL": "http://rooms.example.org"},
        {"ROOMKEEPER_TOKEN": "t\nX: y"},
        {"ROOMKEEPER_TOKEN": "t", "ROOMKEEPER_CA_FILE": "/nowhere.pem"},
    ],
)
def test_an_unusable_environment_is_a_usage_error(environment: dict[str, str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        open_api(environment)
    assert ended.value.exit_code == output.USAGE


def test_a_server_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    api = open_api({"ROOMKEEPER_TOKEN": "t", "ROOMKEEPER_URL": "http://127.0.0.1:1"})
    with pytest.raises(typer.Exit) as ended:
        api.get("systems")
    assert ended.value.exit_code == output.FAILED
    assert "does not answer" in capsys.readouterr().err


def test_names_from_devices_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(
        [
            {
                "name": "[red]Room[/red] \x1b]0;x\x07",
                "in_call": True,
                "tags": ["a", "b"],
                "host": None,
                "counts": {"waiting": 2, "failed": 0},
            }
        ],
        ("name", "in_call", "tags", "host", "counts"),
    )
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\x07" not in told
    for part in ("[red]Room[/red]", "yes", "a, b", "–", "waiting 2"):
        assert part in told
