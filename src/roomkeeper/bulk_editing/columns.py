"""The columns of the file: what can be edited, what says which system a row is, and the headings they are known by."""

from dataclasses import dataclass
from typing import Final

from roomkeeper.accounts.permissions import Permission
from roomkeeper.operations.csv_tables import heading_word

ROWS_LIMIT: Final = 20_000
PATHS_LIMIT: Final = 200
FILE_LIMIT: Final = 20_000_000
KEY: Final = "id"


@dataclass(frozen=True, slots=True)
class RecordField:
    """Something of a system's record that people edit. `label` is how people call it."""

    key: str
    label: str
    permission: Permission = Permission.MANAGE_SYSTEMS
    is_usual: bool = False


FIELDS: Final = {
    field.key: field
    for field in (
        RecordField("name", "Name", Permission.CHANGE_SETTINGS, is_usual=True),
        RecordField("folder", "Folder", is_usual=True),
        RecordField("tags", "Tags", is_usual=True),
        RecordField("notes", "Notes", is_usual=True),
        RecordField("host", "Address", is_usual=True),
        RecordField("http_port", "HTTP port"),
        RecordField("https_port", "HTTPS port"),
        RecordField("connectivity", "Connectivity"),
        RecordField("connectivity_is_locked", "Connectivity is locked"),
        RecordField("password_may_use_http", "Password may use HTTP"),
        RecordField("tls_trust", "Certificate is trusted by"),
        RecordField("tls_is_legacy", "Legacy TLS is allowed"),
    )
}
# Written out so that people know the row; on the way back the first two are compared, the others are not looked at.
CHECKED: Final = ("serial_number", "mac_address")
TOLD: Final = (*CHECKED, "product", "software_version", "state", "alive")

_OTHER_HEADINGS: Final = {
    "key": KEY,
    "system": KEY,
    "serial": "serial_number",
    "mac": "mac_address",
    "address": "host",
    "tag": "tags",
    "note": "notes",
    "software": "software_version",
}


def find_column(heading: str) -> str:
    """The column that a heading means, `""` where it is none of ours."""
    word = heading_word(heading)
    word = _OTHER_HEADINGS.get(word, word)
    return word if word == KEY or word in FIELDS or word in TOLD else ""


def is_setting(heading: str) -> bool:
    """Whether the heading looks like the path of a setting: `SIP/DisplayName` or `xConfiguration SIP DisplayName`."""
    return "/" in heading or heading.strip().lower().startswith("xconfiguration ")
