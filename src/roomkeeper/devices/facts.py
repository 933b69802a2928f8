"""What a driver gives back: facts of a device, its feedback slots, the outcome of a write. Values only."""

from dataclasses import dataclass

from roomkeeper.devices.errors import Rejected


@dataclass(frozen=True, slots=True)
class Facts:
    """Who a device is, in its own words (protocol notes I.1). `tls_key` is the key it showed, "" over HTTP."""

    family: str
    product_type: str
    product: str
    platform: str
    software_version: str
    serial_number: str
    mac_address: str
    tls_key: str = ""


@dataclass(frozen=True, slots=True)
class FeedbackSlot:
    """A registered feedback slot. `status` is the device's word (OK, Failed), "" on TC, which has none."""

    number: int
    url: str
    expressions: tuple[str, ...]
    status: str = ""


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What became of each setting of a write, by canonical path.

    `unreadable` are those of which the device shows only `***`: written perhaps, and not refused.
    """

    applied: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing was rejected."""
        return not self.rejected

    @property
    def is_partial(self) -> bool:
        """Whether some settings were applied and others not."""
        return bool(self.rejected) and bool(self.applied or self.unreadable)
