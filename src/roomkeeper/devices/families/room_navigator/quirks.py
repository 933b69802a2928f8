"""As RoomOS's: a Room Navigator runs the same software (protocol notes P.4)."""

from roomkeeper.devices.families.roomos.quirks import RELEASES, quirks_of

__all__ = ["RELEASES", "quirks_of"]
