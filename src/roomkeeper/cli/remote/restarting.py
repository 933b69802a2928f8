"""`roomkeeper systems restart`: one or many, after a call or in the maintenance window."""

from typing import Annotated

import typer

from roomkeeper.cli.remote.asking import Yes, is_asked
from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import AsJson
from roomkeeper.cli.remote.passwords import Chosen, Wait, choice_of, follow


def restart(
    systems: Chosen,
    during_calls: Annotated[
        bool, typer.Option("--during-calls", help="Also during a call, which then ends; otherwise after it.")
    ] = False,
    only_in_window: Annotated[
        bool, typer.Option("--in-window", help="Only in each system's maintenance window.")
    ] = False,
    wait: Wait = 0,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Restart systems: at once if they can be reached, otherwise with the answer to their next post."""
    api = open_api()
    body = {**choice_of(api, systems), "during_calls": during_calls, "only_in_window": only_in_window}
    if "filter" in body and is_asked(yes):
        typer.confirm("Restart every system that the filter finds?", abort=True)
    follow(api, api.post("systems/restart", body), wait, "restarted", as_json=as_json)
