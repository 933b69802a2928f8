"""Looking beforehand, and what is refused before a job is made: nothing is sent, nothing is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from tests.cast import add_system
from tests.integration.adding.conftest import GOOD, NOW

from roomkeeper.accounts.models import User
from roomkeeper.adding import service
from roomkeeper.adding.csv_targets import parse_csv
from roomkeeper.adding.service import AddingRefused, AddRequest
from roomkeeper.adding.targets import parse_targets
from roomkeeper.devices.login import Login
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job
from roomkeeper.systems import network_settings
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Connectivity, Contact, Credential, Folder, State, System

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(root_folder: Folder):
    """A request for what is typed."""

    def make(text: str = "10.1.2.0/24", **values: Any) -> AddRequest:
        return AddRequest(
            **{"targets": parse_targets(text), "folder": root_folder, "logins": (GOOD,), **values}
        )

    return make


@pytest.fixture
def community() -> Credential:
    return credential_list.add(
        name="Usual", kind=Credential.Kind.COMMUNITY, values={"community": "public"}, now=NOW
    )


def test_range_is_told_with_its_count_and_what_goes_where(asked, administrator: User, community) -> None:
    found = service.preview(asked(), user=administrator)
    assert (found.count, found.first, found.last) == (254, "10.1.2.1", "10.1.2.254")
    assert found.needs_confirmation
    assert (found.logins, found.snmp_logins) == (("admin",), ("Usual",))
    warnings = " ".join(found.warnings)
    assert "SNMP communities are sent to 254 addresses" in warnings
    assert "at most two an hour" in warnings
    assert not Job.objects.exists()


def test_systems_that_are_here_are_told_by_host_and_by_where_they_post_from(
    asked, administrator: User, oslo: Folder
) -> None:
    add_system("Boardroom", oslo, 1, host="10.1.2.3")
    posting = add_system("Lobby", oslo, 2, host="", connectivity=Connectivity.REACHABLE_ON_LAN)
    behind = add_system("Home", oslo, 3, host="", connectivity=Connectivity.BEHIND_FIREWALL)
    waiting = add_system("", oslo, 4, host="10.1.2.9", state=State.PENDING)
    Contact.objects.filter(system=posting).update(source_address="10.1.2.7")
    Contact.objects.filter(system=behind).update(source_address="10.1.2.8")
    found = service.preview(asked(), user=administrator)
    assert [(str(target), system.name) for target, system in found.known] == [
        ("10.1.2.3", "Boardroom"),
        ("10.1.2.7", "Lobby"),
    ]
    assert waiting.pk not in {system.pk for _, system in found.known}


def test_systems_in_folders_of_others_are_not_told(
    asked, site_administrator: User, oslo: Folder, bergen: Folder
) -> None:
    add_system("Boardroom", bergen, 1, host="10.1.2.3")
    assert service.preview(asked(folder=oslo), user=site_administrator).known == ()


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"targets": parse_targets("nobody!")}, "addresses", "at least one address to add"),
        ({"name": "Boardroom"}, "name", "one system only"),
        ({"targets": parse_targets("10.1.2.3"), "name": "x" * 51}, "name", "at most 50"),
        ({"connectivity": Connectivity.BEHIND_FIREWALL}, "connectivity", "reachable on LAN or"),
        ({"trust": "everybody"}, "trust", "Trust must be one of"),
        ({"trust": "authority"}, "trust", "contain no authority"),
        ({"logins": (Login("a:b", "x"),)}, "username", "colon"),
        ({"logins": (Login("", "x"),)}, "username", "user name"),
        ({"credential_ids": (99,)}, "credentials", "no saved login 99"),
        ({"snmp_ids": (99,)}, "snmp_credentials", "no saved SNMP login 99"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_field(
    asked, administrator: User, values: dict[str, Any], field: str, words: str
) -> None:
    for act in (service.preview, lambda request, user: service.start(request, user=user, now=NOW)):
        with pytest.raises(AddingRefused, match=words) as refused:
            act(asked(**{"confirmed_count": 254, **values}), user=administrator)
        assert refused.value.field == field
    assert not Job.objects.exists()


@pytest.mark.parametrize("count", [None, 0, 253, 255])
def test_range_with_logins_needs_its_very_count(asked, administrator: User, count: int | None) -> None:
    with pytest.raises(AddingRefused, match="254 addresses") as refused:
        service.start(asked(confirmed_count=count), user=administrator, now=NOW)
    assert refused.value.field == "confirmed_count"
    assert service.start(asked(confirmed_count=254), user=administrator, now=NOW).items.count() == 254


def test_range_without_logins_and_a_list_with_one_need_none(asked, administrator: User, community) -> None:
    without = service.preview(asked(logins=()), user=administrator)
    assert not without.needs_confirmation
    assert "are found but not added" in " ".join(without.warnings)
    service.start(asked(logins=()), user=administrator, now=NOW)
    service.start(asked("10.1.2.3 10.1.2.4"), user=administrator, now=NOW)
    assert Job.objects.count() == 2


def test_nobody_adds_to_a_folder_of_others(
    asked, site_administrator: User, operator: User, oslo: Folder, bergen: Folder
) -> None:
    for user, folder in ((site_administrator, bergen), (operator, oslo)):
        with pytest.raises(PermissionDenied):
            service.preview(asked(folder=folder), user=user)
        with pytest.raises(PermissionDenied):
            service.start(asked(folder=folder, confirmed_count=254), user=user, now=NOW)
    service.start(asked(folder=oslo, confirmed_count=254), user=site_administrator, now=NOW)


def test_folders_of_rows_are_found_by_id_name_and_path(
    asked, administrator: User, site_administrator: User, oslo: Folder, bergen: Folder
) -> None:
    rows = parse_csv(
        f"host,folder\n10.1.2.3,{oslo.pk}\n10.1.2.4,OSLO\n10.1.2.5,All systems / Bergen\n10.1.2.6,\n"
    )
    request = replace(asked(), targets=rows)
    job = service.start(request, user=administrator, now=NOW)
    folders = [item.parameters["folder"] for item in job.items.order_by("id")]
    assert folders == [oslo.pk, oslo.pk, bergen.pk, request.folder.pk]
    assert job.folder_path == "/"
    found = service.preview(replace(request, folder=oslo), user=site_administrator)
    assert found.count == 3
    assert found.problems == ("Line 4: you cannot admit systems to a folder 'All systems / Bergen'.",)
    own = service.start(replace(request, folder=oslo), user=site_administrator, now=NOW)
    assert own.folder_path == oslo.path


def test_warnings_of_what_is_risky(asked, administrator: User) -> None:
    network_settings.update({"secure_only": False}, user=None, now=NOW)
    request = asked("10.1.2.3", password_may_use_http=True, trust="off", is_legacy_tls=True)
    warnings = " ".join(service.preview(request, user=administrator).warnings)
    for words in ("in clear text", "not checked at all", "Legacy TLS"):
        assert words in warnings


def test_title_and_secrets_of_the_job(asked, administrator: User) -> None:
    one = service.start(asked("10.1.2.3:8443"), user=administrator, now=NOW)
    assert one.title == "Add 10.1.2.3:8443"
    many = service.start(asked(confirmed_count=254), user=administrator, now=NOW)
    assert many.title == "Add systems at 254 addresses, 10.1.2.1 to 10.1.2.254"
    assert work.secrets_of(many)["logins"] == [["admin", "roomkeeper"]]
    assert "roomkeeper" not in repr(many.parameters)
    assert not System.objects.exists()
