"""Which arguments of commands are secrets."""

import json

import pytest
from tests.cases import read_case

from roomkeeper.provisioning.secret_values import is_secret_argument, is_secret_path


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("UserManagement/User/Add", "Passphrase"),
        ("UserManagement/User/Modify", "YourPassphrase"),
        ("SystemUnit/OptionKey/Add", "Key"),
        ("xCommand SystemUnit OptionKey Add", "key"),
        ("Webex/Registration/Start", "ActivationCode"),
        ("webex/registration/start", "activationcode"),
        ("Webex/Join", "HostKey"),
        ("Webex/Join", "HOSTKEY"),
        ("Webex/Join", "HostPIN"),
        ("Zoom/Join", "MeetingPasscode"),
        ("MicrosoftTeams/Join", "Passcode"),
        ("Network/SNMP/USM/User/Add", "AuthenticationPassword"),
        ("Webex/Join", "meetingpin"),
        ("Webex/Join", "Password2"),
        ("Webex/Join", "Pin[2]"),
        ("Webex/Join", "InviteCode"),
        ("Security/Certificates/SCEP/Add", "enrollmentcode"),
        ("Network/SNMP/USM/User/Add", "PrivacyPassword"),
        ("Security/Certificates/Services/Add", "PrivateKeyPassword"),
        ("Conference/Call/AuthenticationResponse", "Pin"),
        ("UserInterface/Message/Prompt/Display", "SharedSecret.1"),
        ("HttpClient/Get", "AccessToken[2]"),
        ("HttpClient/Post", "Header"),
        ("httpclient/put", "header.2"),
        ("Webex/Join", "PinCode"),
        ("Webex/Join", "pincode"),
        ("Webex/Registration/Start", "AuthorizationCode"),
        ("Network/Wifi/Configure", "WPAKey"),
        ("Network/Wifi/Configure", "EncryptionKey"),
        ("SystemUnit/Product/Activate", "ProductKey"),
        ("MicrosoftTeams/Pair", "VerificationCode"),
        ("Security/Recovery/Run", "OneTimeCode"),
        ("UserManagement/LDAP/Bind", "Pwd"),
    ],
)
def test_argument_that_is_a_secret(command: str, name: str) -> None:
    assert is_secret_argument(command, name)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("UserManagement/User/Modify", "PassphraseChangeRequired"),
        ("UserManagement/User/Modify", "PINChangeRequired"),
        ("Video/Layout/Set", "Spin"),
        ("Network/Ping", "IPv6"),
        ("UserManagement/User/Add", "passphrasechangerequired"),
        ("UserManagement/User/Add", "Username"),
        ("SystemUnit/OptionKey/Remove", "Type"),
        ("UserInterface/Extensions/Set", "Key"),
        ("UserInterface/Message/Prompt/Display", "Header"),
        ("Video/CEC/Output/KeyClick", "NamedKey"),
        ("Phonebook/Contact/Add", "PostalCode"),
        ("Phonebook/Contact/Add", "CountryCode"),
        ("Security/Certificates/Services/Add", "PublicKey"),
        ("Security/Certificates/Services/Activate", "Fingerprint"),
        ("Audio/Volume/Set", "Level"),
        ("Camera/Pinpoint", "Pinpoint"),
        ("Call/DTMFSend", "DTMFString"),
        ("UserInterface/Message/TextInput/Display", "Option.1"),
    ],
)
def test_argument_that_is_no_secret(command: str, name: str) -> None:
    assert not is_secret_argument(command, name)


def test_case_of_a_flag_about_a_passphrase_holds_no_secret() -> None:
    found = json.loads(read_case("11-modify-user.json"))

    assert [name for name in found["arguments"] if is_secret_argument(found["command"], name)] == []


@pytest.mark.parametrize(
    ("path", "is_secret"),
    [
        ("SIP/Authentication/Password", True),
        ("NetworkServices/NTP/Server[1]/Key", True),
        ("Network[1]/IEEE8021X/Password", True),
        ("Proximity/Pin", True),
        ("Webex/Meetings/HostPIN", True),
        ("UserManagement/PasswordPolicy/MinimumLength", False),
        ("Security/Session/FailedLoginsLockoutTime", False),
    ],
)
def test_settings_are_judged_by_the_same_words(path: str, is_secret: bool) -> None:
    assert is_secret_path(path) is is_secret
