"""Systems with something to back up: reported configurations, and real virtual endpoints behind them."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from roomkeeper.jobs import running
from roomkeeper.jobs.models import Job
from roomkeeper.systems.documents import pack_configuration
from roomkeeper.systems.models import ConfigurationVersion, System

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
PANEL = (
    "<Extensions><Version>1.9</Version><Panel><Name>Lights</Name><PanelId>lights</PanelId>"
    "<Page><Name>Main</Name></Page></Panel></Extensions>"
)
MACRO = "import xapi from 'xapi';\nif (1 < 2 && 'x') console.log(\"on\");"
FILLER = {f"Filler/Setting[{number}]": "x" for number in range(100)}


def report(system: System, settings: dict[str, str], *, at: datetime | None = None) -> ConfigurationVersion:
    """A whole configuration that the system reported."""
    at = at or timezone.now()
    whole = {**FILLER, **settings}
    digest = str(hash(tuple(sorted(whole.items()))))
    return ConfigurationVersion.objects.create(
        system=system,
        digest=digest,
        content=pack_configuration(whole, {}),
        size=1000,
        first_at=at - timedelta(minutes=1),
        last_at=at,
    )


def work_on(job: Job) -> Job:
    """Work on the job as a worker does, without a device to talk to."""
    wait_for(running.perform(job.pk, "test"))
    job.refresh_from_db()
    return job


def wait_for(something: Awaitable[Any]) -> Any:
    """Its result, from a loop of its own."""

    async def run() -> Any:
        return await something

    return asyncio.run(run())
