"""What a command began, waited for until it has ended: a job, a change set, a move, or an action on each system."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from roomkeeper.cli.remote.connection import Api
from roomkeeper.cli.remote.output import clean, console, fail, print_json, print_table, say
from roomkeeper.cli.remote.telling import ANSWERS, FIELDS, Shown, show
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

ITEM_COLUMNS: Final = ("label", "state", "system", "summary", "advice")
_LOOK_EVERY: Final = 2.0
_DELIVERED: Final = ("confirmed", "failed", "expired", "cancelled", "superseded")


@dataclass(frozen=True, slots=True)
class Followed:
    """Something that goes on after the command: the states in which it has ended, those of them that are good, the
    command that shows it, and what it is called."""

    ended: Sequence[str]
    good: Sequence[str]
    command: str
    words: str
    every: float = _LOOK_EVERY
    shown: Shown = FIELDS


FOLLOWED: Final[Mapping[str, Followed]] = {
    "jobs": Followed(("done", "failed", "cancelled"), ("done",), "jobs show", noop("The job"), 0.5),
    "change-sets": Followed(
        _DELIVERED,
        ("confirmed", "superseded"),
        "changes show",
        noop("Change set"),
        shown=ANSWERS["changes show"],
    ),
    "actions": Followed(_DELIVERED, ("confirmed",), "actions show", noop("The action")),
    "secure-only-moves": Followed(
        ("done", "cancelled", "paused"), ("done",), "secure-only show", noop("The move")
    ),
}


def wait_until(
    look: Callable[[], Any],
    is_done: Callable[[Any], bool],
    seconds: float,
    *,
    every: float = _LOOK_EVERY,
    tell: Callable[[Any], None] | None = None,
) -> Any:
    """What `look` gives once it is done, or when the time is over; `tell` is called with what it gives meanwhile, or a
    dot printed on a terminal."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if is_done(found) or time.monotonic() >= end:
            return found
        if tell is not None:
            tell(found)
        elif console(errors=True).is_terminal:
            console(errors=True).print(".", end="")
        time.sleep(min(every, max(0.0, end - time.monotonic())))


def wait_for(api: Api, path: str, key: int, seconds: float, **query: Any) -> dict[str, Any]:
    """What was begun once it has ended, or as it is when the time is over; of a job on a terminal how far it is."""
    kind, terminal = FOLLOWED[path], console(errors=True)

    def wait(tell: Callable[[Any], None] | None = None) -> dict[str, Any]:
        found = wait_until(
            lambda: api.get(f"{path}/{key}", **query),
            lambda one: one["state"] in kind.ended,
            seconds,
            every=kind.every,
            tell=tell,
        )
        return dict(found)

    if path != "jobs" or not terminal.is_terminal:
        return wait()
    with terminal.status(_("Waiting for a worker")) as status:
        return wait(lambda job: status.update(clean(_how_far(job))))


def _how_far(job: dict[str, Any]) -> str:
    counts: dict[str, int] = job["counts"]
    total = sum(counts.values())
    done = total - counts["waiting"] - counts["running"]
    words = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    return _("{title}: {done} of {total} ({words})", title=job["title"], done=done, total=total, words=words)


def tell_begun(api: Api, begins: str, found: Mapping[str, Any], wait: float, *, as_json: bool) -> None:
    """Print it, after waiting for its end. Ends the command as failed where any of it did not come true."""
    if "items" in found:
        _follow_actions(api, found, wait, as_json=as_json)
    elif begins == "jobs":
        tell_job(api, found, wait, as_json=as_json)
    else:
        key, kind = found["id"], FOLLOWED[begins]
        one = wait_for(api, begins, key, wait, **({"changes": False} if begins == "change-sets" else {}))
        require_end(begins, one, wait)
        show(api.get(f"{begins}/{key}"), kind.shown, as_json=as_json)
        require_good(begins, one)


