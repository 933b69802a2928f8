"""`doctor` and `migrate`: the server itself."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from roomkeeper.cli.environment import Config, Data, ready
from roomkeeper.words import gettext as _


def migrate(data: Data = None, config: Config = None) -> None:
    """Bring the database up to this version's schema; forward only. SQLite is copied first."""
    ready(data=data, config=config)
    from roomkeeper.serving import first_start

    first_start.prepare()
    typer.echo(_("the database has this version's schema"))


def doctor(
    data: Data = None, config: Config = None, as_json: Annotated[bool, typer.Option("--json")] = False
) -> None:
    """Check the installation: database, keys, certificates, disk, jobs. Only reads. Exit code 1 where something is
    wrong."""
    options = ready(data=data, config=config, reads_only=True)
    from roomkeeper.serving import health

    findings = health.examine(options, now=datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps([finding._asdict() for finding in findings]))
    else:
        for finding in findings:
            advice = f". {finding.advice}" if finding.advice and not finding.ok else ""
            typer.echo(
                f"{'ok  ' if finding.ok else 'FAIL'} {finding.what}: {finding.words.rstrip('.')}{advice}"
            )
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
