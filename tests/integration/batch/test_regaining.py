"""What a system no longer does as it was told is handed over with the next answer (rule R13), by what it posts."""

from datetime import timedelta

import pytest

from roomkeeper.protocols.external_manager import Answer
from roomkeeper.provisioning import enforcement, management
from roomkeeper.provisioning.models import Drift
from roomkeeper.provisioning.reading import Fetched, keep
from roomkeeper.systems import inventory, network_settings
from roomkeeper.systems.check_ins import outages
from roomkeeper.systems.models import Folder, StoredDocument, System, TimelineEntry
from roomkeeper.tickets.models import Ticket

NOT_KEPT = "management settings not kept"
ADDRESS = "Provisioning/ExternalManager/Address"
PATH = "Provisioning/ExternalManager/Path"
BOOKS = "Phonebook/Server[1]/URL"
OLD = "q" * 32


class Told:
    """A proven device as it was told to be, and what it posts of that."""

    def __init__(self, manager, device) -> None:
        self.manager, self.device = manager, device
        management.enforce(system(), user=None, now=manager.now)
        manager.wait(seconds=30)
        answer = manager.beat(device)
        self.settings = {setting.path: setting.value for setting in answer.settings}
        (register,) = answer.commands
        arguments = dict(register.arguments)
        self.url, self.expressions = arguments["ServerUrl"], arguments["Expression"]
        self.post_configuration()
        self.post_status(self.slot())
        self.beat()

    def slot(self, url: str = "", status: str = "OK", expressions=None) -> dict[str, str]:
        values = {"HttpFeedback[3]/URL": url or self.url, "HttpFeedback[3]/Status": status}
        texts = self.expressions if expressions is None else expressions
        return values | {f"HttpFeedback[3]/Expression[{n}]": text for n, text in enumerate(texts, 1)}

    def post_status(self, slots: dict[str, str]) -> None:
        self.manager.wait(seconds=1)
        version = {"SystemUnit/Software/Version": self.device.version}
        self.manager.post(self.device.status(version | slots))

    def post_configuration(self, **changes: str) -> None:
        self.manager.wait(seconds=1)
        content = tree({**self.settings, **changes})
        self.manager.post(self.device.document("/Configuration", f"<Configuration>{content}</Configuration>"))

    def beat(self) -> Answer:
        self.manager.wait(seconds=60)
        return self.manager.beat(self.device)


@pytest.fixture
def told(manager, device, prove) -> Told:
    Folder.objects.filter(pk=inventory.root_folder().pk).update(has_phone_book=True)
    prove(device)
    found = Told(manager, device)
    assert not system().management_is_due
    return found


def tree(values: dict[str, str], prefix: str = "") -> str:
    """The settings as one tree, as a device has them."""
    parts = {}
    for path in values:
        if path.startswith(prefix):
            parts.setdefault(path.removeprefix(prefix).partition("/")[0])
    text = ""
    for part in parts:
        name, _, index = part.partition("[")
        item = f' item="{index.rstrip("]")}" maxOccurrence="n"' if index else ""
        inside = values.get(prefix + part) if prefix + part in values else tree(values, f"{prefix}{part}/")
        text += f"<{name}{item}>{inside}</{name}>"
    return text


def system() -> System:
    return System.objects.get()


def is_told_anew(answer: Answer) -> bool:
    """Whether an answer holds all of it: the settings and the registration."""
    return {PATH, ADDRESS, BOOKS} <= {setting.path for setting in answer.settings} and [
        call.path for call in answer.commands
    ] == ["HttpFeedback/Register"]


def test_a_system_that_does_as_it_was_told_is_left_alone(told):
    told.post_status(told.slot())
    told.post_configuration()
    answer = told.beat()
    assert not answer.settings
    assert not answer.commands
    assert not Drift.objects.filter(ended_at=None, layer__in=("management", "feedback")).exists()


def test_who_calls_another_manager_and_cannot_be_reached_is_told_at_once(told):
    """No answer reaches it any more, and its feedback still says that it is alive."""
    told.post_configuration(**{ADDRESS: "tms.example.org"})
    (ticket,) = Ticket.objects.filter(kind=NOT_KEPT, state="open")
    assert "tms.example.org" in ticket.reason
    assert "on the device itself" in ticket.advice
    told.post_configuration()
    assert not Ticket.objects.filter(kind=NOT_KEPT, state="open").exists()


def test_who_can_be_reached_is_pushed_to_before_anybody_is_told(told):
    System.objects.update(connectivity="reachable_on_lan", username="admin")
    told.post_configuration(**{ADDRESS: "tms.example.org"})
    assert system().management_is_due
    assert not Ticket.objects.filter(kind=NOT_KEPT).exists()


