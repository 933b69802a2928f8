"""`roomkeeper jobs show`, and waiting for jobs; the rest is declared."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from roomkeeper.cli.remote.connection import Api, open_api
from roomkeeper.cli.remote.following import tell_by_dots, wait_until
from roomkeeper.cli.remote.output import AsJson, print_json, print_table, say
from roomkeeper.words import gettext as _

ENDED = ("done", "failed", "cancelled")
ITEM_COLUMNS = ("label", "state", "system", "summary", "advice")


def show(
    job: int,
    wait: Annotated[float, typer.Option(help="Wait up to this many seconds for its end.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """A job with the outcome of each part."""
    api = open_api()
    found = wait_for_job(api, job, wait)
    print_job(found, items_of(api, job), as_json=as_json)


def wait_for_job(
    api: Api, job: int, seconds: float, *, tell: Callable[[Any], None] = tell_by_dots
) -> dict[str, Any]:
    """The job once it has ended, or as it is when the time is over; `tell` as for `wait_until`."""
    found = wait_until(
        lambda: api.get(f"jobs/{job}"), lambda one: one["state"] in ENDED, seconds, every=0.5, tell=tell
    )
    return dict(found)


def items_of(api: Api, job: int) -> list[dict[str, Any]]:
    """All parts of the job."""
    return list(api.items(f"jobs/{job}/items", limit=None)["items"])


def print_job(job: dict[str, Any], items: list[dict[str, Any]], *, as_json: bool) -> None:
    """The job and its parts, as a table or as one JSON object with `items`."""
    if as_json:
        print_json({**job, "items": items})
        return
    print_table(items, ITEM_COLUMNS)
    say(_("Job {job[id]}, {job[title]}: {job[state]}. {job[summary]}", job=job))
