"""Every act of the API on what is here, with every member of its body naming once what is elsewhere."""

import re
from collections.abc import Iterator
from typing import Any, Final

from roomkeeper.api.application import api
from tests.integration.elsewhere.scene import Half
from tests.integration.elsewhere.walking import NOWHERE, PLACES, api_addresses

# What an act needs beside what is tried: by the end of its path.
_NEEDED: Final[dict[str, dict[str, Any]]] = {
    "change-sets": {"settings": {"Audio/DefaultVolume": "48"}},
    "actions": {"command": "Standby/Activate"},
    "commands": {"command": "Standby/Activate"},
    "systems/login": {"username": "admin", "password": "words"},
    "systems/password": {"generate": True},
    "password": {"generate": True},
    "diagnosis/fix": {"fix": "enforce"},
    "templates": {"name": "New", "settings": {"Audio/DefaultVolume": "48"}},
    "folders": {"name": "New"},
    "systems/scan": {"addresses": "10.9.9.9"},
    "systems": {"serial_number": "NEW1"},
    "tickets/close": {"reason": "done"},
    "versions": {"settings": {"Audio/DefaultVolume": "48"}},
    "systems/edit": {"dry_run": True},
    "accept-identity": {"serial_number": "NEW2"},
    "replace": {"dry_run": True},
}
_KIND_OF: Final = {"entry_id": "system", "change_id": "change_set", "number": "version"}


def acts(here: Half, there: Half) -> Iterator[tuple[str, str, Any, Any]]:
    """(method, path, a body that names what is elsewhere, the same that names what is nowhere)."""
    schemas = api.get_openapi_schema()["components"]["schemas"]
    for method in ("post", "patch", "put", "delete"):
        for path, told in api_addresses(method):
            if path.endswith(("/users", "/groups")) or "/users/" in path or "/groups/" in path:
                continue
            needed = next((body for end, body in _NEEDED.items() if path.endswith(f"/{end}")), {})
            own = _filled(path, here)
            if any(one["name"] == "wait" for one in told["parameters"]):
                own += "?wait=0"
            for name in _members(told, schemas):
                for there_value, nowhere_value in _tried(name, here, there, path):
                    yield (
                        method.upper(),
                        own,
                        {**needed, name: there_value},
                        {**needed, name: nowhere_value},
                    )


def on_paths(there: Half) -> Iterator[tuple[str, str, Any, str, Any]]:
    """(method, path of what is elsewhere, body, path of what is nowhere, body) for every act on one thing."""
    for method in ("post", "patch", "put", "delete"):
        for path, _ in api_addresses(method):
            kind = PLACES.get(path.removeprefix("/api/v1/").split("/")[0], "")
            if "{" not in path or kind not in there.ids:
                continue
            needed = next((body for end, body in _NEEDED.items() if path.endswith(f"/{end}")), {})
            addresses = [
                _filled(re.sub(r"\{\w+\}", str(key), path, count=1), there)
                for key in (there.ids[kind], NOWHERE)
            ]
            yield method.upper(), addresses[0], needed, addresses[1], needed


def _members(told: Any, schemas: Any) -> list[str]:
    content = told.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    refs = [schema, *schema.get("anyOf", [])]
    names: list[str] = []
    for one in refs:
        if "$ref" in one:
            names += schemas[one["$ref"].rpartition("/")[2]].get("properties", {})
    return names


def _filled(path: str, half: Half) -> str:
    def key(found: re.Match[str]) -> str:
        kind = found[1].removesuffix("_id")
        return str(half.ids.get(_KIND_OF.get(found[1], kind), NOWHERE))

    return re.sub(r"\{(\w+)\}", key, path)


def _tried(name: str, here: Half, there: Half, path: str) -> Iterator[tuple[Any, Any]]:
    system, other = here.ids["system"], there.ids["system"]
    match name:
        case "folder" | "parent":
            yield there.ids["folder"], NOWHERE
            yield there.ids["subfolder"], NOWHERE
        case "system" | "from_system":
            yield other, NOWHERE
        case "with":
            yield other, NOWHERE
        case "change_set":
            yield there.ids["change_set"], NOWHERE
        case "systems" if path.endswith("/bulk"):
            yield (
                [{"host": "10.9.9.9", "folder": there.ids["folder"]}],
                [{"host": "10.9.9.9", "folder": NOWHERE}],
            )
        case "systems":
            yield [other], [NOWHERE]
            yield [system, other], [system, NOWHERE]
        case "filter":
            yield {"folder": there.ids["folder"]}, {"folder": NOWHERE}
            yield {"tag": "qxzorro-tag"}, {"tag": "qywhere-tag"}
            yield {"search": "qxzorro"}, {"search": "qywhere"}
        case "tickets":
            yield [there.ids["ticket"]], [NOWHERE]
        case "tags" if path.endswith("/tags/delete"):
            yield [there.ids["tag"]], [NOWHERE]
        case "tags":
            yield ["qxzorro-tag"], ["qywhere-tag"]
        case "tag":
            yield "qxzorro-tag", "qywhere-tag"
        case "name":
            for words in (
                "qxzorro-tag",
                "Qxzorro town",
                "qxzorro template",
                "qxzorro room 0",
                "qxzorro cellar",
            ):
                yield words, words.lower().replace("qxzorro", "qywhere")
        case "template":
            yield there.ids["template"], NOWHERE
        case "rows":
            yield [{"id": other, "name": "x"}], [{"id": NOWHERE, "name": "x"}]
            yield [{"id": system, "folder": "Qxzorro town"}], [{"id": system, "folder": "Qywhere town"}]
            yield [{"id": system, "tags": ["qxzorro-tag"]}], [{"id": system, "tags": ["qywhere-tag"]}]
