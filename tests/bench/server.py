"""The server under measurement: Roomkeeper as `serve` runs it, and beside it, in the same process, an empty answer.

`python -m tests.bench.server` takes its settings from the environment, like `roomkeeper serve`.
"""

import os
from typing import Any

import django
import typer

from tests.bench.posts import EMPTY


def _with_ceiling(app: Any) -> Any:
    """`app`, with an answer that needs no work at all for one path: the ceiling of this very process."""
    headers = [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", b"0")]

    async def empty(send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def chosen(scope: Any, receive: Any, send: Any) -> Any:
        return empty(send) if scope["path"].startswith(EMPTY) else app(scope, receive, send)

    return chosen


def main() -> None:
    """Serve until SIGTERM; the line beginning `ready` tells the addresses."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")
    django.setup()
    from roomkeeper.serving import logs
    from roomkeeper.serving.server import Parts, Process
    from roomkeeper.settings.options import load

    class Measured(Process):
        def _app(self, batcher: Any) -> Any:
            if self._tls is not None:
                # A resumed session would not be a new connection.
                self._tls.num_tickets = 0
            return _with_ceiling(super()._app(batcher))

    options = load()
    logs.configure(options.log_level)
    Measured(options, Parts(), on_ready=lambda addresses: typer.echo(" ".join(["ready", *addresses]))).run()


if __name__ == "__main__":
    main()
