"""Is the server's certificate valid for long enough, and for the hosts by which systems are told to call?"""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from roomkeeper.jobs import checks
from roomkeeper.jobs.checks import Check, CheckResult
from roomkeeper.serving import certificates
from roomkeeper.settings.options import Options
from roomkeeper.systems.addresses import host_of
from roomkeeper.systems.models import NetworkSettings
from roomkeeper.systems.network_settings import outside
from roomkeeper.systems.network_settings.outside import Place
from roomkeeper.words import gettext as _

# A leaf of ours that lacks a name is made anew within a minute.
PATIENCE: Final = timedelta(minutes=10)


def register_checks(options: Options) -> None:
    """Have them read from now on."""
    checks.register(Check("server certificate expires", partial(_end, options), ticket="critical"))
    checks.register(
        Check("server certificate names", partial(_names, options), ticket="warning", patience=PATIENCE)
    )


def _file(options: Options) -> Path:
    own = options.tls_certificate
    return Path(own) if own else certificates.CertificateFiles.below(options.data).leaf


def _is_made_later(options: Options) -> bool:
    return not options.tls_certificate and not _file(options).exists()


def _end(options: Options, *, now: datetime) -> CheckResult:
    path = _file(options)
    if _is_made_later(options):
        return CheckResult("certificate", True, _("is created at the first start"))
    try:
        begins, ends = certificates.valid_between(path)
    except (OSError, ValueError) as error:
        words = _("{path} cannot be read: {error}", path=path, error=error)
        return CheckResult("certificate", False, words, _("Put a certificate in its place, and restart."))
    if begins > now:
        words = _("is valid only from {begins:%Y-%m-%d %H:%M} UTC on", begins=begins)
        return CheckResult("certificate", False, words, _("Look at this machine's clock."))
    words = _("runs out in {days} days, on {ends:%Y-%m-%d}", days=(ends - now).days, ends=ends)
    is_ours = not options.tls_certificate
    advice = _("See the server's log.") if is_ours else _("Put a new one in its place, and restart.")
    return CheckResult("certificate", ends - now >= certificates.WARN_BEFORE, words, advice)


def _names(options: Options, *, now: datetime) -> CheckResult:
    what, settings, place = (
        "certificate names",
        NetworkSettings.objects.first() or NetworkSettings(),
        Place.of(options),
    )
    if place.is_proxied:
        return CheckResult(
            what, True, _("systems see the certificate of the proxy, which is not looked at here")
        )
    if _is_made_later(options):
        return CheckResult(what, True, _("are set at the first start"))
    told = [outside.address(settings, place, side=side, scheme="https").authority for side in outside.SIDES]
    hosts = list(dict.fromkeys(host_of(one) for one in told if one))
    try:
        names = certificates.names_of(_file(options))
    except (OSError, ValueError):
        return CheckResult(what, True, _("are not known: the certificate cannot be read"))
    missing = [host for host in hosts if not certificates.is_named(host, names)]
    if not missing:
        return CheckResult(
            what, True, _("hold for {hosts}", hosts=", ".join(hosts) or "what each system uses")
        )
    words = _(
        "systems are told to call {missing} by HTTPS, for which the certificate does not hold",
        missing=" and ".join(missing),
    )
    advice = (
        _("Have it made for that name too, or correct the addresses in Network settings.")
        if options.tls_certificate
        else _("It is made anew within a minute; restart the server to have it at once.")
    )
    return CheckResult(what, False, words, advice)
