"""From a CSV file to targets: its encoding, its delimiter, its columns, row by row. Pure."""

import re
from dataclasses import replace
from typing import Any, Final

from roomkeeper.adding.targets import (
    MOST,
    AddingTarget,
    NotUnderstood,
    TargetProblem,
    Targets,
    TooMany,
    parse_host,
)
from roomkeeper.operations.csv_tables import EncodedTwice, heading_word, read_table
from roomkeeper.protocols.identification import normalize_mac
from roomkeeper.words import gettext as _

_COLUMNS: Final = {
    "host": ("host", "address", "ip", "ip_address", "hostname", "host_name", "fqdn"),
    "http_port": ("http_port",),
    "https_port": ("https_port", "port"),
    "username": ("username", "user", "user_name", "login"),
    "password": ("password", "passphrase"),
    "name": ("name", "system_name"),
    "folder": ("folder",),
    "tags": ("tags", "tag"),
    "mac_address": ("mac_address", "mac"),
    "serial_number": ("serial_number", "serial"),
}
_BY_HEADING: Final = {heading: column for column, headings in _COLUMNS.items() for heading in headings}
_LONGEST: Final = {"username": 128, "password": 1000, "name": 50, "folder": 200, "serial_number": 64}
_LONGEST_TAG: Final = 50


def parse_csv(data: bytes | str) -> Targets:
    """A CSV file with a header. Columns: host, http_port, https_port, username, password, name, folder, tags,
    mac_address, serial_number; others are told as problems of line 1. A row that cannot be used is told with its
    line, and the others are kept. Raises `TooMany`."""
    try:
        table = read_table(data)
    except EncodedTwice as refusal:
        return Targets(problems=(TargetProblem(1, "", str(refusal)),))
    if table is None:
        return Targets()
    heading = table.heading
    columns = [_BY_HEADING.get(heading_word(cell), "") for cell in heading]
    problems = [TargetProblem(line, "", sentence) for line, sentence in table.problems]
    problems += [
        TargetProblem(
            1,
            cell.strip()[:60],
            _("The column {cell!r} is unknown and was left out.", cell=cell.strip()[:60]),
        )
        for cell, column in zip(heading, columns, strict=True)
        if not column and cell.strip()
    ]
    if not {"host", "mac_address", "serial_number"} & set(columns):
        sentence = _("The first line must name the columns, such as host,username,password,name.")
        return Targets(problems=(TargetProblem(1, ", ".join(heading)[:60], sentence),))
    found: dict[Any, AddingTarget] = {}
    for line, cells in table.rows:
        try:
            target = _target(columns, cells, line)
        except NotUnderstood as error:
            # Not what stands in the row: there may be a password in it.
            problems.append(TargetProblem(line, "", str(error)))
            continue
        key = (
            (target.host, target.http_port, target.https_port)
            if target.host
            else (target.mac_address, target.serial_number)
        )
        if key in found:
            problems.append(
                TargetProblem(
                    line,
                    str(target),
                    _("{target} is already in line {line}.", target=target, line=found[key].line),
                )
            )
            continue
        found[key] = target
    if len(found) > MOST:
        raise TooMany(len(found))
    return Targets(tuple(found.values()), tuple(problems))


def _target(columns: list[str], cells: list[str], line: int) -> AddingTarget:
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise NotUnderstood(_("It has more cells than the header."))
    # Passwords may begin or end with a blank; nothing else does.
    given = {
        column: cell if column == "password" else " ".join(cell.split())
        for column, cell in zip(columns, cells, strict=False)
        if column
    }
    for column, most in _LONGEST.items():
        if len(given.get(column, "")) > most:
            raise NotUnderstood(_("{column} has more than {most} characters.", column=column, most=most))
    target = parse_host(given["host"], line) if given.get("host") else AddingTarget("", line=line)
    mac, serial = given.get("mac_address", ""), given.get("serial_number", "")
    if mac and not (mac := normalize_mac(mac)):
        raise NotUnderstood(_("{mac_address!r} is not a MAC address.", mac_address=given["mac_address"][:60]))
    if not target.host and not mac and not serial:
        raise NotUnderstood(_("It needs a host, or a MAC address or serial number to pre-register."))
    if given.get("password") and not given.get("username"):
        raise NotUnderstood(_("It has a password but no username."))
    tags = (tag.strip() for tag in re.split(r"[;,|]", given.get("tags", "")))
    return replace(
        target,
        http_port=_port(given, "http_port") or target.http_port,
        https_port=_port(given, "https_port") or target.https_port,
        username=given.get("username", ""),
        password=given.get("password", ""),
        name=given.get("name", ""),
        folder=given.get("folder", ""),
        tags=tuple(dict.fromkeys(tag[:_LONGEST_TAG] for tag in tags if tag)),
        mac_address=mac,
        serial_number=serial,
    )


def _port(given: dict[str, str], column: str) -> int | None:
    text = given.get(column, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65_535):
        raise NotUnderstood(_("{column} is not a number from 1 to 65535.", column=column))
    return int(text)