def tell_job(
    api: Api,
    job: Mapping[str, Any],
    wait: float,
    *,
    as_json: bool,
    good: Sequence[str] = ("done", "warning"),
    hidden: Sequence[str] = (),
) -> None:
    """Print a job at its end with the outcome of each part, but for those that are `hidden` from people."""
    found = wait_for(api, "jobs", job["id"], wait)
    items = items_of(api, job["id"])
    print_job(found, [one for one in items if as_json or one["state"] not in hidden], as_json=as_json)
    refused = job.get("refused", ())
    for one in refused:
        print_table([{**one, "problem": one["problem"]["detail"]}], ("id", "status", "problem"))
    require_end("jobs", found, wait)
    bad = sum(one["state"] not in good for one in items) + len(refused)
    fail_in_part(bad, _("{bad} of {count} could not be done."), len(items) + len(refused))
    require_good("jobs", found)


def require_good(path: str, found: Mapping[str, Any]) -> None:
    """End the command as failed where it has ended otherwise than it should."""
    kind = FOLLOWED[path]
    if found["state"] not in kind.good:
        why = found.get("reason") or found.get("summary") or ""
        words = {"what": _(kind.words), "key": found["id"], "state": found["state"], "why": why}
        fail("Not done", _("{what} {key} is {state}. {why}", **words))


def require_end(path: str, found: Mapping[str, Any], wait: float) -> None:
    """End the command as failed where it goes on, and tell how it is followed."""
    kind, key = FOLLOWED[path], found["id"]
    if found["state"] not in kind.ended:
        words = {"what": _(kind.words), "key": key, "state": found["state"]}
        fail(
            "Not yet",
            _("{what} {key} is {state} after {wait:g} s.", wait=wait, **words),
            hint=_("It continues: roomkeeper {command} {key}", command=kind.command, key=key),
        )


def fail_in_part(bad: int, words: str, count: int) -> None:
    """End the command as failed where so many of them are bad; `words` name `bad` and `count`."""
    if bad:
        fail("Failed in part" if bad < count else "Failed", words.format(bad=bad, count=count))


def items_of(api: Api, job: int) -> list[dict[str, Any]]:
    """All parts of the job."""
    return list(api.items(f"jobs/{job}/items", limit=None)["items"])


def print_job(job: Mapping[str, Any], items: list[dict[str, Any]], *, as_json: bool) -> None:
    """The job and its parts, as a table or as one JSON object with `items`."""
    if as_json:
        print_json({**job, "items": items})
        return
    print_table(items, ITEM_COLUMNS)
    say(_("Job {job[id]}, {job[title]}: {job[state]}. {job[summary]}", job=job))


def _follow_actions(api: Api, answer: Mapping[str, Any], wait: float, *, as_json: bool) -> None:
    """The outcome for each system; with `wait` at its end."""
    items, done = answer["items"], _DELIVERED
    if not items:
        fail("Nothing chosen", _("The filter finds no managed system on which you may do this."))
    asked = [one["action"] for one in items if one.get("action")]
    if wait and asked:
        found = wait_until(
            lambda: {key: api.get(f"actions/{key}") for key in asked},
            lambda now: all(one["state"] in done for one in now.values()),
            wait,
        )
        items = [{"state": None, "reason": "", **found.get(one["action"], {}), **one} for one in items]
    print_items(items, as_json=as_json, answer=answer)
    if wait:
        bad = sum(one.get("state") != "confirmed" for one in items)
        fail_in_part(bad, _("{bad} of {count} are not done."), len(items))
    fail_in_part(
        sum(one["status"] >= 400 for one in items), _("{bad} of {count} could not be asked."), len(items)
    )


def print_items(
    items: list[dict[str, Any]], *, as_json: bool, answer: Mapping[str, Any] | None = None
) -> None:
    """The outcome for each item of an act on many: what of it is told of any."""
    if as_json:
        print_json({**(answer or {}), "items": items})
        return
    rows = [{**one, "problem": (one["problem"] or {}).get("detail")} for one in items]
    names = ("row", "system", "status", "action", "job", "command", "state", "reason", "warnings", "problem")
    print_table(rows, [name for name in names if any(name in row for row in rows)])
