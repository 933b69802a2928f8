"""What an endpoint sends: HTTP from its own source address, trusting what its own CA store trusts."""

from __future__ import annotations

import ssl
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from roomkeeper.virtual import tls
from roomkeeper.virtual.device import VirtualDevice
from roomkeeper.virtual.faults import Faults


class OutboundError(Exception):
    """The post did not get an HTTP answer; the words are those a device shows (protocol notes A.7)."""


@dataclass(frozen=True, slots=True)
class OutboundAnswer:
    """An HTTP answer to one of our posts."""

    status: int
    body: bytes


_CONTEXTS: OrderedDict[tuple[bool, frozenset[str], bool], ssl.SSLContext] = OrderedDict()
_CONTEXTS_KEPT = 64
_MOST_ANSWER_BYTES = 8_000_000


def _context(*, is_verifying: bool, authorities: frozenset[str], is_tls_1_0_only: bool) -> ssl.SSLContext:
    """A TLS client context; endpoints of one mind share it (five thousand of their own would fill memory)."""
    key = (is_verifying, authorities if is_verifying else frozenset(), is_tls_1_0_only)
    context = _CONTEXTS.get(key)
    if context is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if is_verifying:
            for pem in sorted(authorities):
                context.load_verify_locations(cadata=pem)
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if is_tls_1_0_only:
            tls.speak_tls_1_0_only(context)
        _CONTEXTS[key] = context
        while len(_CONTEXTS) > _CONTEXTS_KEPT:
            _CONTEXTS.popitem(last=False)
    return context


def is_verifying(device: VirtualDevice, setting: str) -> bool:
    """Whether TLS is checked: by `setting` where the release has it, else by the older one for all (notes M)."""
    older = device.configuration.find("NetworkServices/HTTPS/VerifyServerCertificate", "Off")
    return device.configuration.find(setting, older) == "On"


class Outbound:
    """The sending side of one endpoint."""

    def __init__(
        self, device: VirtualDevice, source_address: str, faults: Faults, *, timeout_seconds: float = 30.0
    ) -> None:
        self._device = device
        self._faults = faults
        self.source_address = source_address
        self.is_tls_1_0_only = False
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def post(
        self, url: str, body: bytes, headers: dict[str, str], *, tls_setting: str
    ) -> OutboundAnswer:
        """POST and read the answer; raises OutboundError."""
        self._device.shelf.note_address("called", "/".join(url.split("/")[:3]))
        body, content_type = self._faults.spoil(body, headers["Content-Type"])
        headers = {**headers, "Content-Type": content_type}
        with _explained():
            async with (
                self._session(url, tls_setting) as session,
                session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                return OutboundAnswer(answer.status, await answer.content.read(_MOST_ANSWER_BYTES))

    async def download(self, url: str, most: int, *, tls_setting: str) -> int:
        """Fetch a file and throw it away; its size in bytes.  Raises OutboundError."""
        size = 0
        with _explained():
            async with self._session(url, tls_setting) as session, session.get(url) as answer:
                if answer.status != 200:
                    message = f"HTTP response code {answer.status}"
                    raise OutboundError(message)
                async for chunk in answer.content.iter_chunked(65536):
                    size += len(chunk)
                    if size > most:
                        raise OutboundError("Maximum file size exceeded")
        return size

    def _session(self, url: str, tls_setting: str) -> aiohttp.ClientSession:
        """A session for one exchange, from this endpoint's own address."""
        context: ssl.SSLContext | bool = True
        if urlsplit(url).scheme.lower() == "https":
            context = _context(
                is_verifying=is_verifying(self._device, tls_setting),
                authorities=frozenset(self._device.shelf.authorities.values()),
                is_tls_1_0_only=self.is_tls_1_0_only,
            )
        agent = self._device.profile.dialect.user_agent
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                local_addr=(self.source_address, 0), ssl=context, force_close=True, use_dns_cache=False
            ),
            timeout=self._timeout,
            headers={"User-Agent": agent} if agent else {},
            skip_auto_headers=() if agent else ("User-Agent",),
            cookie_jar=aiohttp.DummyCookieJar(),
        )


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what can go wrong into the words that a device shows."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError:
        raise OutboundError("SSL certificate problem: unable to verify the server") from None
    except aiohttp.ClientConnectorDNSError:
        raise OutboundError("Couldn't resolve host name") from None
    except aiohttp.ClientSSLError:
        raise OutboundError("SSL connect error") from None
    except aiohttp.ClientConnectorError:
        raise OutboundError("Couldn't connect to server") from None
    except TimeoutError:
        raise OutboundError("Timeout was reached") from None
    except aiohttp.InvalidURL:
        raise OutboundError("URL using bad/illegal format or missing URL") from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise OutboundError("Failure when receiving data from the peer") from None
