"""What went wrong with a poll, short enough for a reason."""

import inspect

import pytest

from roomkeeper.devices import errors
from roomkeeper.polling.asking import phrase

EVERY_ERROR = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.DeviceError) and not kind.__name__.startswith("Snmp")
]


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_every_error_has_a_phrase_that_fits_into_a_reason(kind: type[errors.DeviceError]) -> None:
    words = phrase(kind())
    assert words
    assert not words.endswith(".")
    assert len(words) < 60


def test_the_nearest_phrase_is_used() -> None:
    assert phrase(errors.CertificateChanged()) == "it shows another TLS key"
    assert phrase(errors.CertificateExpired()) == "its certificate was not accepted"
    assert phrase(errors.TlsVersionRefused()) == "the TLS handshake failed"
    assert phrase(errors.SignInPage()) == "a sign-in page answered"
