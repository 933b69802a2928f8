"""No secret of ours survives redaction, in whichever letter case or place."""

from hypothesis import given
from hypothesis import strategies as st

from roomkeeper import keys
from roomkeeper.systems.documents.redaction import redact, redact_text


def test_secret_in_an_address_is_redacted_without_being_known():
    secret = keys.new_secret()
    for path in ("SystemManagementService.asmx", "code.aspx", "POSTDOCUMENT.ASPX"):
        for written in (secret, secret.upper()):
            text = f"<URL>http://tms/tms/public/feedback/{path}/{written}</URL>"
            assert written not in redact_text(text)
            assert redact_text(text).startswith("<URL>http://tms/tms/public/feedback/")


@given(st.text(max_size=50), st.text(max_size=50), st.booleans())
def test_known_secret_is_redacted_wherever_it_stands(before, after, upper):
    secret = "abcdefgh234567abcdefgh234567abcd"
    written = secret.upper() if upper else secret
    assert secret.encode() not in redact(f"{before}{written}{after}".encode(), (secret,)).lower()


def test_a_secret_has_160_bits_and_fits_the_longest_path():
    secret = keys.new_secret()
    assert len(secret) == 32
    assert secret == secret.lower()
    path = "tms/public/external/management/SystemManagementService.asmx"
    assert len(f"{path}/{secret}") <= 255


def test_known_secret_is_redacted_as_xml_spells_it():
    answer = b'<Passphrase>R&amp;d&lt;1&gt;"x</Passphrase>'
    assert redact(answer, ('R&d<1>"x',)) == b"<Passphrase>[secret]</Passphrase>"
