"""Families are data: manifests are checked to the last key, and a new family needs a folder and nothing else."""

from pathlib import Path

import pytest
from scripts.generate_families import FAMILIES_PAGE, families_page

from roomkeeper.devices import driver, registry
from roomkeeper.devices.manifest import CAPABILITIES, Level, load_manifest
from roomkeeper.devices.registry import FAMILIES, get_family, load_families, recognise
from roomkeeper.devices.table import ManifestError

GOOD = """
title = "Espresso machines"
about = "They make coffee."
level = "monitored"
[[matches]]
weight = 90
product_words = "espresso"
software_version = '^beans'
[[transports]]
name = "http"
port = 80
secure_only = false
[[settings]]
path = "Provisioning/ExternalManager/Protocol"
value = "{protocol}"
secure_only_value = "HTTPS"
why = "so that it calls"
[feedback]
slot = 2
expressions = ["/Status/Coffee"]
[[requirements]]
service = "HTTP"
protocol = "TCP"
port = 80
direction = "inbound"
purpose = "beans"
only_when = ["reachable", "secure_only_off"]
[behind_firewall]
is_supported = false
changes = "Nothing."
[secure_only]
is_supported = true
changes = "Nothing."
[[limits]]
name = "water"
blocks = ["restart"]
text = "Fill it up."
[[capabilities]]
name = "identify"
level = "identified"
"""


def write(folder: Path, text: str = GOOD, name: str = "espresso") -> Path:
    path = folder / name / "manifest.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_the_families_of_the_design_are_there() -> None:
    assert set(load_families()) == {
        "roomos",
        "room_navigator",
        "mxp",
        "expressway",
        "codian_mcu",
        "unmanaged",
    }


def test_no_family_claims_to_be_proven_on_hardware() -> None:
    assert all(family.level is not Level.PROVEN_ON_HARDWARE for family in load_families().values())


def test_only_the_family_with_a_known_wire_is_more_than_identified() -> None:
    more = {name for name, family in load_families().items() if family.level is not Level.IDENTIFIED}
    assert more == {"roomos", "room_navigator"}
    assert {one.name for one in get_family("roomos").capabilities} == set(CAPABILITIES)


def test_a_new_family_needs_a_folder_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path)
    search_path = (FAMILIES, tmp_path)
    found = recognise(product_id="Espresso 9", software_version="beans 1.0", search_path=search_path)
    assert found.name == "espresso"
    assert found.title == "Espresso machines"
    assert get_family("espresso", search_path=search_path) is found
    assert recognise(product_id="Espresso 9", search_path=search_path).name == "unmanaged"
    assert found.find_limit_on("restart") is found.limits[0]
    assert found.find_limit_on("identify") is None
    assert found.feedback is not None
    (row,) = found.requirements
    assert row.holds(is_reachable=True, is_secure_only=False)
    assert not row.holds(is_reachable=True, is_secure_only=True)
    assert not row.holds(is_reachable=False, is_secure_only=False)


