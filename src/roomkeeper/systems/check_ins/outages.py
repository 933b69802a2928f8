"""Times in which no post could be taken: after ten unanswered ones, a second apart, a codec deletes its feedback slot
or marks it Failed, and only its manager brings it back (protocol notes C.5). Not here: bringing it back.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Max

from roomkeeper.systems import network_settings
from roomkeeper.systems.models import Contact

# A little less than a codec tries for.
HARMFUL: Final = timedelta(seconds=8)


def note_resumed(*, now: datetime) -> bool:
    """Called by whoever takes posts before the first of them, after a start and after the store was away. Whether so
    long a time had passed since the newest post that slots may be lost; then each system is told anew with its next
    answer, and polled soon."""
    newest = Contact.objects.aggregate(newest=Max("last_seen_at"))["newest"]
    if newest is None or now - newest < HARMFUL:
        return False
    with transaction.atomic():
        settings = network_settings.get()
        settings.posts_resumed_at = now
        settings.save(update_fields=["posts_resumed_at"])
    return True
