"""What an act began, followed to its end: a job, or an action on each of the chosen systems."""

from collections.abc import Mapping
from typing import Any

from roomkeeper.cli.remote.connection import Api
from roomkeeper.cli.remote.following import wait_for_actions
from roomkeeper.cli.remote.jobs import ENDED, items_of, print_job, wait_for_job
from roomkeeper.cli.remote.output import fail, print_json, print_table
from roomkeeper.words import gettext as _


def tell_begun(api: Api, begins: str, found: Mapping[str, Any], wait: float, *, as_json: bool) -> None:
    """Print it, after waiting for its end. Ends the command as failed where any of it did not come true."""
    if begins == "jobs" and "id" in found:
        follow_job(api, found, wait, as_json=as_json)
    else:
        follow(api, found, wait, "done", as_json=as_json)


def follow_job(api: Api, job: Mapping[str, Any], wait: float, *, as_json: bool) -> None:
    """The job at its end, with the outcome of each part."""
    found = wait_for_job(api, job["id"], wait)
    items = items_of(api, job["id"])
    print_job(found, items, as_json=as_json)
    for one in job.get("refused", ()):
        print_table([{**one, "problem": one["problem"]["detail"]}], ("id", "status", "problem"))
    if found["state"] not in ENDED:
        fail(
            "Not yet",
            _("The job is {state} after {wait:g} s.", state=found["state"], wait=wait),
            hint=f"roomkeeper jobs show {job['id']}",
        )
    bad = sum(1 for item in items if item["state"] not in ("done", "warning"))
    bad += len(job.get("refused", ()))
    if bad:
        fail(
            "Failed in part",
            _("{bad} of {count} could not be done.", bad=bad, count=len(items) + len(job.get("refused", ()))),
        )


def follow(api: Api, answer: Mapping[str, Any], wait: float, word: str, *, as_json: bool) -> None:
    """Show the outcome for each system; with `wait` at its end. Ends the command as failed where any did not come."""
    items = answer["items"]
    if not items:
        fail("Nothing chosen", _("The filter finds no managed system on which you may do this."))
    if wait:
        asked = [item["action"] for item in items if item["action"]]
        found = {one["id"]: one for one in wait_for_actions(api, asked, wait)}
        items = [
            {**item, "state": None, "reason": "", **_outcome(found.get(item["action"]))} for item in items
        ]
    if as_json:
        print_json({**answer, "items": items})
    else:
        rows = [{**item, "problem": (item["problem"] or {}).get("detail")} for item in items]
        columns = ("system", "status", "action", *(("state", "reason") if wait else ()), "problem")
        print_table(rows, columns)
    refused = sum(1 for item in items if item["status"] >= 400)
    bad = sum(1 for item in items if item["state"] != "confirmed") if wait else refused
    if bad:
        told = _("are not {word}", word=word) if wait else _("could not be asked")
        fail("Failed in part", _("{bad} of {count} {told}.", bad=bad, count=len(items), told=told))


def _outcome(action: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if action is None else {"state": action["state"], "reason": action["reason"]}
