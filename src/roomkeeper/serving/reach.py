"""Do other machines reach this server? Somebody who wonders why no endpoint appears finds the reason in the log and
among the tickets."""

from datetime import datetime
from typing import Final

import structlog

from roomkeeper.settings.options import Options
from roomkeeper.systems import findings, network_settings
from roomkeeper.systems.network_settings import outside
from roomkeeper.systems.network_settings.outside import Place
from roomkeeper.words import gettext as _

log = structlog.get_logger(__name__)

KIND: Final = "only this machine reaches the server"


def tell(options: Options) -> None:
    """Say so where nobody else does. Told at the start alone: who works on this machine only may close the ticket."""
    if not _is_alone(options):
        see(options)
        return
    log.warning(
        "all listeners are loopback addresses and no proxy is known; endpoints on the network cannot reach this server"
    )
    findings.report(
        findings.Finding(
            KIND,
            None,
            _(
                "All listeners are loopback addresses, and no proxy is known that stands before "
                "them, so endpoints on the network cannot reach it."
            ),
            _(
                "Start it with --http and --https on an address of the network, or name the proxy in "
                "trusted_proxies."
            ),
        )
    )


def see(options: Options, *, now: datetime | None = None) -> int:
    """Scheduled: close the ticket once an outside address was set."""
    if not _is_alone(options):
        findings.clear(KIND, None, _("Other machines reach it."))
    return 0


def _is_alone(options: Options) -> bool:
    return outside.is_for_this_machine_alone(network_settings.get(), Place.of(options))
