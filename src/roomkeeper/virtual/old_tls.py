"""A TLS stack as of 2008: TLS 1.0 (RFC 2246) with key exchange by RSA, and no word of secure renegotiation (RFC 5746).

OpenSSL cannot be told to leave that extension out, and clients of today refuse a server that does.  This is the
server's half of one handshake and of its records, enough for a twin, and nothing to protect anything with.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from roomkeeper.virtual.tls import Certificate

_VERSION = b"\x03\x01"
_CHANGE, _ALERT, _HANDSHAKE, _DATA = 20, 21, 22, 23
_CLIENT_HELLO, _SERVER_HELLO, _CERTIFICATE, _HELLO_DONE, _KEY_EXCHANGE, _FINISHED = 1, 2, 11, 14, 16, 20
_SUITES = {b"\x00\x35": 32, b"\x00\x2f": 16}
"""AES with CBC and SHA-1 after key exchange by RSA, and the length of its key."""
_MOST = 16_384
_MAC = 20


class HandshakeFailed(Exception):
    """What the client sent makes no handshake that this stack can finish."""


def _expand(secret: bytes, seed: bytes, length: int, name: str) -> bytes:
    out, step = b"", seed
    while len(out) < length:
        step = hmac.digest(secret, step, name)
        out += hmac.digest(secret, step + seed, name)
    return out[:length]


def prf(secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
    """TLS 1.0's: MD5 over one half of the secret, SHA-1 over the other, by exclusive or (RFC 2246, 5)."""
    half = (len(secret) + 1) // 2
    first = _expand(secret[:half], label + seed, length, "md5")
    second = _expand(secret[-half:], label + seed, length, "sha1")
    return bytes(a ^ b for a, b in zip(first, second, strict=True))


class _Direction:
    """One direction's keys: records are numbered, and each is chained to the block before it."""

    def __init__(self, mac_key: bytes, key: bytes, start: bytes) -> None:
        self._mac_key, self._key, self._chain, self._number = mac_key, key, start, 0

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._chain))

    def _mac(self, kind: int, plain: bytes) -> bytes:
        head = self._number.to_bytes(8, "big") + bytes((kind,)) + _VERSION + len(plain).to_bytes(2, "big")
        self._number += 1
        return hmac.digest(self._mac_key, head + plain, "sha1")

    def seal(self, kind: int, plain: bytes) -> bytes:
        body = plain + self._mac(kind, plain)
        missing = 15 - len(body) % 16
        work = self._cipher().encryptor()
        sealed = work.update(body + bytes((missing,)) * (missing + 1)) + work.finalize()
        self._chain = sealed[-16:]
        return sealed

    def open(self, kind: int, sealed: bytes) -> bytes:
        if len(sealed) < 32 or len(sealed) % 16:
            raise HandshakeFailed("a record of no length that there is")
        work = self._cipher().decryptor()
        body = work.update(sealed) + work.finalize()
        self._chain = sealed[-16:]
        plain = body[: max(0, len(body) - body[-1] - 1 - _MAC)]
        if not hmac.compare_digest(self._mac(kind, plain), body[len(plain) : len(plain) + _MAC]):
            raise HandshakeFailed("a record was changed on its way")
        return plain


