"""Reading systems from CSV."""

from pathlib import Path

import pytest
import typer

from roomkeeper.cli.remote import imports
from roomkeeper.cli.remote.connection import Api, Received


def read(tmp_path: Path, text: str) -> list[dict[str, object]]:
    file = tmp_path / "systems.csv"
    file.write_text(text, encoding="utf-8-sig")
    return imports.read(Api("http://127.0.0.1:1", "t", lambda *_: Received(500, b"")), file)


def test_columns_become_typed_fields(tmp_path: Path) -> None:
    text = (
        "mac_address,serial_number,name,folder,tags,http_port,is_secure_only\n"
        "00:11:22:33:44:55,,Court 1,4,court; floor 2,8080,yes\n,FTT1,,,,,\n"
    )
    assert read(tmp_path, text) == [
        {
            "mac_address": "00:11:22:33:44:55",
            "name": "Court 1",
            "folder": 4,
            "tags": ["court", "floor 2"],
            "http_port": 8080,
            "is_secure_only": True,
        },
        {"serial_number": "FTT1"},
    ]


@pytest.mark.parametrize(
    "text", ["colour\nred\n", "name\na,b\n", "http_port\nmany\n", "is_secure_only\nmaybe\n"]
)
def test_what_cannot_be_understood_is_a_usage_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(typer.Exit) as ended:
        read(tmp_path, text)
    assert ended.value.exit_code == 2


def test_many_systems_are_sent_in_portions() -> None:
    sent = []

    def transport(method: str, address: str, headers: object, content: bytes | None) -> Received:
        sent.append(content or b"")
        number = (content or b"").count(b"serial_number")
        return Received(200, b'{"items": [' + b",".join([b'{"status": 201}'] * number) + b"]}")

    systems = [{"serial_number": f"FTT{number}"} for number in range(1200)]
    items = imports.add_systems(Api("http://127.0.0.1:1", "t", transport), systems)
    assert len(sent) == 3
    assert (len(items), items[0]["row"], items[-1]["row"]) == (1200, 2, 1201)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_as_spreadsheets_write_them(tmp_path: Path, encoding: str, delimiter: str) -> None:
    file = tmp_path / "systems.csv"
    file.write_bytes(f"host{delimiter}name\r\n10.1.2.3{delimiter}Møterom\r\n".encode(encoding))
    found = imports.read(Api("http://127.0.0.1:1", "t", lambda *_: Received(500, b"")), file)
    assert found == [{"host": "10.1.2.3", "name": "Møterom"}]
