"""The live checks of the way to a system: name, port, TLS, certificate, answer. What follows a login: `signed_in`.

Every step has its time and its finding. Only the steps that the system's mode allows are made: rows that it rules
out were never planned, and the lowest layer would refuse them.
"""

import asyncio
import time
from typing import Final

from roomkeeper.devices import errors, measuring
from roomkeeper.devices.answers import DeviceAnswer
from roomkeeper.devices.client import DeviceClient, DeviceTransport
from roomkeeper.devices.measuring import Handshake, ShownCertificate
from roomkeeper.devices.tls import Trust
from roomkeeper.diagnosis import words
from roomkeeper.diagnosis.rows import DiagnosisRow
from roomkeeper.diagnosis.steps import Looking, Stopped, evidence_of, since
from roomkeeper.words import gettext as _

_CERTIFICATES: Final[tuple[tuple[type[errors.CertificateRefused], str], ...]] = (
    (errors.CertificateChanged, "certificate-changed"),
    (errors.CertificateExpired, "certificate-expired"),
    (errors.CertificateNameMismatch, "certificate-wrong-name"),
    (errors.CertificateTooWeak, "certificate-too-weak"),
    (errors.CertificateUntrusted, "certificate-untrusted"),
)
_PORTS: Final[tuple[tuple[type[errors.DeviceError], str], ...]] = (
    (errors.ConnectionRefused, "connection-refused"),
    (errors.ConnectTimedOut, "connection-timed-out"),
)


async def find_road(
    looking: Looking, transport: DeviceTransport, https: DiagnosisRow | None, http: DiagnosisRow | None
) -> tuple[DiagnosisRow, DeviceClient]:
    """The road on which the device can be asked, and a client that has met it there.

    Raises `Stopped` where there is none; `CertificateChanged` as well as telling it, so that it is kept in mind.
    """
    first = https or http
    if first is None:
        raise Stopped
    await _resolve(looking, first)
    client = transport.client(looking.target, patience=looking.tuning.first)
    async with client.lane():
        by_https = await _try_port(looking, https) if https is not None else 0
        by_http = await _try_port(looking, http) if http is not None else 0
    if https is not None and isinstance(by_https, int):
        await _tell_spare(looking, http, by_http, other="HTTPS")
        return https, await _meet_tls(looking, https, client)
    is_absent = https is None or isinstance(by_https, errors.ConnectionRefused | errors.ConnectTimedOut)
    if http is not None and isinstance(by_http, int) and is_absent:
        return http, await _meet_plain(looking, https, http, client, by_https, by_http)
    await _tell_ports(looking, https, by_https, http, by_http)
    raise Stopped


async def _resolve(looking: Looking, row: DiagnosisRow) -> None:
    target = looking.target
    try:
        resolved = await measuring.resolve(target)
    except errors.NameNotResolved as error:
        await looking.stop(row, "name-not-resolved", address=target.address, evidence=evidence_of(error))
    if resolved.is_literal:
        await looking.say(row, "address-literal", address=target.address)
        return
    await looking.say(
        row,
        "name-resolved",
        milliseconds=resolved.milliseconds,
        address=target.address,
        addresses=words.listed(resolved.addresses),
    )


async def _try_port(looking: Looking, row: DiagnosisRow) -> int | errors.DeviceError:
    """Connect: the milliseconds, or why it is not open. An open port of the main road is told at once."""
    try:
        took = await measuring.connect(looking.target, row.transport, seconds=looking.tuning.first.connect)
    except errors.ConnectionFailed as error:
        return error
    if row.transport == "https":
        await looking.say(row, "port-open", milliseconds=took, service=row.service, port=row.port)
    return took


async def _tell_spare(
    looking: Looking, row: DiagnosisRow | None, tried: int | errors.DeviceError, *, other: str
) -> None:
    """The road that is not needed while another works."""
    if row is None:
        return
    key = "http-silent" if isinstance(tried, errors.ConnectTimedOut) else "http-closed"
    took = None
    if isinstance(tried, int):
        key, took = "http-open", tried
    await looking.say(row, key, milliseconds=took, port=row.port, other=other)