class OldTls(asyncio.Protocol):
    """One connection: hands the plain bytes to `inner`, which gets a transport that writes through this."""

    def __init__(self, certificate: Certificate, inner: asyncio.Protocol) -> None:
        key = load_pem_private_key(certificate.key_pem, None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("the old stack needs an RSA key")
        self._key = key
        self._certificate = x509.load_pem_x509_certificate(certificate.certificate_pem).public_bytes(
            Encoding.DER
        )
        self._inner = inner
        self._buffer = bytearray()
        self._messages = bytearray()
        self._spoken = b""
        self._randoms = (b"", b"")
        self._suite = b""
        self._master = b""
        self._keys: tuple[_Direction, _Direction] | None = None
        self._reading: _Direction | None = None
        self._writing: _Direction | None = None
        self._is_open = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what TCP servers give
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        if self._is_open:
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Records, or parts of them."""
        self._buffer += data
        try:
            for kind, body in self._records():
                self._take(kind, self._reading.open(kind, body) if self._reading else body)
        except (HandshakeFailed, ValueError, IndexError):
            self.send(_ALERT, b"\x02\x28")
            if self._transport is not None:
                self._transport.close()

    def _records(self) -> Iterator[tuple[int, bytes]]:
        while len(self._buffer) >= 5:
            length = int.from_bytes(self._buffer[3:5], "big")
            if len(self._buffer) < 5 + length:
                return
            kind, body = self._buffer[0], bytes(self._buffer[5 : 5 + length])
            del self._buffer[: 5 + length]
            yield kind, body

    def send(self, kind: int, plain: bytes) -> None:
        """Write records; sealed once the keys are in force."""
        for start in range(0, max(len(plain), 1), _MOST):
            part = plain[start : start + _MOST]
            body = self._writing.seal(kind, part) if self._writing is not None else part
            if self._transport is not None:
                self._transport.write(bytes((kind,)) + _VERSION + len(body).to_bytes(2, "big") + body)

    def _take(self, kind: int, plain: bytes) -> None:
        if kind == _DATA and self._is_open:
            if plain:
                self._inner.data_received(plain)
        elif kind == _CHANGE and self._keys is not None:
            self._reading = self._keys[0]
        elif kind == _ALERT:
            if self._transport is not None:
                self._transport.close()
        elif kind == _HANDSHAKE:
            self._messages += plain
            while len(self._messages) >= 4:
                length = 4 + int.from_bytes(self._messages[1:4], "big")
                if length > _MOST:
                    raise HandshakeFailed("a message longer than any of a handshake")
                if len(self._messages) < length:
                    return
                message = bytes(self._messages[:length])
                del self._messages[:length]
                self._handshake(message)
        else:
            raise HandshakeFailed("a record out of turn")

    def _say(self, *messages: tuple[int, bytes]) -> None:
        for kind, body in messages:
            message = bytes((kind,)) + len(body).to_bytes(3, "big") + body
            self._spoken += message
            self.send(_HANDSHAKE, message)

    def _handshake(self, message: bytes) -> None:
        kind, body = message[0], message[4:]
        if kind == _CLIENT_HELLO and not self._spoken:
            self._spoken += message
            self._greet(body)
        elif kind == _KEY_EXCHANGE and self._suite and self._keys is None:
            self._spoken += message
            self._agree(body)
        elif kind == _FINISHED and self._reading is not None and not self._is_open:
            if not hmac.compare_digest(body, self._verify(b"client finished")):
                raise HandshakeFailed("the client's summary of the handshake is another")
            self._spoken += message
            self._finish()
        else:
            raise HandshakeFailed("a message out of turn")

    def _greet(self, body: bytes) -> None:
        session = 34 + 1 + body[34]
        length = int.from_bytes(body[session : session + 2], "big")
        offered = body[session + 2 : session + 2 + length]
        suites = {offered[place : place + 2] for place in range(0, length, 2)}
        self._suite = next((one for one in _SUITES if one in suites), b"")
        if not self._suite or body[:2] < _VERSION:
            raise HandshakeFailed("nothing in common")
        self._randoms = (body[2:34], secrets.token_bytes(32))
        # No session, no compression, and no extensions at all.
        hello = _VERSION + self._randoms[1] + b"\x00" + self._suite + b"\x00"
        listed = len(self._certificate).to_bytes(3, "big") + self._certificate
        self._say(
            (_SERVER_HELLO, hello),
            (_CERTIFICATE, len(listed).to_bytes(3, "big") + listed),
            (_HELLO_DONE, b""),
        )

    def _agree(self, body: bytes) -> None:
        secret = self._key.decrypt(body[2:], padding.PKCS1v15())
        client, server = self._randoms
        self._master = prf(secret, b"master secret", client + server, 48)
        size = _SUITES[self._suite]
        block = prf(self._master, b"key expansion", server + client, 2 * (_MAC + size + 16))
        pieces = []
        for length in (_MAC, _MAC, size, size, 16, 16):
            pieces.append(block[:length])
            block = block[length:]
        self._keys = (_Direction(*pieces[::2]), _Direction(*pieces[1::2]))

    def _verify(self, label: bytes) -> bytes:
        spoken = hashlib.md5(self._spoken).digest() + hashlib.sha1(self._spoken).digest()  # noqa: S324 - TLS 1.0's
        return prf(self._master, label, spoken, 12)

    def _finish(self) -> None:
        if self._keys is None or self._transport is None:
            raise HandshakeFailed("finished before it began")
        self.send(_CHANGE, b"\x01")
        self._writing = self._keys[1]
        self._say((_FINISHED, self._verify(b"server finished")))
        self._is_open = True
        self._inner.connection_made(_Through(self, self._transport))


class _Through(asyncio.Transport):
    """What the inner protocol writes to."""

    def __init__(self, tls: OldTls, below: asyncio.Transport) -> None:
        super().__init__()
        self._tls, self._below = tls, below

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send bytes, sealed."""
        self._tls.send(_DATA, bytes(data))

    def close(self) -> None:
        """Say that it is over, and close."""
        if not self._below.is_closing():
            self._tls.send(_ALERT, b"\x01\x00")
        self._below.close()

    def abort(self) -> None:
        """Close at once."""
        self._below.abort()

    def is_closing(self) -> bool:
        """Whether it is over."""
        return self._below.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Of the connection below."""
        return self._below.get_extra_info(name, default)
