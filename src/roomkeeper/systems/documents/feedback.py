"""What feedback tells of systems' status, put into what is stored: facts, calls, and the leaves for whoever reads the
whole. Set-wise, inside the batch's transaction. Not here: feedback of configurations (`configurations`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from roomkeeper.systems.check_ins.learning import forget_descriptions, learn, software_of
from roomkeeper.systems.check_ins.roster import Known
from roomkeeper.systems.check_ins.writes import Writes
from roomkeeper.systems.documents import calls, facts, told_rows
from roomkeeper.systems.documents.moments import is_older
from roomkeeper.systems.documents.told import Telling, Told, put_onto
from roomkeeper.systems.models import FactChange, StoredDocument, System, ToldByFeedback

_KIND: Final = ToldByFeedback.Kind.STATUS
# Below it stands what the record says of the system itself.
_ITSELF: Final = ("SystemUnit/", "Network")


@dataclass(frozen=True, slots=True)
class StatusFeedback:
    """What one post told of a known system, redacted; `event` is the name of the event it was, "" for status. `at` is
    when the post began."""

    known: Known
    at: datetime
    told: Sequence[Telling]
    event: str = ""


@dataclass(slots=True)
class _State:
    """What is stored of one system while posts are merged into it; `facts` is None before the first status."""

    stored_calls: dict[str, Any]
    calls: calls.Calls
    told: Told
    stored_facts: dict[str, str] | None = None
    facts: dict[str, str] = field(default_factory=dict)
    read_at: datetime | None = None
    changed: list[FactChange] = field(default_factory=list)


def merge_status(posts: Sequence[StatusFeedback], writes: Writes) -> None:
    """Merge posts into what is stored, in their order. One that came before what stands was read proves nothing."""
    if not posts:
        return
    states = _load([post.known.system_id for post in posts], writes)
    taken: dict[int, Known] = {}
    for post in posts:
        state = states.get(post.known.system_id)
        if state is not None and _take(state, post, writes.now):
            taken[post.known.system_id] = post.known
    for system_id, known in taken.items():
        state = states[system_id]
        keep_calls(system_id, state.calls, state.stored_calls, writes)
        if state.stored_facts is None or state.facts == state.stored_facts:
            continue
        StoredDocument.objects.filter(system_id=system_id, kind=StoredDocument.Kind.STATUS).update(
            facts=state.facts
        )
        writes.facts += state.changed
        if any(change.path.startswith(_ITSELF) for change in state.changed):
            learn(known, state.facts, "", state.facts.get("SystemUnit/ProductType", ""), writes)
        if software_of(state.facts) != software_of(state.stored_facts):
            forget_descriptions([known], [system_id])
    told_rows.keep({system_id: states[system_id].told for system_id in taken}, _KIND)


def _load(system_ids: Sequence[int], writes: Writes) -> dict[int, _State]:
    told = told_rows.load(system_ids, _KIND)
    states = {
        pk: _State(stored, calls.decode(writes.calls.get(pk, stored)), told.get(pk, Told()))
        for pk, stored in System.objects.filter(pk__in=system_ids).values_list("pk", "calls")
    }
    rows = StoredDocument.objects.filter(system_id__in=system_ids, kind=StoredDocument.Kind.STATUS)
    for system_id, kept, read_at in rows.values_list("system_id", "facts", "read_at"):
        state = states[system_id]
        state.stored_facts, state.facts, state.read_at = kept, kept, read_at
    return states


def _take(state: _State, post: StatusFeedback, now: datetime) -> bool:
    if is_older(post.at, state.read_at, now):
        return False
    if post.event == "CallDisconnect" and state.calls.disconnects_prove_nothing:
        return False
    news = state.told.news(post.told, post.at)
    if not news:
        return False
    state.told = state.told.adding(news, post.at)
    state.calls = calls.after(state.calls, news, at=post.at)
    before, state.facts = state.facts, _facts_after(state.facts, news)
    if state.stored_facts is not None:
        state.changed += [
            FactChange(system_id=post.known.system_id, at=post.at, path=path, old_value=was, new_value=now)
            for path, was, now in facts.changed_facts(before, state.facts)
        ]
    return True


def _facts_after(before: Mapping[str, str], news: Sequence[Telling]) -> dict[str, str]:
    told = {path: value for path, value in news if value is not None}
    found = facts.read_facts(told)
    gone = [(path, None) for path, value in news if value is None]
    if not found and not gone:
        return dict(before)
    after = put_onto(before, [*gone, *found.items()])
    return dict(list(after.items())[: facts.FACT_LIMIT])


def keep_calls(system_id: int, found: calls.Calls, before: Mapping[str, Any] | None, writes: Writes) -> None:
    """Have the calls written, where they are not those stored before."""
    stored = calls.encode(found)
    writes.columns[system_id]["in_call"] = found.is_in_call
    if stored != before or system_id in writes.calls:
        writes.calls[system_id] = stored