def test_a_family_without_feedback_has_no_slot_that_could_be_gone(told):
    System.objects.update(family="mxp")
    told.post_status({})
    assert not Drift.objects.filter(layer="feedback").exists()
    assert not system().management_is_due


def test_a_status_read_before_it_was_told_and_kept_after_asks_for_nothing(told):
    """A poll can be slow: what it read says nothing of what was sent since (rule R13)."""
    told.post_status(broken_slots(told)["gone"])
    asked_at = told.manager.now
    status = told.device.status({"SystemUnit/Software/Version": told.device.version}).raw
    assert is_told_anew(told.beat())
    told.post_status(told.slot())
    told.post_configuration()
    told.beat()
    sent = system().management_rounds
    body = status[status.index(b"<Status") : status.index(b"</PostedDocument>")]
    told.manager.wait(seconds=1)
    keep([Fetched(system().pk, "status", body, asked_at)], now=told.manager.now)
    assert (system().management_is_due, system().management_rounds) == (False, sent)
    later = told.manager.now + timedelta(seconds=1)
    keep([Fetched(system().pk, "status", body, later)], now=later)
    assert system().management_is_due


def test_of_two_reports_after_one_sending_only_the_later_counts(told):
    told.post_status(broken_slots(told)["gone"])
    told.beat()
    sent_at = system().told_at
    assert sent_at == told.manager.now
    body = b"<Status><SystemUnit><Uptime>1</Uptime></SystemUnit></Status>"
    System.objects.update(management_is_due=False)
    StoredDocument.objects.all().delete()
    keep([Fetched(system().pk, "status", body, sent_at - timedelta(seconds=1))], now=told.manager.now)
    assert not system().management_is_due


def broken_slots(told: Told) -> dict[str, dict[str, str]]:
    return {
        "gone": {},
        "failed": told.slot(status="Failed"),
        "taken by another": told.slot("https://tms.example.org/tms/public/feedback/code.aspx"),
        "of a former server": told.slot(told.url.replace("10.0.0.5", "10.0.0.77")),
        "with an old secret": told.slot(told.url.rpartition("/")[0] + "/" + OLD),
        "with other expressions": told.slot(expressions=("/Status/Call",)),
        "with none": told.slot(expressions=()),
    }


@pytest.mark.parametrize(
    "what",
    [
        "gone",
        "failed",
        "taken by another",
        "of a former server",
        "with an old secret",
        "with other expressions",
        "with none",
    ],
)
def test_a_slot_that_is_not_as_it_was_told_is_registered_with_the_next_answer(told, what):
    told.post_status(broken_slots(told)[what])
    assert system().management_is_due
    assert is_told_anew(told.beat())
    told.post_status(told.slot())
    told.post_configuration()
    answer = told.beat()
    assert not answer.settings
    assert not answer.commands
    assert not Drift.objects.filter(ended_at=None).exclude(layer="system").exists()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (ADDRESS, "tms.example.org"),
        (ADDRESS, ""),
        (PATH, "tms/public/external/management/SystemManagementService.asmx"),
        (PATH, "tms/public/external/management/SystemManagementService.asmx/" + OLD),
        ("Provisioning/ExternalManager/Protocol", "HTTPS"),
        ("Provisioning/Mode", "VCS"),
        (BOOKS, "http://10.0.0.77/tms/public/external/phonebook/phonebookservice.asmx"),
        (BOOKS, "http://10.0.0.5:8080/tms/public/external/phonebook/phonebookservice.asmx/" + OLD),
        ("Phonebook/Server[1]/Type", "Off"),
    ],
)
def test_a_setting_that_is_not_as_it_was_told_is_handed_over_with_the_next_answer(told, path, value):
    told.post_configuration(**{path: value})
    assert system().management_is_due
    assert is_told_anew(told.beat())
    told.post_status(told.slot())
    told.post_configuration()
    assert not told.beat().settings


def test_a_configuration_told_by_feedback_is_judged_as_well(told):
    body = f"<Configuration><!--id--><Provisioning><ExternalManager><Path>{OLD}</Path></ExternalManager></Provisioning>"
    told.manager.post(told.device.feedback(body + "</Configuration>"))
    assert system().management_is_due
    assert is_told_anew(told.beat())


def test_both_secrets_of_a_rotation_are_ours(told):
    from roomkeeper.systems.admission import secrets

    new = secrets.text_of(secrets.rotate(system(), now=told.manager.now))
    swapped = {path: value.replace(told.device.secret, new) for path, value in told.settings.items()}
    told.post_configuration(**swapped)
    told.post_status(told.slot(told.url.replace(told.device.secret, new)))
    assert not system().management_is_due


