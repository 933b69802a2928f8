"""Reading a list of systems to register from CSV, and registering them in portions."""

import csv
import io
from pathlib import Path
from typing import Any

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.connection import Api
from roomkeeper.cli.remote.output import USAGE, fail
from roomkeeper.protocols.text import encoded_twice

PORTION = 500
TEXTS = ("mac_address", "serial_number", "name", "network", "hint_address", "host", "username", "password")
PORTS = ("http_port", "https_port")
FLAGS = ("password_may_use_http", "is_secure_only")
_FLAG_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read(api: Api, file: Path) -> list[dict[str, Any]]:
    """The systems of a CSV file; ends the command (usage) where it cannot be understood. Tags are parted by `;`."""
    try:
        text = _decode(file.read_bytes())
        head = next((line for line in text.splitlines() if line.strip()), "")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        fail("Usage", f"{file} cannot be read: {error}", code=USAGE)
    folders: dict[str, int] = {}
    return [_system(api, folders, number, row) for number, row in enumerate(rows, start=2)]


def _decode(data: bytes) -> str:
    """UTF-8 or UTF-16, with or without the mark that spreadsheets put in front."""
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    if (twice := encoded_twice(text)) is not None:
        raise csv.Error(f"its texts look encoded twice, with “{twice[0]}” where “{twice[1]}” is meant")
    return text


def add_systems(api: Api, systems: list[dict[str, Any]], *, dry_run: bool = False) -> list[dict[str, Any]]:
    """Register the systems; what became, or with `dry_run` would become, of each, with its row in the file."""
    items: list[dict[str, Any]] = []
    for start in range(0, len(systems), PORTION):
        part = {"systems": systems[start : start + PORTION], "dry_run": dry_run}
        items += api.post("systems/bulk", part)["items"]
    return [{"row": number, **item} for number, item in enumerate(items, start=2)]


def _system(api: Api, folders: dict[str, int], number: int, row: dict[str | None, Any]) -> dict[str, Any]:
    system: dict[str, Any] = {}
    for column, text in row.items():
        value = (text or "").strip() if isinstance(text, str) else ""
        if column is None or not isinstance(text, str | None):
            fail("Usage", f"Row {number} has more cells than the header.", code=USAGE)
        if not value:
            continue
        if column in TEXTS:
            system[column] = value
        elif column in PORTS and value.isdigit():
            system[column] = int(value)
        elif column in FLAGS and value.lower() in _FLAG_WORDS:
            system[column] = _FLAG_WORDS[value.lower()]
        elif column == "tags":
            system["tags"] = [tag.strip() for tag in value.split(";") if tag.strip()]
        elif column == "folder":
            if value not in folders:
                folders[value] = naming.folder_id(api, value)
            system["folder"] = folders[value]
        else:
            fail(
                "Usage",
                f"Row {number}: {column} = {value!r} cannot be used.",
                code=USAGE,
                hint=f"Columns: {', '.join((*TEXTS, *PORTS, *FLAGS, 'folder', 'tags'))}.",
            )
    return system
