"""Two folders with the same kinds of things in each, and what spans both; what is elsewhere is named with a mark."""

from dataclasses import dataclass, field
from typing import Any, Final

from django.utils import timezone

from roomkeeper.accounts.models import Role, User
from roomkeeper.accounts.permissions import assign
from roomkeeper.backups import keeping
from roomkeeper.backups.models import Reason
from roomkeeper.provisioning.models import Change, ChangeItem, ChangeSet
from roomkeeper.secure_only.models import Member, Move
from roomkeeper.systems import inventory
from roomkeeper.systems.models import Folder, System
from roomkeeper.tickets.models import Ticket
from tests.cast import add_system
from tests.integration.api.conftest import Caller
from tests.integration.backups.room import report

# Every name, number and address elsewhere holds one of these, and nothing that the caller may see does.
MARKS: Final = ("qxzorro", "10.213.")
CONFIGURATION: Final = {"SystemUnit/Name": "Room", "Audio/DefaultVolume": "50", "SIP/Proxy[1]/Address": "sip"}


@dataclass
class Half:
    """What stands in one folder; the ids of its things by their kind."""

    folder: Folder
    systems: list[System] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)


def furnish(folder: Folder, call: Caller, *, word: str, number: int) -> Half:
    """Systems in the folder with everything that systems and folders can have, made by the administrator."""
    half = Half(folder)
    for place in range(2):
        half.systems.append(_system(folder, f"{word} room {place}", number + place, word))
    first, second = half.systems
    ids = half.ids
    ids["folder"], ids["system"] = folder.pk, first.pk
    ids["subfolder"] = _post(call, "folders", {"name": f"{word} cellar", "parent": folder.pk})["id"]
    settings = {"Audio/DefaultVolume": "44", "SIP/Proxy[1]/Address": f"{word}.example.org"}
    body = {"systems": [first.pk], "settings": settings, "description": f"{word} volume", "persistent": True}
    ids["change_set"] = _post(call, "change-sets", body)["id"]
    ids["action"] = _post(call, f"systems/{first.pk}/commands", {"command": f"{word}/Activate"})["id"]
    ids["job"] = _post(call, "systems/poll", {"systems": [first.pk]})["id"]
    template = {
        "name": f"{word} template",
        "description": f"{word} words",
        "folder": folder.pk,
        "settings": {"Audio/DefaultVolume": "45", "NetworkServices/HTTP/Mode": word},
    }
    ids["template"] = _post(call, "templates", template)["id"]
    for target in ({"system": first.pk}, {"folder": folder.pk}, {"tag": f"{word}-tag"}):
        _post(call, f"templates/{ids['template']}/assignments", target)
    ids["tag"] = call.get(f"tags?name={word}-tag")["items"][0]["id"]
    ticket = Ticket.objects.create(system=second, kind="identity changed", reason=f"{word} was here")
    ids["ticket"] = ticket.pk
    ids["backup"] = keeping.store(
        first, [], missing=[], reason=Reason.BY_HAND, user=None, now=timezone.now()
    ).pk
    return half


def span(halves: tuple[Half, Half], call: Caller, *, word: str) -> dict[str, int]:
    """What concerns systems of both folders."""
    here, there = halves
    both = [here.systems[0].pk, there.systems[0].pk]
    ids = {
        "change_set": _post(
            call, "change-sets", {"systems": both, "settings": {"Audio/DefaultVolume": "46"}}
        )["id"],
        "job": _post(call, "systems/poll", {"systems": both})["id"],
    }
    move = Move.objects.create(is_secure=True, trust=Move.Trust.TRUSTED, created_at=timezone.now())
    for system in (here.systems[1], there.systems[1]):
        reason = f"{word} holds it" if system in there.systems else "it is asked"
        Member.objects.create(move=move, system=system, wave=0, since=timezone.now(), reason=reason)
    ids["move"] = move.pk
    root = {"name": "For all", "settings": {"Audio/DefaultVolume": "47"}}
    ids["template"] = _post(call, "templates", root)["id"]
    for half in halves:
        _post(call, f"templates/{ids['template']}/assignments", {"folder": half.folder.pk})
        _post(call, f"templates/{ids['template']}/assignments", {"tag": half.systems[0].tags.get().name})
    return ids


def person(name: str, folder: Folder) -> User:
    """An administrator of that folder alone."""
    user = User.objects.create_user(name, password="correct horse battery")
    assign(user, folder, Role.ADMINISTRATOR)
    return user


def _system(folder: Folder, name: str, number: int, word: str) -> System:
    system = add_system(
        name,
        folder,
        number,
        serial_number=f"{word.upper()}{number:06}",
        host=f"10.{number // 256}.7.{number % 256}",
        notes=f"{word} notes",
    )
    inventory.set_tags(system, [f"{word}-tag"])
    report(system, CONFIGURATION | {"SystemUnit/ContactName": word})
    return system


def _post(call: Caller, path: str, body: Any) -> Any:
    answer = call("POST", path, body)
    assert answer.status_code in (200, 201, 202), (path, answer.content)
    return answer.json()


def disturb(here: Half, there: Half, both: dict[str, int], call: Caller, *, word: str) -> None:
    """More of everything elsewhere, and another state of what is elsewhere in what spans both."""
    now = timezone.now()
    number = 213 * 256 + 100
    more = [_system(there.folder, f"{word} hall {place}", number + place, word) for place in range(3)]
    more.append(_system(Folder.objects.get(pk=there.ids["subfolder"]), f"{word} vault", number + 9, word))
    # A tag that is known here.
    for system in more:
        inventory.set_tags(system, [here.systems[0].tags.get().name, f"{word}-tag"])
        Ticket.objects.create(system=system, kind="identity changed", reason=f"{word} was here")
    chosen = [system.pk for system in more]
    _post(call, "change-sets", {"systems": chosen, "settings": {"Audio/DefaultVolume": "51"}})
    _post(call, "systems/poll", {"systems": chosen})
    _post(call, f"templates/{both['template']}/apply", {"systems": chosen})
    _post(call, f"templates/{both['template']}/assignments", {"system": chosen[0]})
    _post(call, "folders", {"name": f"{word} attic", "parent": there.folder.pk})
    keeping.store(more[0], [], missing=[], reason=Reason.BY_HAND, user=None, now=now)
    change_set = ChangeSet.objects.get(pk=both["change_set"])
    Change.objects.filter(change_set=change_set, system__in=there.systems).update(state="failed")
    ChangeItem.objects.filter(change__change_set=change_set, system__in=there.systems).update(
        state="failed", reason=f"{word} kept its value"
    )
    for system in more:
        Member.objects.create(
            move_id=both["move"], system=system, wave=1, since=now, state=Member.State.HELD, reason=word
        )
