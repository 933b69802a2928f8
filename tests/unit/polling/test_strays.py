"""Whether a system still calls us, by its own documents."""

import pytest

from roomkeeper.polling.strays import find_stray_feedback, find_stray_manager
from roomkeeper.protocols.external_manager import SettingValue

OURS = "http://10.0.0.5/tms/public/feedback/code.aspx/aaaa"
NEXT = "http://10.0.0.5/tms/public/feedback/code.aspx/bbbb"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"HttpFeedback[3]/URL": OURS, "HttpFeedback[3]/Status": "OK"}, ""),
        ({"HttpFeedback[3]/URL": NEXT, "HttpFeedback[3]/Status": "OK"}, ""),
        ({"HttpFeedback[3]/URL": OURS.upper(), "HttpFeedback[3]/Status": "ok"}, ""),
        # TC numbers every node and has no status.
        ({"HttpFeedback[3]/URL[1]": OURS, "HttpFeedback[3]/Expression[1]": "/Status"}, ""),
        (
            {"HttpFeedback[3]/URL": OURS, "HttpFeedback[3]/Status": "Failed"},
            "has stopped: its status is Failed",
        ),
        ({"HttpFeedback[1]/URL": OURS, "HttpFeedback[1]/Status": "OK"}, "is not registered"),
        ({"HttpFeedback[3]/Status": "OK"}, "is not registered"),
        ({}, "is not registered"),
        ({"HttpFeedback[3]/URL": "https://tms.example.org/x/y?secret"}, "it has https://tms.example.org."),
        ({"HttpFeedback[3]/URL": "http://[broken"}, "it has another address."),
        ({"HttpFeedback[3]/URL": OURS.replace("10.0.0.5", "10.0.0.6")}, "it has http://10.0.0.6."),
    ],
)
def test_feedback_slot(status: dict[str, str], words: str) -> None:
    sentence = find_stray_feedback(status, 3, [OURS, NEXT])
    assert words in sentence
    assert bool(sentence) is bool(words)
    assert "secret" not in sentence


WANTED = [
    (
        SettingValue("Provisioning/Mode", "TMS"),
        SettingValue("Provisioning/ExternalManager/Address", "10.0.0.5"),
        SettingValue("Provisioning/ExternalManager/Path", f"path/{secret}"),
        SettingValue("Phonebook/Server[1]/URL", "http://10.0.0.5/books"),
    )
    for secret in ("aaaa", "bbbb")
]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({}, ""),
        ({"Provisioning/ExternalManager/Path": "Path/BBBB"}, ""),
        ({"Phonebook/Server[1]/URL": "http://elsewhere"}, ""),
        ({"Provisioning/Mode": "Off"}, "Provisioning/Mode"),
        ({"Provisioning/ExternalManager/Address": "tms.example.org"}, "Provisioning/ExternalManager/Address"),
        ({"Provisioning/ExternalManager/Path": "path/cccc"}, "Provisioning/ExternalManager/Path"),
    ],
)
def test_manager_settings(change: dict[str, str], path: str) -> None:
    configuration = {
        "Provisioning/Mode": "TMS",
        "Provisioning/ExternalManager/Address": "10.0.0.5",
        "Provisioning/ExternalManager/Path": "path/aaaa",
        **change,
    }
    sentence = find_stray_manager(configuration, WANTED)
    assert sentence.startswith(path)
    assert bool(sentence) is bool(path)
    assert "cccc" not in sentence


def test_settings_that_the_device_lacks_are_no_strays() -> None:
    assert find_stray_manager({}, WANTED) == ""
