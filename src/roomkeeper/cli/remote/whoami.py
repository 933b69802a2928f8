"""`roomkeeper tokens whoami`: whose token it is that commands send."""

from roomkeeper.cli.remote.connection import open_api
from roomkeeper.cli.remote.output import AsJson, print_object


def show_me(as_json: AsJson = False) -> None:
    """Show whose token this is and what it may do."""
    print_object(open_api().get("me"), as_json=as_json)
