"""What is dangerous about a command: the table, and the rule for what it does not name."""

import pytest

from roomkeeper.protocols.xapi.command_line import read_call
from roomkeeper.provisioning.dangers import danger_of


@pytest.mark.parametrize(
    ("text", "is_final"),
    [
        ("SystemUnit FactoryReset Confirm: Yes", True),
        ("systemunit boot Action: Shutdown", True),
        ("SystemUnit Boot Action: Restart", False),
        ("SystemUnit Boot", False),
        ("SystemUnit SoftwareUpgrade URL: http://x/", True),
        ("Provisioning Service Fetch URL: x Mode: Replace", True),
        ("Provisioning Service Fetch URL: x Mode: Add", None),
        ("Macros Macro RemoveAll", True),
        ("UserInterface Extensions Clear", True),
        ("UserInterface Message Alert Clear", None),
        ("CallHistory DeleteAll", True),
        ("Security Certificates Services Delete Fingerprint: x", True),
        ("Call Disconnect", False),
        ("Audio Volume Set Level: 4", None),
        ("Standby ResetTimer Delay: 4", None),
        ("Boot", False),
        ("Boot Action: Shutdown", True),
        ("SystemUnit SoftReset", False),
        ("Zoom Reset", True),
        ("Zoom Install", True),
        ("MicrosoftTeams Install", True),
        ("Webex Registration Start SecurityAction: Harden", True),
        ("Webex Registration Start ActivationCode: 1 SecurityAction: NoAction", True),
        ("Webex ZeroTouchProvisioning Start", True),
        ("Provisioning Edge ConvertToCloud", True),
        ("Conference Gadget Disable", False),
        ("Security Certificates Services Deactivate Fingerprint: x", False),
        ("UserManagement User Modify Username: avtech Active: False", True),
        ("UserManagement User Modify Username: avtech Active: True", None),
        ("UserManagement User Modify Username: avtech RemoveRole: Admin", True),
        ("UserManagement User Delete Username: avtech", True),
        ("UserManagement User Passphrase Set Username: admin NewPassphrase: x", False),
        ("SystemUnit AdminPassword Set Password: x", False),
        ("SystemUnit DeveloperPreview Activate", False),
        ("HttpFeedback Deregister FeedbackSlot: 3", False),
        ("HttpFeedback Register FeedbackSlot: 3 ServerUrl: http://x/", False),
        ("HttpFeedback Register FeedbackSlot: 2 ServerUrl: http://x/", None),
        ("HttpFeedback Enable FeedbackSlot: 3", None),
        ("Peripherals Boot ID: x", False),
        ("Camera FactoryReset CameraId: 1", True),
        ("Phonebook Contact Deleted", None),
        ("Presentation Stop", None),
        ("Spark Registration Start ActivationCode: 1", True),
        ("Spark Registration Start SecurityAction: Harden", True),
        ("FIPSMode Activate", True),
        ("UserManagement RemoteSupportUser DisablePermanently Confirm: Yes", True),
        ("UserManagement User Modify Username: avtech RemoveRole: User RemoveRole: Admin", True),
        ('UserManagement User Modify Username: avtech Active: " False "', True),
        ("HttpFeedback Deregister FeedbackSlot: 03", False),
        ("Network ResetToDefaults", True),
        ("Standby Deactivate", None),
        ("Conference DoNotDisturb Deactivate", None),
        ("Standby ResetHalfwakeTimer Delay: 1", None),
    ],
)
def test_what_cannot_be_undone_is_known(text: str, is_final: bool | None) -> None:
    danger = danger_of(read_call(text))
    assert (danger.is_final if danger else None) is is_final


def test_our_slot_is_the_one_that_network_settings_name() -> None:
    call = read_call("HttpFeedback Deregister FeedbackSlot: 4")
    assert danger_of(call) is None
    assert danger_of(call, our_slot=4) is not None
