"""A file that is looked at before it is used: it goes to the browser and back, packed, within what Django takes of a
form."""

import base64
import binascii
import zlib
from typing import Final

from django.http import HttpRequest

from roomkeeper.words import gettext as _

FILE_LIMIT: Final = 10_000_000
PACKED_LIMIT: Final = 2_000_000


def given(request: HttpRequest) -> bytes:
    """The file as it was uploaded, pasted, or shown before. Raises ValueError."""
    upload = request.FILES.get("file")
    if upload is not None:
        if (upload.size or 0) > FILE_LIMIT:
            raise ValueError(
                _(
                    "The file is larger than {limit} MB. Send it in parts, or by the API.",
                    limit=FILE_LIMIT // 1000000,
                )
            )
        return bytes(upload.read())
    if pasted := request.POST.get("pasted", ""):
        return pasted.encode("utf-8", "replace")
    return _unpack(request.POST.get("packed", ""))


def pack(data: bytes) -> str:
    """The file as a form holds it. Raises ValueError."""
    packed = base64.b64encode(zlib.compress(data, 6)).decode()
    if len(packed) > PACKED_LIMIT:
        raise ValueError(_("The file is too large for this page. Send it in parts, or by the API."))
    return packed


def _unpack(packed: str) -> bytes:
    if not packed:
        raise ValueError(_("Choose a file, or paste what is in it."))
    try:
        found = zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), FILE_LIMIT + 1)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(_("The file was damaged in transit. Choose it again.")) from error
    if len(found) > FILE_LIMIT:
        raise ValueError(_("The file is too large for this page."))
    return found