def test_a_new_family_may_bring_its_driver(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.with_name("driver.py").write_text(
        "from roomkeeper.devices.driver import Driver\n\n\nclass FamilyDriver(Driver):\n    cups = 3\n",
        "utf-8",
    )
    kind = registry.driver_class("espresso", search_path=(FAMILIES, tmp_path))
    assert issubclass(kind, driver.Driver)
    assert vars(kind)["cups"] == 3
    assert registry.driver_class("mxp") is driver.Driver


def test_the_value_of_a_setting_follows_the_mode(tmp_path: Path) -> None:
    (setting,) = load_manifest(write(tmp_path)).settings
    assert setting.text({"protocol": "HTTP"}) == "HTTP"
    assert setting.text({"protocol": "HTTP"}, is_secure_only=True) == "HTTPS"
    assert setting.text({}) is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('about = "They make coffee."', 'about = "x"\ncolour = "red"', "unknown colour"),
        ('title = "Espresso machines"\n', "", "title is missing"),
        ("port = 80", 'port = "80"', r"transports\[1\]: port has to be of the kind int"),
        ("port = 80", "port = true", r"transports\[1\]: port has to be of the kind int"),
        ("port = 80", "port = 80000", r"port has to lie between 1 and 65535"),
        ("secure_only = false", "secure_only = 0", "secure_only has to be of the kind bool"),
        ('level = "monitored"', 'level = "splendid"', "level has to be one of identified, monitored"),
        ('level = "identified"\n', 'level = "managed"\n', "identify belongs to a level above the family's"),
        ('name = "identify"', 'name = "brew"', r"capabilities\[1\]: name has to be one of identify"),
        ("{protocol}", "{beans}", r"settings\[1\].value: unknown \{beans\}"),
        ("Provisioning/ExternalManager/Protocol", "Provisioning//Protocol", "not a canonical setting path"),
        ("Provisioning/ExternalManager/Protocol", "SIP Proxy 2 Address", "not a canonical setting path"),
        ("'^beans'", "'^(beans'", "software_version is not a regular expression"),
        ("product_words = \"espresso\"\nsoftware_version = '^beans'\n", "", "needs a pattern"),
        ('"reachable", ', '"sunny", ', "only_when takes reachable"),
        ("slot = 2", "slot = 5", "slot has to lie between 1 and 4"),
        ('["/Status/Coffee"]', "[]", "expressions: a slot takes 1 to 15"),
        ('["/Status/Coffee"]', "[1]", "expressions has to be a list of strings"),
        ('direction = "inbound"', 'direction = "up"', "direction has to be one of inbound, outbound"),
        ("[[limits]]", "[limits]", "limits has to be of the kind list"),
        ("title =", "title", "manifest.toml"),
    ],
)
def test_bad_manifests_are_refused_by_file_and_key(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ManifestError, match=words) as caught:
        load_manifest(path)
    assert str(path) in str(caught.value)


def test_two_folders_of_one_name_and_two_fallbacks_are_refused(tmp_path: Path) -> None:
    write(tmp_path, name="mxp")
    with pytest.raises(ManifestError, match="there is a family mxp already"):
        load_families((FAMILIES, tmp_path))
    other = tmp_path / "more"
    other.mkdir()
    write(other, "is_fallback = true\n" + GOOD)
    with pytest.raises(ManifestError, match="exactly one family"):
        load_families((FAMILIES, other))


@pytest.mark.parametrize(
    ("sys_object_id", "family"),
    [
        ("1.3.6.1.4.1.5596.150.6.4.1", "roomos"),
        ("1.3.6.1.4.1.5596.130.6.4.1", "expressway"),
        ("1.3.6.1.4.1.5596.150.6.4.10", "unmanaged"),
        ("1.3.6.1.4.1.9.1.1", "unmanaged"),
    ],
)
def test_sys_object_id_tells_the_family(sys_object_id: str, family: str) -> None:
    assert recognise(sys_object_id=sys_object_id).name == family


@pytest.mark.parametrize("family", load_families().values(), ids=lambda family: family.name)
def test_secure_only_needs_neither_http_nor_snmp(family) -> None:
    if not family.secure_only.is_supported:
        return
    needed = {row.service for row in family.requirements if row.holds(is_reachable=True, is_secure_only=True)}
    assert needed == {"HTTPS"}


@pytest.mark.parametrize("family", load_families().values(), ids=lambda family: family.name)
def test_behind_firewall_needs_nothing_inbound(family) -> None:
    rows = [row for row in family.requirements if row.holds(is_reachable=False, is_secure_only=False)]
    assert {row.direction.value for row in rows} == {"outbound"}


def test_behind_firewall_and_secure_only_need_https_outbound_alone() -> None:
    rows = get_family("roomos").requirements
    held = [row for row in rows if row.holds(is_reachable=False, is_secure_only=True)]
    assert [(row.service, row.port, row.direction.value) for row in held] == [("HTTPS", 443, "outbound")]


def test_committed_page_of_families_equals_the_generated_one() -> None:
    assert FAMILIES_PAGE.read_text("utf-8") == families_page(), (
        "run: .venv/bin/python scripts/generate_families.py"
    )
