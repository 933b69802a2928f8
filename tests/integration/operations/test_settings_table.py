"""One row in the table of Network settings is all that another setting needs: check, page, API, command line, docs."""

import json
from typing import Any

import pytest
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from ninja import Schema
from pydantic import create_model
from tests.integration.api.conftest import Caller, CallerOf
from tests.integration.web.conftest import SignedIn
from tests.loopback import NETWORKS

from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.systems import network_settings
from roomkeeper.systems.models import NetworkSettings, Portion
from roomkeeper.systems.models.setting_kinds import (
    Section,
    Setting,
    grouped,
    sections_of,
    settings_of,
    text,
    whole,
)
from roomkeeper.systems.network_settings import telling

FIRE = Section("Fire drill", "What is done when it rings.")


class Scratch(models.Model):
    """A table of two settings."""

    fire_minutes = whole(
        5, 1, 60, section=FIRE, label="Minutes", hint="Until all are out.", at="fire.minutes"
    )
    fire_words = text(str, 10, section=FIRE, label="Words", at="fire.words")

    class Meta:
        abstract = True
        app_label = "systems"


TABLE = {one.key: one for one in settings_of(Scratch)}


@pytest.fixture(autouse=True)
def _as_installed(db: None) -> None:
    """Each setting as it is after an installation; elsewhere tests may contact loopback."""
    network_settings.get()
    NetworkSettings.objects.update(contactable_networks=[])


@pytest.fixture
def call(administrator: User, as_user: CallerOf) -> Caller:
    """The administrator's caller."""
    return as_user(administrator)


def test_a_row_of_a_scratch_table_is_known_to_all_that_is_derived() -> None:
    from scripts import generate_network_settings as page

    minutes = TABLE["fire_minutes"]
    assert (minutes.at, minutes.start, minutes.least, minutes.most) == ("fire.minutes", 5, 1, 60)
    assert network_settings.check({"fire_minutes": 7, "fire_words": " out "}, TABLE) == (
        {"fire_minutes": 7, "fire_words": "out"},
        {},
    )
    cleaned, errors = network_settings.check({"fire_minutes": 0, "fire_words": "x" * 11, "smoke": 1}, TABLE)
    assert cleaned == {}
    assert errors == {
        "fire_minutes": "must be a whole number from 1 to 60.",
        "fire_words": "may have at most 10 characters.",
        "smoke": "is not a network setting.",
    }
    assert sections_of(TABLE.values()) == [(FIRE, list(TABLE.values()))]
    assert grouped(TABLE.values()) == {"fire": {"minutes": minutes, "words": TABLE["fire_words"]}}
    assert page.row(minutes) == "| `fire.minutes` | `5` | 1 to 60 | Minutes. Until all are out |"
    parts = telling.parts_of(grouped(TABLE.values()), is_patch=True)
    patch = create_model("ScratchPatch", __base__=Schema, **parts)
    assert patch(fire={"minutes": 9}).dict(exclude_unset=True) == {"fire": {"minutes": 9}}
    told = json.dumps(patch.json_schema())
    assert '"maximum": 60' in told
    assert "Until all are out." in told


def test_migrations_see_plain_columns() -> None:
    column: Any = NetworkSettings._meta.get_field("heartbeat_idle")
    assert column.deconstruct() == (
        "heartbeat_idle",
        "django.db.models.PositiveIntegerField",
        [],
        {"default": 900},
    )


def nested(one: Setting, value: Any) -> dict[str, Any]:
    """The value as the API nests it."""
    for word in reversed(one.at.split(".")):
        value = {word: value}
    found: dict[str, Any] = value
    return found


@pytest.mark.parametrize("key", network_settings.TABLE)
def test_every_row_is_shown_and_refused_at_its_place_in_the_api(key: str, call: Caller) -> None:
    one = network_settings.TABLE[key]
    told = call.get("network-settings")
    for part in one.at.split("."):
        told = told if one.is_secret else told[part]
    if not one.is_secret:
        assert told == one.start
    wrong: Any = {"switch": "perhaps", "number": 10**9, "lines": "x", "pem": "x"}.get(one.form, "x\n" * 200)
    if one.form == "text" and one.api_type is str and key == "maintenance_window":
        wrong = "sometimes"
    answer = call("PATCH", "network-settings", nested(one, wrong))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [f"body.{one.at}"]


def test_page_and_api_leave_the_same_in_the_audit_trail(
    call: Caller, administrator: User, signed_in: SignedIn
) -> None:
    call(
        "PATCH",
        "network-settings",
        {"heartbeat": {"idle": 600, "waiting": 30}, "snmp": {"community": "quiet"}},
    )
    by_api = AuditEntry.objects.latest("pk")
    NetworkSettings.objects.all().delete()
    form = {key: one.start for key, one in network_settings.TABLE.items() if one.form in ("text", "number")}
    form |= {key: "1" for key, one in network_settings.TABLE.items() if one.form == "switch" and one.start}
    # As the tests' own server has it.
    form["contactable_networks"] = "\n".join(NETWORKS)
    typed = {key: "" if value is None else value for key, value in form.items()}
    signed_in(administrator).post(
        "/network-settings/", {**typed, "heartbeat_idle": "600", "snmp_community": "quiet"}
    )
    by_page = AuditEntry.objects.latest("pk")
    assert (by_api.road, by_page.road) == ("api", "page")
    for one in (by_api, by_page):
        assert (one.act, one.source_address) == ("change network settings", "127.0.0.1")
        assert one.details == {
            "changed": ["heartbeat_idle", "snmp_community"],
            "heartbeat_idle": 600,
            "snmp_community": "***",
        }


def test_what_was_under_way_goes_on_after_the_migration(transactional_db: None) -> None:
    """Portions had columns of the row of settings."""
    before, after = [("systems", "0015_no_alternate_address")], [("systems", "0016_portions")]
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    try:
        executor.migrate(before)
        old = executor.loader.project_state(before).apps.get_model("systems", "NetworkSettings")
        old.objects.all().delete()
        old.objects.create(pk=1, marked_up_to=41, compared_up_to=None)
        executor = MigrationExecutor(connection)
        executor.migrate(after)
        assert list(Portion.objects.values_list("name", "up_to")) == [("marked", 41)]
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(latest)
        Portion.objects.all().delete()
        NetworkSettings.objects.all().delete()


def test_command_line_knows_every_row() -> None:
    from importlib.resources import files

    told = json.loads(files("roomkeeper.cli.remote").joinpath("network_settings.json").read_text("utf-8"))
    assert [(one["name"], one["form"]) for one in told] == [
        (one.at, one.form) for one in network_settings.TABLE.values()
    ]