async def _tell_ports(
    looking: Looking,
    https: DiagnosisRow | None,
    by_https: int | errors.DeviceError,
    http: DiagnosisRow | None,
    by_http: int | errors.DeviceError,
) -> None:
    """Why no port is open: the main road's own finding, the other one as what it is."""
    if https is not None and isinstance(by_https, errors.DeviceError):
        await _tell_closed(looking, https, by_https)
        await _tell_spare(looking, http, by_http, other=_("nothing else"))
    elif http is not None and isinstance(by_http, errors.DeviceError):
        await _tell_closed(looking, http, by_http)


async def _tell_closed(looking: Looking, row: DiagnosisRow, refusal: errors.DeviceError) -> None:
    key = next((key for kind, key in _PORTS if isinstance(refusal, kind)), "connection-failed")
    await looking.say(
        row,
        key,
        service=row.service,
        port=row.port,
        address=looking.target.address,
        limit=words.span(round(looking.tuning.first.connect * 1_000)),
        evidence=evidence_of(refusal),
    )


# HTTPS


async def _meet_tls(looking: Looking, row: DiagnosisRow, client: DeviceClient) -> DeviceClient:
    async with client.lane():
        handshake = await _shake_hands(looking, row)
        await _judge_certificate(looking, row, handshake)
    return await _meet(looking, row, client)


async def _shake_hands(looking: Looking, row: DiagnosisRow) -> Handshake:
    seconds = looking.tuning.first.connect
    began = time.monotonic()
    try:
        handshake = await measuring.shake_hands(looking.target, seconds=seconds)
    except errors.TlsVersionRefused as error:
        await looking.stop(
            row,
            "tls-version-refused",
            milliseconds=since(began),
            evidence=evidence_of(error),
            theirs=words.listed(error.theirs, _("none that it names")),
            ours=words.listed(error.ours),
        )
    except errors.LegacyTlsNeeded as error:
        await looking.stop(
            row,
            "tls-too-old",
            milliseconds=since(began),
            evidence=evidence_of(error),
            agreed=error.agreed,
            why=error.why or _("its TLS"),
        )
    except errors.NoCipherInCommon as error:
        await looking.stop(row, "tls-no-cipher", milliseconds=since(began), evidence=evidence_of(error))
    except errors.DeviceError as error:
        await looking.stop(
            row, "tls-failed", milliseconds=since(began), evidence=evidence_of(error), port=row.port
        )
    await looking.say(
        row,
        "tls-old" if handshake.agreed.is_old else "tls-agreed",
        milliseconds=handshake.milliseconds,
        version=handshake.agreed.version,
        cipher=handshake.agreed.cipher,
    )
    return handshake


async def _judge_certificate(looking: Looking, row: DiagnosisRow, handshake: Handshake) -> None:
    """By the system's own trust (rule R6)."""
    target, shown = looking.target, handshake.certificate
    figures = {**_figures(shown), "address": target.address, "evidence": _evidence(shown)}
    try:
        await measuring.judge_certificate(target, seconds=looking.tuning.first.connect)
    except errors.CertificateRefused as error:
        key = next((key for kind, key in _CERTIFICATES if isinstance(error, kind)), "certificate-untrusted")
        await looking.say(row, key, **figures)
        if isinstance(error, errors.CertificateChanged):
            raise
        raise Stopped from error
    except errors.ConnectionFailed as error:
        await looking.stop(row, "tls-failed", port=row.port, evidence=evidence_of(error))
    await looking.say(row, _trusted(target.tls.trust, target.tls.pinned_key, shown, looking), **figures)


def _trusted(trust: Trust, pinned_key: str, shown: ShownCertificate | None, looking: Looking) -> str:
    if trust is Trust.OFF:
        return "certificate-ignored"
    if trust is Trust.AUTHORITY:
        return "certificate-signed"
    if not pinned_key:
        return "certificate-first"
    is_valid = shown is None or shown.is_valid(looking.now)
    return "certificate-pinned" if is_valid else "certificate-pinned-not-valid"


