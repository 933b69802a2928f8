"""`roomkeeper virtual`: run virtual endpoints, list their profiles."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from roomkeeper.virtual import control, profile
from roomkeeper.virtual.endpoint import VirtualEndpoint
from roomkeeper.virtual.endpoint_plan import HTTP_PORT, HTTPS_PORT, EndpointPlan
from roomkeeper.virtual.fleet import Fleet
from roomkeeper.virtual.identity import LAN, MODES
from roomkeeper.virtual.plan import (
    DEFAULT_PROFILE,
    DEFAULT_SEED,
    BadPlan,
    Wish,
    check_apart,
    expand,
    read_plan,
)

app = typer.Typer(
    add_completion=False,
    help="Virtual endpoints: twins of video endpoints to try a manager on.",
    no_args_is_help=True,
)

_USAGE = 2


@app.command()
def profiles() -> None:
    """List the models and releases that can be run."""
    table = Table("name", "model and release", "software", "origin", box=None, pad_edge=False)
    for name in profile.names():
        one = profile.load(name)
        table.add_row(name, one.title, one.version, one.origin)
    Console(width=None if Console().is_terminal else 140).print(table)


def _stop(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(_USAGE)


@app.command()
def run(
    manager: Annotated[str, typer.Option(help="The manager: an origin, or a URL with a path.")] = "",
    profile_name: Annotated[str, typer.Option("--profile", help="See `virtual profiles`.")] = DEFAULT_PROFILE,
    mode: Annotated[str, typer.Option(help=" | ".join(MODES))] = LAN,
    secure: Annotated[bool, typer.Option("--secure", help="Post and listen by HTTPS only.")] = False,
    count: Annotated[int, typer.Option(help="How many; each has the same identity on every run.")] = 1,
    address: Annotated[str, typer.Option(help="The first one's own address (127.x.y.z).")] = "",
    reported_address: Annotated[str, typer.Option(help="What a single one reports instead.")] = "",
    http_port: Annotated[int, typer.Option(help="0: any free port.")] = HTTP_PORT,
    https_port: Annotated[int, typer.Option(help="0: any free port.")] = HTTPS_PORT,
    snmp_port: Annotated[int, typer.Option(help="UDP port of an SNMP agent; 0: none.")] = 0,
    heartbeat: Annotated[float, typer.Option(help="Seconds between beats until the manager says.")] = 900.0,
    username: Annotated[str, typer.Option(help="Its administrator's account.")] = "admin",
    password: Annotated[str, typer.Option(help="And that account's password.")] = "roomkeeper",  # noqa: S107
    name: Annotated[str, typer.Option(help="System name; several get numbers.")] = "",
    serial: Annotated[str, typer.Option(help="Serial number of a single one.")] = "",
    mac: Annotated[str, typer.Option(help="MAC address of a single one.")] = "",
    http_mode: Annotated[
        str,
        typer.Option(help="A value of NetworkServices HTTP Mode (default: both, or as the release ships)."),
    ] = "",
    rate_limit: Annotated[
        bool,
        typer.Option(
            "--rate-limit/--no-rate-limit", help="Hold requests to the release's rate, where it has one."
        ),
    ] = True,
    factory_new: Annotated[
        bool, typer.Option("--factory-new", help="Out of the box: no passphrase, HTTP Mode as shipped.")
    ] = False,
    verify: Annotated[
        bool | None,
        typer.Option(
            "--verify/--no-verify", help="Check the manager's certificate (default: as the release does)."
        ),
    ] = None,
    ca_file: Annotated[str, typer.Option(help="PEM file of certificate authorities to trust.")] = "",
    seed: Annotated[str, typer.Option(help="Other identities than the usual ones.")] = DEFAULT_SEED,
    reboot_seconds: Annotated[float, typer.Option(help="How long a restart takes.")] = 5.0,
    start_jitter: Annotated[float, typer.Option(help="First posts are spread over so many seconds.")] = 0.0,
    calls_per_hour: Annotated[float, typer.Option(help="How often each dials somebody by itself.")] = 0.0,
    fault: Annotated[
        list[str] | None, typer.Option(help="A fault switch, NAME or NAME=VALUE; may be repeated.")
    ] = None,
    plan: Annotated[Path | None, typer.Option(help="A TOML file: [defaults] and [[endpoint]].")] = None,
    control_address: Annotated[str, typer.Option("--control", help="HOST:PORT of the control API.")] = "",
) -> None:
    """Run virtual endpoints until SIGTERM or Ctrl-C."""
    wish = Wish(
        manager=manager,
        profile=profile_name,
        mode=mode,
        secure=secure,
        count=count,
        address=address,
        reported_address=reported_address,
        http_port=http_port,
        https_port=https_port,
        snmp_port=snmp_port,
        heartbeat=heartbeat,
        username=username,
        password=password,
        name=name,
        serial=serial,
        mac=mac,
        http_mode=http_mode,
        rate_limit=rate_limit,
        factory_new=factory_new,
        verify=verify,
        ca_file=ca_file,
        seed=seed,
        reboot_seconds=reboot_seconds,
        start_jitter=start_jitter,
        calls_per_hour=calls_per_hour,
        faults=tuple(fault or ()),
    )
    if not manager and plan is None:
        raise _stop("give --manager URL, or --plan FILE")
    try:
        plans = expand(wish) if plan is None else read_plan(plan, wish)
        check_apart(plans)
    except (BadPlan, OSError) as error:
        raise _stop(str(error)) from None
    if any(not one.manager for one in plans):
        raise _stop("an endpoint of the plan has no manager")
    raise typer.Exit(asyncio.run(_run(plans, control_address)))


CONTROL = "127.0.0.1:18000"
Control = Annotated[
    str, typer.Option("--control", envvar="ROOMKEEPER_VIRTUAL_CONTROL", help="The fleet's control API.")
]


def _ask(where: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
    """One exchange with the control API of a running fleet."""
    request = urllib.request.Request(
        f"http://{where}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        raise _failed(json.loads(error.read() or b"{}").get("detail") or f"HTTP {error.code}") from None
    except (OSError, ValueError) as error:
        raise _failed(f"no fleet answers at {where}: {error}") from None


def _failed(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(1)


@app.command("list")
def list_endpoints(control_address: Control = CONTROL) -> None:
    """List the endpoints of a running fleet (started with --control)."""
    table = Table(
        "serial", "name", "profile", "mode", "address", "provisioning", "faults", box=None, pad_edge=False
    )
    for one in _ask(control_address, "/endpoints")["items"]:
        words = (
            one["serial"],
            one["name"],
            one["profile"],
            one["mode"],
            one["address"],
            one["provisioning_status"],
        )
        table.add_row(*(escape(str(word)) for word in words), ", ".join(one["faults"]))
    Console(width=None if Console().is_terminal else 160).print(table)


@app.command()
def show(serial: str, control_address: Control = CONTROL) -> None:
    """Show everything about one endpoint, as JSON."""
    typer.echo(json.dumps(_ask(control_address, f"/endpoints/{quote(serial)}"), indent=2))


@app.command("set")
def set_setting(serial: str, path: str, value: str, control_address: Control = CONTROL) -> None:
    """Change a setting as a person at the device would."""
    _ask(control_address, f"/endpoints/{quote(serial)}/configuration", {"path": path, "value": value})


@app.command()
def fault(
    serial: str,
    name: str,
    value: Annotated[str, typer.Argument()] = "true",
    control_address: Control = CONTROL,
) -> None:
    """Throw a fault switch: NAME, and a value other than true."""
    typer.echo(json.dumps(_ask(control_address, f"/endpoints/{quote(serial)}/faults", {name: value})))


@app.command()
def boot(serial: str, control_address: Control = CONTROL) -> None:
    """Restart an endpoint."""
    _ask(control_address, f"/endpoints/{quote(serial)}/boot", {})


@app.command()
def post(
    serial: str,
    event: Annotated[str, typer.Argument(help="Boot, Register or Beat.")] = "Beat",
    control_address: Control = CONTROL,
) -> None:
    """Let an endpoint phone home now."""
    _ask(control_address, f"/endpoints/{quote(serial)}/post", {"event": event})


@app.command()
def dial(serial: str, number: str, control_address: Control = CONTROL) -> None:
    """Let an endpoint place a call."""
    body: dict[str, object] = {"path": "Dial", "arguments": {"Number": number}}
    typer.echo(json.dumps(_ask(control_address, f"/endpoints/{quote(serial)}/command", body)["data"]))


def _line(endpoint: VirtualEndpoint) -> str:
    identity = endpoint.plan.identity
    ports = [f"http {endpoint.http_port}"] if endpoint.http_port else []
    ports += [f"https {endpoint.https_port}"] if endpoint.https_port else []
    return (
        f"{identity.serial}  {identity.mac}  {identity.address}  reports {identity.reported_address}  "
        f"{endpoint.plan.mode}{' secure' if endpoint.plan.is_secure else ''}  "
        f"{', '.join(ports) or 'listens nowhere'}  {endpoint.device.name}{_why_silent(endpoint)}"
    )


def _why_silent(endpoint: VirtualEndpoint) -> str:
    """Why it will not call a manager that is told by plain HTTP: as shipped, later releases have that off."""
    is_silent = endpoint.https_port and not endpoint.http_port and endpoint.plan.manager.startswith("http:")
    return "  (plain HTTP is off on it: it calls only a manager told by https://)" if is_silent else ""


def _allow_many_sockets() -> None:
    """Two listeners an endpoint: take as many open files as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _run(plans: list[EndpointPlan], control_address: str) -> int:
    _allow_many_sockets()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    fleet = Fleet(plans)
    runner = None
    try:
        if control_address:
            host, _, port = control_address.rpartition(":")
            runner, bound = await control.serve(fleet, host.strip("[]"), int(port))
            typer.echo(f"control http://{host}:{bound}/endpoints")
        await fleet.start(lambda endpoint: typer.echo(_line(endpoint)))
        typer.echo(f"ready {len(fleet)} endpoints")
        await stopping.wait()
    except (OSError, ValueError) as error:
        typer.echo(str(error), err=True)
        return 1
    finally:
        if runner is not None:
            await runner.cleanup()
        await fleet.stop()
    return 0
