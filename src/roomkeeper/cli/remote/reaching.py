"""`roomkeeper systems poll`: asking systems for their status now, and what came of it."""

from typing import Annotated

import typer

from roomkeeper.cli.remote import naming
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.jobs import ENDED, items_of, print_job, wait_for_job
from roomkeeper.cli.remote.output import AsJson, fail


def poll(
    systems: Annotated[list[str], typer.Argument(metavar="SYSTEM...", help="Ids or exact names.")],
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the end.")] = 120.0,
    as_json: AsJson = False,
) -> None:
    """Ask systems for their status now. Exit code 0 where all answered, else 1."""
    api = open_api()
    keys = [naming.system_id(api, one) for one in systems]
    job = api.post("systems/poll", {"systems": keys})["id"]
    found = wait_for_job(api, job, wait)
    items = items_of(api, job)
    print_job(found, items, as_json=as_json)
    if found["state"] not in ENDED:
        fail("Not yet", f"The job is {found['state']} after {wait:g} s.", hint=f"roomkeeper jobs show {job}")
    silent = sum(1 for item in items if item["state"] not in ("done", "warning"))
    if silent:
        fail("Failed in part", f"{silent} of {len(items)} could not be asked.")
