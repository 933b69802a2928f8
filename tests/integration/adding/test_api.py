"""Adding by REST: what is waited for, what is told, how many at once, and the list of credentials."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.integration.adding.conftest import CLOSED
from tests.integration.adding.site import PASSWORD, Site
from tests.integration.api.conftest import Caller

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.devices.login import Login
from roomkeeper.jobs import work
from roomkeeper.jobs.models import Job, JobItem
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Credential, State, System
from roomkeeper.virtual.endpoint import VirtualEndpoint

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call(administrator: User) -> Caller:
    return Caller(administrator)


def body_of(endpoint: VirtualEndpoint, **values: Any) -> dict[str, Any]:
    return {
        "host": endpoint.plan.identity.address,
        "https_port": endpoint.https_port,
        "username": "admin",
        "password": PASSWORD,
        **values,
    }


def test_system_is_added_by_its_host_while_the_caller_waits(site: Site, call: Caller) -> None:
    answer = call("POST", "systems", body_of(site.endpoint(), tags=["new"]))
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["name"], told["state"], told["warnings"]) == ("Room 1", "managed", [])
    assert (told["tags"], told["connectivity"]) == (["new"], "reachable_on_lan")
    assert answer["Location"] == f"/api/v1/systems/{told['id']}"
    assert AuditEntry.objects.filter(act="add systems").count() == 1
    assert PASSWORD not in answer.content.decode()


def test_warnings_stand_beside_the_system(site: Site, call: Caller) -> None:
    answer = call("POST", "systems", body_of(site.endpoint(faults=(("no_admin_rights", "on"),))))
    assert answer.status_code == 201, answer.content
    (warning,) = answer.json()["warnings"]
    assert "No management settings were written" in warning["sentence"]
    assert "role Admin" in warning["advice"]


def test_one_that_is_here_is_409_and_one_that_fails_422_with_the_devices_trouble(
    site: Site, call: Caller
) -> None:
    endpoint = site.endpoint()
    first = call("POST", "systems", body_of(endpoint)).json()
    again = call("POST", "systems", body_of(endpoint))
    assert again.status_code == 409
    assert again.json()["type"] == "urn:roomkeeper:problem:already-here"
    assert str(first["id"]) in again.json()["hint"]
    wrong = call("POST", "systems", body_of(site.endpoint(2), password="wrong"))
    assert wrong.status_code == 422
    assert "refused the login" in wrong.json()["detail"]
    assert wrong.json()["hint"].startswith("Check the credentials")
    nobody = call("POST", "systems", {"host": "127.1.82.200", "https_port": CLOSED})
    assert nobody.status_code == 422
    assert "refused the connection" in nobody.json()["detail"]


def test_device_must_have_the_identity_that_was_given_with_its_host(site: Site, call: Caller) -> None:
    endpoint = site.endpoint()
    other = call("POST", "systems", body_of(endpoint, serial_number="FTT99999999"))
    assert other.status_code == 422
    assert "serial number other than" in other.json()["detail"]
    assert call("POST", "systems", body_of(endpoint, mac_address="00-11-22-33-00-01")).status_code == 201
    assert call("POST", "systems", body_of(endpoint, mac_address="no mac")).status_code == 422


def test_whoever_does_not_wait_is_told_of_the_job(call: Caller) -> None:
    body = {"host": "127.1.82.1", "username": "admin", "password": PASSWORD}
    answer = call("POST", "systems", body, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    job = Job.objects.get()
    assert answer["Location"] == f"/api/v1/jobs/{job.pk}"
    assert answer.json()["state"] == "queued"
    short = call("POST", "systems", body, headers={"Prefer": "wait=0"})
    assert short.status_code == 202


def test_same_key_adds_once(call: Caller) -> None:
    body = {"host": "127.1.82.1"}
    headers = {"Prefer": "respond-async", "Idempotency-Key": "k1"}
    first, second = (call("POST", "systems", body, headers=headers) for _ in range(2))
    assert first.status_code == second.status_code == 202
    assert first["Location"] == second["Location"]
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("10.1.2.0/24", "a network"),
        ("224.0.0.1", "multicast"),
        ("no!host", "not a host name"),
        ("codec.example.org:8443", "8443 as its HTTP or HTTPS port"),
        ("10.0.0.256", "from 0 to 255"),
        ("https://10.1.2.3/", "a web address"),
    ],
)
def test_host_that_is_none_is_refused_at_once(call: Caller, host: str, words: str) -> None:
    answer = call("POST", "systems", {"host": host})
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert answer.json()["errors"][0]["field"] == "body.host"
    assert not Job.objects.exists()


def test_many_with_hosts_become_one_job_and_answer_per_item(site: Site, call: Caller) -> None:
    endpoints = [site.endpoint(1), site.endpoint(2, password="of its own")]
    answer = call(
        "POST",
        "systems/bulk",
        {
            "systems": [
                body_of(endpoints[0], name="Boardroom"),
                {"serial_number": "FTT77777777"},
                body_of(endpoints[1], password="of its own", tags=["home"]),
                {"host": "300.1.1.1"},
            ]
        },
    )
    assert answer.status_code == 200, answer.content
    items = answer.json()["items"]
    assert [item["status"] for item in items] == [202, 201, 202, 422]
    (job_id,) = {item["job"] for item in items if item["job"]}
    wait_for(call, job_id)
    names = set(System.objects.filter(state=State.MANAGED).values_list("name", flat=True))
    assert names == {"Boardroom", "Room 2"}
    assert {item.state for item in JobItem.objects.filter(job_id=job_id)} == {"done"}


def wait_for(call: Caller, job_id: int) -> dict[str, Any]:
    work.wait_for(job_id, timedelta(seconds=30))
    return dict(call.get(f"jobs/{job_id}"))


def test_scan_is_looked_at_beforehand_and_confirmed_with_its_count(
    site: Site, call: Caller, boardroom: System
) -> None:
    System.objects.filter(pk=boardroom.pk).update(host="127.1.82.3")
    endpoint = site.endpoint(2, https_port=21444, http_port=21081)
    body = {
        "addresses": "127.1.82.1-127.1.82.4, 224.0.0.9",
        "logins": [{"username": "admin", "password": PASSWORD}],
        "https_port": endpoint.https_port,
        "http_port": endpoint.http_port,
    }
    answer = call("POST", "systems/scan", {**body, "dry_run": True})
    assert answer.status_code == 200, answer.content
    preview = answer.json()
    assert (preview["count"], preview["first"], preview["last"]) == (4, "127.1.82.1", "127.1.82.4")
    assert preview["needs_confirmation"]
    assert preview["logins"] == ["admin"]
    assert preview["known"] == [{"address": "127.1.82.3", "system": boardroom.pk, "name": "Boardroom"}]
    assert "multicast" in preview["problems"][0]
    assert not Job.objects.exists()
    unconfirmed = call("POST", "systems/scan", body)
    assert unconfirmed.status_code == 422
    assert unconfirmed.json()["errors"][0]["field"] == "body.confirmed_count"
    started = call("POST", "systems/scan", {**body, "confirmed_count": 4})
    assert started.status_code == 202
    told = wait_for(call, started.json()["id"])
    assert (told["state"], told["counts"]["done"], told["counts"]["skipped"]) == ("done", 1, 3)


def test_too_many_addresses_are_refused_with_their_number(call: Caller) -> None:
    answer = call("POST", "systems/scan", {"addresses": "10.0.0.0/8", "dry_run": True})
    assert answer.status_code == 422
    assert "16,777,214 addresses" in answer.json()["detail"]


def test_saved_logins_are_for_administrators_of_everything(
    call: Caller, site_administrator: User, oslo: Any
) -> None:
    made = call(
        "POST",
        "credentials",
        {"name": "AV team", "kind": "login", "username": "admin", "password": "hunter2-saved"},
    )
    assert made.status_code == 201
    body = {"addresses": "127.1.82.1", "credentials": [made.json()["id"]], "folder": oslo.pk, "dry_run": True}
    assert call("POST", "systems/scan", body).json()["logins"] == ["admin (AV team)"]
    refused = Caller(site_administrator)("POST", "systems/scan", body)
    assert refused.status_code == 422
    assert "administrators of all systems" in refused.json()["detail"]


# The list of credentials


def test_credentials_are_written_and_never_read_back(call: Caller) -> None:
    made = call(
        "POST",
        "credentials",
        {
            "name": "Monitoring",
            "kind": "snmp_user",
            "username": "watcher",
            "auth_protocol": "SHA-256",
            "auth_password": "hunter2-authenticate",
            "privacy_protocol": "AES",
            "privacy_password": "hunter2-privacy",
        },
    )
    assert made.status_code == 201, made.content
    told = made.json()
    assert {name: told[name] for name in ("name", "kind", "username")} == {
        "name": "Monitoring",
        "kind": "snmp_user",
        "username": "watcher",
    }
    changed = call("PATCH", f"credentials/{told['id']}", {"auth_password": "hunter2-another"})
    assert changed.status_code == 200
    row = Credential.objects.get()
    login = credential_list.snmp_login_of(row)
    assert (login.authentication_password, login.privacy_password) == (  # type: ignore[union-attr]
        "hunter2-another",
        "hunter2-privacy",
    )
    everything = b"".join(
        [
            made.content,
            changed.content,
            call("GET", "credentials").content,
            call("GET", f"credentials/{told['id']}").content,
            call("GET", "network-settings").content,
            call("GET", "audit").content,
            bytes(row.ciphertext),
        ]
    )
    assert b"hunter2" not in everything
    assert call("DELETE", f"credentials/{told['id']}").status_code == 204
    assert not Credential.objects.exists()
    acts = list(AuditEntry.objects.order_by("id").values_list("act", flat=True))
    assert acts == ["create credential", "change credential", "delete credential"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "kind": "login"}, "body.username"),
        ({"name": "x", "kind": "login", "username": "a:b"}, "body.username"),
        ({"name": "x", "kind": "login", "username": "a", "community": "c"}, "body.community"),
        ({"name": "taken", "kind": "login", "username": "a"}, "body.name"),
        ({"name": "x", "kind": "community", "community": ""}, None),
        ({"name": "x", "kind": "snmp_user", "username": "a", "auth_protocol": "ROT13"}, None),
    ],
)
def test_credential_that_cannot_be_is_refused_by_field(call: Caller, body: Any, field: str | None) -> None:
    assert call("POST", "credentials", {"name": "taken", "kind": "login", "username": "a"}).status_code == 201
    answer = call("POST", "credentials", body)
    assert answer.status_code == 422, answer.content
    assert [error["field"] for error in answer.json()["errors"]] == ([field] if field else [])
    assert Credential.objects.count() == 1


def test_network_settings_replace_the_lists_and_show_only_counts_and_names(call: Caller) -> None:
    patch = {
        "snmp_communities": ["hunter2-a", "hunter2-b"],
        "credentials": [{"username": "admin", "password": "hunter2-c"}, {"username": "av", "password": ""}],
    }
    answer = call("PATCH", "network-settings", patch)
    assert answer.status_code == 200, answer.content
    assert answer.json()["saved_credentials"] == {
        "logins": ["admin", "av"],
        "snmp_communities": 2,
        "snmp_users": [],
    }
    assert b"hunter2" not in answer.content + call("GET", "audit").content
    logins = [credential_list.login_of(row) for row in credential_list.entries(Credential.Kind.LOGIN)]
    assert logins == [Login("admin", "hunter2-c"), Login("av", "")]
    refused = call("PATCH", "network-settings", {"snmp_communities": ["ok", ""], "device_http_port": 8081})
    assert refused.status_code == 422
    # All or nothing.
    assert credential_list.snmp_login_of(credential_list.entries("community")[0]).community == "hunter2-a"  # type: ignore[union-attr]
    assert call.get("network-settings")["device_http_port"] == CLOSED
    call("PATCH", "network-settings", {"snmp_communities": []})
    assert call.get("network-settings")["saved_credentials"]["snmp_communities"] == 0
