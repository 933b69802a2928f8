"""`serve`, its parts as processes of their own, and `demo`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from roomkeeper.cli import virtual_extra
from roomkeeper.cli.environment import Config, Data, fail, ready
from roomkeeper.installation import locks
from roomkeeper.serving import demo_rooms
from roomkeeper.settings.options import Options, SettingsError
from roomkeeper.words import gettext as _

DEMO_SYSTEMS = 12
DEMO_HTTP = ("127.0.0.1:8080", "127.0.0.2:8080")
DEMO_HTTPS = ("127.0.0.1:8443", "127.0.0.2:8443")

Http = Annotated[list[str] | None, typer.Option("--http", help="HTTP listener HOST:PORT; may be repeated.")]
Https = Annotated[
    list[str] | None, typer.Option("--https", help="HTTPS listener HOST:PORT; may be repeated.")
]


def serve(data: Data = None, http: Http = None, https: Https = None, config: Config = None) -> None:
    """Run the whole server in one process: pages, API, device door, background work."""
    _run(_options(data, http, https, config), "door", "web", "worker")


def door(data: Data = None, http: Http = None, https: Https = None, config: Config = None) -> None:
    """Run the device door alone (several processes share one PostgreSQL)."""
    _run(_options(data, http, https, config), "door")


def web(data: Data = None, http: Http = None, https: Https = None, config: Config = None) -> None:
    """Run the pages and the API alone."""
    _run(_options(data, http, https, config), "web")


def worker(data: Data = None, config: Config = None) -> None:
    """Run the background work alone."""
    _run(_options(data, None, None, config), "worker")


def demo(
    data: Data = None,
    systems: Annotated[int, typer.Option(min=1, max=500, help="How many virtual endpoints.")] = DEMO_SYSTEMS,
    http: Http = None,
    https: Https = None,
    config: Config = None,
) -> None:
    """Run the server with a fleet of virtual endpoints in every mode, and an administrator to sign in as."""
    virtual_extra.require()
    folder = data or Options().data.with_name("roomkeeper-demo")
    if locks.is_server_running(folder):
        # Looked at before anything is written there: what runs would get another administrator's password.
        fail(
            _(
                "A server is already running on {folder}. Stop it, or choose a folder for this "
                "demonstration with --data.",
                folder=folder,
            )
        )
    try:
        if http is None and https is None:
            http, https = demo_rooms.choose_listeners(DEMO_HTTP, DEMO_HTTPS)
    except demo_rooms.NoFreePorts as error:
        fail(str(error))
    options = _options(folder, _both_sides(http, DEMO_HTTP), _both_sides(https, DEMO_HTTPS), config)
    from roomkeeper.serving import certificates, demo, first_start, listeners

    try:
        for address in (*options.http, *options.https):
            listeners.bind(address).close()
        ports = demo_rooms.choose_ports(systems, options.http, options.https)
    except (SettingsError, demo_rooms.NoFreePorts) as error:
        fail(_("{error} The demonstration was not started.", error=error))
    first_start.prepare(options.http)
    password_file = options.data / "demo-device-password"
    password = demo.prepare(systems, password_file, ports)
    log = options.data / "demo-fleet.log"
    fleet = []

    def begin(addresses: list[str]) -> None:
        plan = options.data / "demo-fleet.toml"
        demo.write_plan(
            plan,
            systems,
            http=_port(addresses, "http"),
            https=_port(addresses, "https"),
            ports=ports,
            ca_file=certificates.CertificateFiles.below(options.data).ca,
            password_file=password_file,
        )
        _say_ready(addresses)
        typer.echo(
            _(
                "administrator {ADMINISTRATOR} one-time password {password}",
                ADMINISTRATOR=demo.ADMINISTRATOR,
                password=password,
            )
        )
        fleet.append(demo.start_fleet(plan, log))

    try:
        _run(options, "door", "web", "worker", on_ready=begin)
    finally:
        for child in fleet:
            why = demo.why_it_ended(child, log)
            child.terminate()
            child.wait(timeout=20)
            if why:
                fail(why)


def _both_sides(listeners: list[str] | None, default: Sequence[str]) -> list[str]:
    """The listeners, and the same ports on the demonstration's public address, which half of the fleet calls."""
    chosen = [one for text in listeners or default for one in text.split(",")]
    twins = [f"127.0.0.2:{one.rpartition(':')[2]}" for one in chosen if one.startswith("127.0.0.1:")]
    return [*dict.fromkeys([*chosen, *twins])]


def _options(
    data: Path | None, http: list[str] | None, https: list[str] | None, config: Path | None
) -> Options:
    return ready(data=data, config=config, http=",".join(http or ()), https=",".join(https or ()))


def _run(options: Options, *parts: str, on_ready: object = None) -> None:
    from roomkeeper.serving.server import Parts, Process

    chosen = Parts(door="door" in parts, web="web" in parts, worker="worker" in parts)
    Process(options, chosen, on_ready=on_ready or _say_ready).run()  # type: ignore[arg-type]


def _say_ready(addresses: list[str]) -> None:
    typer.echo(" ".join(["ready", *addresses]))


def _port(addresses: list[str], scheme: str) -> str:
    return next((one.rpartition(":")[2] for one in addresses if one.startswith(f"{scheme}://")), "")
