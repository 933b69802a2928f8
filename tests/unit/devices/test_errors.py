"""The tree of device errors: exported, drawn, and in words for people."""

import inspect

import pytest
from tests.declared import advice, happened

from roomkeeper.devices import errors
from roomkeeper.devices.errors import DeviceError

ALL = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, DeviceError)]


@pytest.mark.parametrize("error", ALL)
def test_docstring_is_the_message_and_the_tree_shows_the_error(error):
    assert str(error()) == " ".join((inspect.getdoc(error) or "").split())
    assert str(error()).endswith(".")
    assert error.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("error", ALL)
def test_trying_again_helps_only_against_what_may_pass(error):
    passes = error is DeviceError or issubclass(error, errors.ServerError | errors.ConnectionFailed)
    is_too_old = error in (errors.TlsVersionRefused, errors.LegacyTlsNeeded, errors.NoCipherInCommon)
    assert error().can_retry is (passes and not is_too_old)


@pytest.mark.parametrize("error", ALL)
def test_every_error_says_what_happened_and_what_to_do(error):
    found = error()
    assert found.what_happened.startswith("The device ")
    assert found.what_happened.endswith(".")
    assert found.advice.endswith(".")


@pytest.mark.parametrize("error", ALL)
def test_told_about_a_device_the_sentence_names_it_and_what_was_done(error):
    found = str(error().about("Boardroom SX20 (10.1.2.3)", "reading its status"))
    assert found.startswith("Boardroom SX20 (10.1.2.3) ")
    assert " while reading its status. " in found
    assert "The device" not in found


def test_sentence_of_the_style_page():
    found = errors.LoginRefused().about("Boardroom SX20 (10.1.2.3)", "reading its status")
    refused = happened(errors.LoginRefused)
    assert str(found) == (
        f"Boardroom SX20 (10.1.2.3) {refused} while reading its status. {advice(errors.LoginRefused)}"
    )
    assert str(found.about("somebody else", "doing otherwise")) == str(found)


def test_no_two_errors_say_the_same():
    assert len({str(error()) for error in ALL}) == len(ALL)


def test_evidence_stands_between_what_happened_and_what_to_do():
    refused = errors.TlsVersionRefused(ours=("TLS 1.2", "TLS 1.3"), theirs=("TLS 1.0",))
    assert "It offers TLS 1.0; Roomkeeper offered TLS 1.2 and TLS 1.3." in str(refused)
    assert str(refused).endswith(advice(errors.TlsVersionRefused))
    rejected = errors.Rejected(path="SystemUnit/Name", words="Value too long")
    assert (
        str(rejected)
        == "The device rejected SystemUnit/Name. It says: Value too long. Check the value against what it accepts."
    )
    assert "It reports FTT1, expected FTT2." in str(errors.WrongDevice(expected="FTT2", found="FTT1"))
    assert "It answered 503." in str(errors.ServerError(status=503))
    assert len(errors.NotXml(first_bytes=b"x" * 900).first_bytes) == errors.FIRST_BYTES


def test_detail_is_kept_beside_the_message():
    error = errors.TlsFailed(detail="handshake failure")
    assert error.detail == "handshake failure"
    assert "handshake failure" not in str(error)
    assert str(errors.TlsFailed("Other words.")) == "Other words."
