"""Which family a device belongs to, by what it says of itself: the name alone, by the families' manifests."""

from functools import lru_cache

from roomkeeper.devices.registry import recognise


@lru_cache(maxsize=4096)
def recognise_family(product_type: str, product: str, software_version: str) -> str:
    """`roomos` (TC, CE, RoomOS), `mxp`, `expressway`, `codian_mcu`, or `unmanaged` for what is none of these."""
    manifest = recognise(product_type=product_type, product_id=product, software_version=software_version)
    return manifest.name
