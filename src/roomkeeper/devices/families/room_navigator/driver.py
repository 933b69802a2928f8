"""The driver of a Room Navigator that stands alone: it speaks as RoomOS does (protocol notes P.4)."""

from roomkeeper.devices.families.roomos.driver import FamilyDriver as RoomOsDriver


class FamilyDriver(RoomOsDriver):
    """Talks to one of them; what it has not stands in its manifest."""

    async def show_message(self, text: str, *, title: str = "", seconds: int = 0) -> None:
        """It is not known to show messages."""
        self._refuse("show_message")
