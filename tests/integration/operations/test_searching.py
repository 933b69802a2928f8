"""One search for systems on pages and in the API; both databases fold and sort as Python does."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import add_system

from roomkeeper.operations.folding import NaturalKey, fold, natural_key
from roomkeeper.systems import inventory
from roomkeeper.systems.models import System


@pytest.fixture
def rooms(oslo, bergen):
    first = add_system("Hörsaal 12", oslo, 1, serial_number="FTT1830ABCD", notes="Beamer defekt")
    second = add_system("hörsaal 2", bergen, 2, serial_number="FTT1212EFGH", sip_uri="aula@uni.example")
    third = add_system("HÖRSAAL", bergen, 3, product="Cisco Room Kit", host="10.1.2.33")
    inventory.set_tags(third, ["Gericht"])
    return first, second, third


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("HÖRSAAL", ["HÖRSAAL", "hörsaal 2", "Hörsaal 12"]),
        ("horsaal", ["HÖRSAAL", "hörsaal 2", "Hörsaal 12"]),
        ("Hörsaal 2", ["hörsaal 2", "Hörsaal 12"]),
        ("12", ["Hörsaal 12"]),
        ("1212", ["hörsaal 2"]),
        ("ftt1830", ["Hörsaal 12"]),
        ("bergen", ["HÖRSAAL", "hörsaal 2"]),
        ("aula@uni", ["hörsaal 2"]),
        ("gericht", ["HÖRSAAL"]),
        ("defekt", ["Hörsaal 12"]),
        ("room kit", ["HÖRSAAL"]),
        ("10.1.2", ["HÖRSAAL"]),
        ("0011:2233:0002", ["hörsaal 2"]),
        ("horsaal bergen", ["HÖRSAAL", "hörsaal 2"]),
        ("nowhere", []),
    ],
)
def test_same_rows_in_the_same_order_on_the_page_and_in_the_api(
    rooms, administrator, signed_in, as_user, words, names
):
    told = as_user(administrator).get(f"systems?search={words}")["items"]
    assert [one["name"] for one in told] == names
    page = signed_in(administrator).get("/systems/", {"q": words}).content.decode()
    shown = page.split("<tbody")[1] if "<tbody" in page else ""
    places = [shown.find(f">{name}<") for name in names]
    assert -1 not in places
    assert places == sorted(places)


def test_a_search_goes_on_by_its_cursor(rooms, administrator, as_user):
    call = as_user(administrator)
    page = call.get("systems?search=horsaal&limit=1")
    found = [page["items"][0]["name"]]
    while page["next"]:
        page = call.get(f"systems?search=horsaal&limit=1&cursor={page['next']}")
        found.append(page["items"][0]["name"])
    assert found == ["HÖRSAAL", "hörsaal 2", "Hörsaal 12"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.text(alphabet="aÄöüßæØŁ 019éñÇ-ſIİıß", max_size=30))
def test_the_database_folds_and_sorts_as_python_does(text, boardroom):
    System.objects.filter(pk=boardroom.pk).update(name=text)
    found = System.objects.annotate(key=NaturalKey("name")).get(pk=boardroom.pk)
    assert found.key == natural_key(text)
    assert System.objects.filter(name__folded=fold(text)).exists()
