"""Which family a device belongs to, by what it says of itself. Pure."""

import re

# Protocol notes 0 and A.2: version strings such as TC7.3.3.c84180a, ce9.6.1.4516ae5aaa1, RoomOS 10.9.1.1.
_ROOMOS = re.compile(r"(tc|ce|roomos)\s?\d", re.IGNORECASE)
_MXP = re.compile(r"[fjl]\d+\.\d|f\d", re.IGNORECASE)


def recognise_family(product_type: str, product: str, software_version: str) -> str:
    """`roomos` (TC, CE, RoomOS), `mxp`, `expressway`, `codian_mcu`, or `unmanaged` for what is none of these."""
    words = f"{product_type} {product}".lower()
    if "vcs" in words or "expressway" in words:
        return "expressway"
    if _ROOMOS.match(software_version):
        return "roomos"
    if "codian" in words or "mcu" in words:
        return "codian_mcu"
    if "mxp" in words or ("tandberg" in words and _MXP.match(software_version)):
        return "mxp"
    if "codec" in words:
        return "roomos"
    return "unmanaged"
