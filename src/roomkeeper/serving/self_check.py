"""Tickets about the server itself: the checks, looked at again and again by the process that has the schedule."""

import time
from datetime import datetime, timedelta

from roomkeeper.jobs import checks
from roomkeeper.systems import findings
from roomkeeper.words import gettext as _

EVERY = timedelta(seconds=20)
AGAIN_EVERY = 600.0


class Tickets:
    """Opens a ticket for each check that finds a fault for long enough, and closes it once that is over."""

    def __init__(self) -> None:
        # Since which moment of the monotonic clock each has been at fault.
        self._since: dict[str, float] = {}
        # What was told of it, and when: a ticket that somebody closed opens again, but is not counted all the time.
        self._told: dict[str, tuple[str, float]] = {}

    def keep(self, *, now: datetime, moment: float | None = None) -> int:
        """Look at all checks that open tickets."""
        moment = time.monotonic() if moment is None else moment
        for check in checks.with_tickets():
            faults = [finding for finding in checks.run(check, now=now) if not finding.ok]
            if not faults:
                self._since.pop(check.name, None)
                self._told.pop(check.name, None)
                findings.clear(check.name, None, _("The check passes again."))
                continue
            since = self._since.setdefault(check.name, moment)
            words = " ".join(f"{fault.what.capitalize()}: {fault.words}." for fault in faults)
            last, told_at = self._told.get(check.name, ("", moment))
            is_news = words != last or moment - told_at >= AGAIN_EVERY
            if is_news and moment - since >= check.patience.total_seconds():
                self._told[check.name] = (words, moment)
                findings.report(
                    findings.Finding(
                        check.name,
                        None,
                        words,
                        " ".join(dict.fromkeys(fault.advice for fault in faults if fault.advice)),
                        level=check.ticket,
                    )
                )
        return 0
