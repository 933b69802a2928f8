"""What of a stranger's values becomes fields of a record: as text, and never more than an entry can use. Pure."""

from collections.abc import Iterable
from typing import Final

from roomkeeper.phonebooks.sources import Reading
from roomkeeper.protocols.xml import clean_text
from roomkeeper.words import ngettext

LONGEST_VALUE: Final = 2_000  # characters; an address has at most 255
MOST_VALUES: Final = 50  # of one field
MOST_FIELDS: Final = 300  # of one record
LONGEST_KEY: Final = 255


class Bounds:
    """Fields of one reading's records; counts what was left out, to tell it once."""

    def __init__(self) -> None:
        self.left_out = 0

    def fields(self, values: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
        """The fields of (name, value), each with its values in order. Empty ones are passed over; too long ones and
        those beyond the bounds are left out, not cut: half an address dials somebody else."""
        found: dict[str, list[str]] = {}
        for name, value in values:
            if not value:
                continue
            text = clean_text(value).strip() if len(value) <= LONGEST_VALUE else ""
            is_full = len(found.get(name, ())) >= MOST_VALUES or (
                name not in found and len(found) >= MOST_FIELDS
            )
            if len(value) > LONGEST_VALUE or is_full or len(name) > LONGEST_KEY:
                self.left_out += 1
            elif text:
                found.setdefault(name, []).append(text)
        return found

    def tell(self, reading: Reading) -> None:
        """Warn of what was left out."""
        if self.left_out:
            reading.warnings.append(
                ngettext(
                    "{count} value was left out because it is too long, or one of too many.",
                    "{count} values were left out because they are too long, or too many.",
                    self.left_out,
                )
            )


def key_of(text: str) -> str:
    """What a source calls a record, as it is kept; "" where that is too long to tell it from others."""
    text = clean_text(text).strip()
    return text if len(text) <= LONGEST_KEY else ""
