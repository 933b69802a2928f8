"""As RoomOS's: a Room Navigator runs the same software (protocol notes P.4)."""

from roomkeeper.devices.families.roomos.services import HTTP_MODE, spoken_protocols, value_with_http

__all__ = ["HTTP_MODE", "spoken_protocols", "value_with_http"]
