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
    """What became of each setting of a write, by canonical path (rule R12).

    `applied`: the device said so, or shows it. `rejected`: it refused it, in its own words. `unreadable` are those of
    which it shows only `***`: written perhaps, and not refused. `unproven`: it neither refused it nor shows it.
    """

    applied: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    unreadable: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing was rejected, and nothing is in doubt."""
        return not self.rejected and not self.unproven

    @property
    def is_partial(self) -> bool:
        """Whether some settings were applied and others not."""
        return not self.is_whole and bool(self.applied or self.unreadable)
