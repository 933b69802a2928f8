"""A column, a filter, an act are declared once: page, REST, command line, audit trail and documentation follow."""

import warnings
from types import ModuleType
from typing import Any, Final

import pytest
from django.db.models import Q
from django.test import Client
from django.urls import path
from scripts import generate_commands, generate_operations
from tests.integration.api.conftest import Caller
from tests.integration.web.conftest import text_of

from roomkeeper import urls
from roomkeeper.accounts.models import AuditEntry, User
from roomkeeper.accounts.permissions import Permission
from roomkeeper.api import problems
from roomkeeper.api.application import RoomkeeperApi
from roomkeeper.api.derived import routes_of
from roomkeeper.cli.remote.derived import app_of
from roomkeeper.operations.acts import Act, Input
from roomkeeper.operations.fields import Field
from roomkeeper.operations.subjects import Subject
from roomkeeper.systems.models import Tag
from roomkeeper.web.derived import pages_of


def stretch(tag: Tag, *, user: Any, now: Any, times: int) -> Tag:
    """The service behind the act."""
    if len(tag.name) * times > 20:
        raise ValueError("It would be too long.")
    tag.name *= times
    tag.save()
    return tag


PLAIN: Final = (Field(name="id", type=int), Field(name="name", type=str, heading="Name"))
COLUMN: Final = Field(
    name="letters",
    type=int,
    meaning="How many it has.",
    read=lambda row: len(row.name),
    sort="",
    heading="Letters",
    cell="amount",
)
FILTER: Final = Field(
    name="initial",
    type=str,
    meaning="Its first letter.",
    at="name",
    filter="own",
    narrow=lambda value, grants, now: Q(name__startswith=value),
    choices=(("c", "with c"), ("d", "with d")),
    is_told=False,
    in_csv=False,
)
ACT: Final = Act(
    name="stretch",
    needs=Permission.MANAGE_SYSTEMS,
    run=stretch,
    summary="Say it more than once.",
    takes=(Input(name="times", type=int, least=2, most=3, label="How often"),),
    for_many=True,
    title="Stretch {row}?",
    button="Stretch",
    done="{row} was stretched.",
)
SCRATCH: Final = Subject(
    noun="scratch",
    plural="scratches",
    model=Tag,
    seen_by=lambda grants: Q(),
    place=lambda row: "/",
    order="name",
    fields=(*PLAIN, COLUMN, FILTER),
    acts=(ACT,),
)


@pytest.fixture(scope="module")
def addresses() -> ModuleType:
    """All there is, and what is derived of the scratch subject."""
    api = RoomkeeperApi(title="Scratch", urls_namespace="scratch", docs_url=None, openapi_url=None)
    problems.add_handlers(api)
    api.add_router("/scratches", routes_of(SCRATCH))
    found = ModuleType("scratch_urls")
    found.urlpatterns = [path("api/v1/", api.urls), *pages_of(SCRATCH), *urls.urlpatterns]  # type: ignore[attr-defined]
    return found


@pytest.fixture(autouse=True)
def _scratch(addresses: ModuleType, settings: Any, db: None) -> None:
    settings.ROOT_URLCONF = addresses
    Tag.objects.bulk_create([Tag(name="court"), Tag(name="dome")])


@pytest.fixture
def client(administrator: User, signed_in: Any) -> Client:
    """The administrator's browser."""
    found: Client = signed_in(administrator)
    return found


@pytest.fixture
def call(administrator: User) -> Caller:
    """The administrator's caller."""
    return Caller(administrator)


def test_a_column_is_on_the_page_in_rest_csv_command_line_and_documentation(
    client: Client, call: Caller
) -> None:
    page = text_of(client.get("/scratches/"))
    assert '<th class="amount">Letters' in page
    assert '<td class="amount">5' in page
    assert call.get("scratches")["items"][0]["letters"] == 5
    with warnings.catch_warnings():
        # The test client reads an asynchronous stream synchronously, and is told so.
        warnings.simplefilter("ignore")
        csv = b"".join(call("GET", "scratches", headers={"Accept": "text/csv"})).decode()  # type: ignore[arg-type]
    assert "letters" in csv.splitlines()[0]
    assert "letters" in generate_commands.told(SCRATCH)["columns"]
    assert "| `letters` | How many it has |" in generate_operations.section(SCRATCH)


def test_a_filter_narrows_on_the_page_and_in_rest_and_is_documented(client: Client, call: Caller) -> None:
    page = client.get("/scratches/?initial=d")
    assert [row.name for row, *_ in page.context["rows"]] == ["dome"]
    assert '<option value="d" selected>with d' in text_of(page)
    assert [one["name"] for one in call.get("scratches?initial=c")["items"]] == ["court"]
    assert "Filters: `initial`." in generate_operations.section(SCRATCH)


def test_an_act_is_asked_and_done_by_every_road_for_one_and_many(
    client: Client, call: Caller, viewer: User, signed_in: Any
) -> None:
    court, dome = Tag.objects.order_by("name")
    assert "Stretch…" in text_of(client.get("/scratches/"))
    asked = text_of(client.get(f"/scratches/{court.pk}/stretch/"))
    assert "Stretch court?" in asked
    assert 'name="times"' in asked
    assert "court was stretched." not in text_of(
        client.post(f"/scratches/{court.pk}/stretch/", {"times": "9"})
    )
    there = client.post(f"/scratches/{court.pk}/stretch/", {"times": "2"}, follow=True)
    assert "courtcourt was stretched." in text_of(there)
    assert call("POST", f"scratches/{court.pk}/stretch", {"times": 3}).status_code == 409
    assert call("POST", f"scratches/{court.pk}/stretch", {"times": 4}).status_code == 422
    many = call("POST", "scratches/stretch", {"scratches": [court.pk, dome.pk], "times": 2}).json()
    assert [one["status"] for one in many["items"]] == [200, 200]
    assert signed_in(viewer).post(f"/scratches/{dome.pk}/stretch/", {"times": "2"}).status_code == 403
    noted = AuditEntry.objects.filter(act="stretch scratch")
    assert sorted((one.road, one.object_id, one.details["times"]) for one in noted) == [
        ("api", court.pk, 2),
        ("api", dome.pk, 2),
        ("page", court.pk, 2),
    ]
    assert "| stretch scratch |" in generate_operations.section(SCRATCH)


def test_the_command_line_lists_shows_and_does_it() -> None:
    app, _ = app_of(generate_commands.told(SCRATCH))
    assert [one.name for one in app.registered_commands] == ["list", "show", "stretch"]
    (command,) = [one for one in app.registered_commands if one.name == "stretch"]
    assert command.callback is not None
    assert command.callback.__doc__ == ACT.summary
    assert "times" in command.callback.__signature__.parameters  # type: ignore[attr-defined]


def test_nothing_of_it_is_there_where_it_is_not_declared() -> None:
    """What the tests above find comes from the declaration and from nowhere else."""
    plain = Subject(
        noun="scratch",
        plural="scratches",
        model=Tag,
        seen_by=lambda grants: Q(),
        place=lambda row: "/",
        order="name",
        fields=PLAIN,
    )
    told, section = generate_commands.told(plain), generate_operations.section(plain)
    assert (told["columns"], told["acts"]) == (["id", "name"], [])
    assert "letters" not in section
    assert "initial" not in section
    assert "stretch" not in section