def _figures(shown: ShownCertificate | None) -> dict[str, str]:
    if shown is None:
        unknown = _("nothing that can be read")
        return {"until": unknown, "since": unknown, "issuer": unknown, "names": unknown}
    return {
        "until": words.day(shown.not_after),
        "since": words.day(shown.not_before),
        "issuer": shown.issuer or _("no issuer"),
        "names": words.listed(shown.names or (shown.subject,)),
    }


def _evidence(shown: ShownCertificate | None) -> str:
    if shown is None:
        return ""
    signed = _("self-signed") if shown.is_self_signed else _("signed by {issuer}", issuer=shown.issuer)
    valid = _(
        "valid from {day} to {day_2}", day=words.day(shown.not_before), day_2=words.day(shown.not_after)
    )
    return _(
        "{subject}, {signed}, {valid}, key {key}",
        subject=shown.subject,
        signed=signed,
        valid=valid,
        key=shown.key,
    )


# HTTP


async def _meet_plain(
    looking: Looking,
    https: DiagnosisRow | None,
    http: DiagnosisRow,
    client: DeviceClient,
    by_https: int | errors.DeviceError,
    took: int,
) -> DeviceClient:
    """By plain HTTP, where nothing listens for HTTPS and a password may go there (rule R6)."""
    if not looking.target.may_use_http:
        if https is not None and isinstance(by_https, errors.DeviceError):
            await _tell_closed(looking, https, by_https)
        await looking.stop(http, "https-missing")
    if https is not None:
        await looking.say(https, "https-closed", port=https.port)
    await looking.say(http, "port-open", milliseconds=took, service=http.service, port=http.port)
    return await _meet(looking, http, client)


# Who answers


async def _meet(looking: Looking, row: DiagnosisRow, client: DeviceClient) -> DeviceClient:
    """The first answer, without a login: is it one of these devices?"""
    patience = looking.tuning.first
    began = time.monotonic()
    try:
        async with client.lane():
            answer = await _ask(looking, row, client)
        _demand_mark(answer)
    except errors.ConnectionFailed as error:
        await looking.tell_answer(row, error, began, patience)
        raise Stopped from error
    except errors.LockedOut as error:
        await looking.stop(row, "turned-away", evidence_words=error.detail, milliseconds=since(began))
    except errors.LoginRefused as error:
        # It asks for a login in a way that none of these devices does.
        stranger = errors.UnexpectedAnswer(
            evidence=_("It asks for a login: {realm}.", realm=answer.realm or "no realm")
        )
        await looking.tell_answer(row, stranger, began, patience)
        raise Stopped from error
    except errors.DeviceError as error:
        await looking.tell_answer(row, error, began, patience)
        raise Stopped from error
    took = since(began)
    if looking.is_slow(took, patience):
        limit = words.span(round(patience.read * 1_000))
        await looking.say(row, "answer-slow", milliseconds=took, took=words.span(took), limit=limit)
    else:
        await looking.say(row, "answers-as-device", milliseconds=took, service=row.service)
    return client


async def _ask(looking: Looking, row: DiagnosisRow, client: DeviceClient) -> DeviceAnswer:
    """Ask, and once more where the answer broke off: one that restarts is told from one that never ends an answer."""
    try:
        return await client.look(row.transport)
    except errors.ConnectionCutOff:
        await asyncio.sleep(looking.tuning.again_after)
    try:
        answer = await client.look(row.transport)
    except (errors.ConnectionRefused, errors.ConnectTimedOut) as error:
        await looking.stop(row, "went-away", evidence=evidence_of(error))
    await looking.say(row, "answer-cut-off-once")
    return answer


def _demand_mark(answer: DeviceAnswer) -> None:
    """Raises the error that the answer stands for, unless it is that of a video system (rule R6)."""
    if answer.shows_mark:
        return
    if answer.status == 403:
        raise errors.UnexpectedAnswer(evidence=_("It answered 403 before any login."))
    try:
        answer.check()
    except errors.NotXml as error:
        # Without a login none of these devices gives a page or a text: this is somebody else.
        raise errors.UnexpectedAnswer(first_bytes=error.first_bytes) from error