def test_after_three_rounds_a_person_is_told_what_stands_there(told):
    for number in range(3):
        told.post_configuration(**{ADDRESS: "tms.example.org"})
        assert system().management_is_due
        assert is_told_anew(told.beat()), number
    told.post_configuration(**{ADDRESS: "tms.example.org"})
    assert not system().management_is_due
    ticket = Ticket.objects.get(kind=NOT_KEPT, state="open")
    assert "3 times" in ticket.reason
    assert "tms.example.org" in ticket.reason
    for _ in range(3):
        answer = told.beat()
        assert not answer.settings
        assert not answer.commands
        told.post_configuration(**{ADDRESS: "tms.example.org"})
        enforcement.enforce_due(now=told.manager.now)
    # Who enforces it begins anew; once it is in order, that is over.
    management.enforce(system(), user=None, now=told.manager.now)
    assert is_told_anew(told.beat())
    told.post_configuration()
    told.post_status(told.slot())
    told.post_configuration()
    assert not Ticket.objects.filter(kind=NOT_KEPT, state="open").exists()
    assert system().management_rounds == 0


def test_another_manager_that_writes_again_and_again_is_told_after_three_times_a_day(told):
    for number in range(4):
        told.post_configuration(**{ADDRESS: "tms.example.org"})
        assert system().management_is_due is (number < 3)
        if number < 3:
            assert is_told_anew(told.beat())
            told.post_status(told.slot())
            told.post_configuration()
            told.manager.wait(hours=2)
            told.post_configuration()
    assert "tms.example.org" in Ticket.objects.get(kind=NOT_KEPT, state="open").reason


def test_a_slot_that_is_lost_with_each_outage_is_registered_each_time(told):
    for _ in range(6):
        told.post_status({})
        assert is_told_anew(told.beat())
        told.post_status(told.slot())
        told.post_configuration()
        told.manager.wait(hours=1)
        told.post_status(told.slot())
    assert not Ticket.objects.filter(kind=NOT_KEPT).exists()


def test_what_a_person_ignores_is_left_alone(told):
    told.post_configuration(**{ADDRESS: "tms.example.org"})
    row = Drift.objects.get(layer="management", ended_at=None)
    System.objects.update(management_is_due=False)
    Drift.objects.filter(pk=row.pk).update(ignored_at=told.manager.now)
    told.post_configuration(**{ADDRESS: "tms.example.org"})
    assert not system().management_is_due


def test_no_secret_is_told_of(told):
    told.post_configuration(**{PATH: "tms/public/external/management/SystemManagementService.asmx/" + OLD})
    told.post_status(told.slot(told.url.rpartition("/")[0] + "/" + OLD))
    shown = [str(list(TimelineEntry.objects.values_list("summary", flat=True)))]
    shown.append(str(list(Drift.objects.values_list("wanted", "found"))))
    assert OLD not in str(shown)
    assert told.device.secret not in str(shown)


def test_a_new_address_of_ours_is_handed_over_and_takes_no_round(told):
    System.objects.update(connectivity="reachable_on_lan", connectivity_is_locked=True)
    network_settings.update({"internal_ipv4": "10.0.0.9"}, user=None, now=told.manager.now)
    told.post_configuration()
    assert system().management_rounds == 0
    answer = told.beat()
    assert {setting.path: setting.value for setting in answer.settings}[ADDRESS] == "10.0.0.9:8080"
    assert not Ticket.objects.filter(kind=NOT_KEPT).exists()


def test_the_first_answer_after_an_outage_registers_the_slot_anew(told):
    told.manager.wait(seconds=120)
    assert outages.note_resumed(now=told.manager.now)
    answer = told.beat()
    assert [call.path for call in answer.commands] == ["HttpFeedback/Register"]
    (register,) = answer.commands
    assert dict(register.arguments)["ServerUrl"] == told.url
    assert not answer.settings
    assert not told.beat().commands


def test_whoever_posts_feedback_after_an_outage_has_its_slot(told):
    told.manager.wait(seconds=120)
    assert outages.note_resumed(now=told.manager.now)
    told.manager.wait(seconds=1)
    told.manager.post(told.device.feedback("<Event><!--id--><BootEvent item='1'/></Event>"))
    assert not told.beat().commands


def test_a_short_stop_loses_no_slot(told):
    told.beat()
    told.manager.wait(seconds=5)
    assert not outages.note_resumed(now=told.manager.now)
    assert network_settings.get().posts_resumed_at is None
    assert not told.beat().commands
