"""Plans: which endpoints a fleet has, from the command line's words or a small TOML file."""

from __future__ import annotations

import ipaddress
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from roomkeeper.virtual.endpoint_plan import HTTP_PORT, HTTPS_PORT, EndpointPlan
from roomkeeper.virtual.faults import BadFault, Faults
from roomkeeper.virtual.identity import (
    FIRST_ADDRESS,
    LAN,
    MODES,
    EndpointIdentity,
    derive_address,
    derive_mac,
    derive_reported_address,
    derive_serial,
)
from roomkeeper.virtual.manager_address import BadManagerAddress, ManagerAddress
from roomkeeper.virtual.profile import UnknownProfile, load

DEFAULT_PROFILE = "room-kit-roomos10"
DEFAULT_SEED = "roomkeeper"


class BadPlan(ValueError):
    """The plan asks for something that cannot be."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One `[[endpoint]]` table, or the options of `virtual run`: `count` endpoints alike but for their identity."""

    manager: str = ""
    profile: str = DEFAULT_PROFILE
    mode: str = LAN
    secure: bool = False
    count: int = 1
    name: str = ""
    address: str = ""
    reported_address: str = ""
    reported_from: str = ""
    network: str = ""
    serial: str = ""
    mac: str = ""
    username: str = "admin"
    password: str = "roomkeeper"  # noqa: S105 - documented default
    http_port: int = HTTP_PORT
    https_port: int = HTTPS_PORT
    snmp_port: int = 0
    heartbeat: float = 900.0
    http_mode: str = ""
    rate_limit: bool = True
    factory_new: bool = False
    verify: bool | None = None
    ca_file: str = ""
    seed: str = DEFAULT_SEED
    reboot_seconds: float = 5.0
    start_jitter: float = 0.0
    calls_per_hour: float = 0.0
    site: str = ""
    faults: tuple[str, ...] = ()


_NAMES = {one.name for one in fields(Wish)}


def _check(wish: Wish) -> None:
    if wish.mode not in MODES:
        raise BadPlan(f"mode {wish.mode!r}: there are {', '.join(MODES)}")
    if wish.count < 1:
        raise BadPlan("count must be at least 1")
    if wish.count > 1 and (wish.serial or wish.mac or wish.reported_address):
        raise BadPlan("serial, mac and reported address can be given to a single endpoint only")
    if wish.heartbeat <= 0:
        raise BadPlan("heartbeat must be a positive number of seconds")
    try:
        load(wish.profile)
    except UnknownProfile as error:
        raise BadPlan(str(error)) from None
    _check_http_mode(wish)
    if not wish.manager:
        return
    try:
        manager = ManagerAddress.parse(wish.manager)
    except BadManagerAddress as error:
        raise BadPlan(str(error)) from None
    if wish.secure and manager.protocol != "HTTPS":
        raise BadPlan("a secure endpoint posts only by HTTPS: give a manager that begins with https://")


def _check_http_mode(wish: Wish) -> None:
    leaf = load(wish.profile).configuration.get("NetworkServices/HTTP/Mode")
    if wish.http_mode and (leaf is None or leaf.space.refusal(wish.http_mode) is not None):
        known = leaf.space.values if leaf is not None else ()
        raise BadPlan(f"http mode {wish.http_mode!r}: {wish.profile} has {', '.join(known) or 'none'}")


def expand(wish: Wish, *, offset: int = 0) -> list[EndpointPlan]:
    """The endpoints of one wish; the same wish gives the same identities on every run.  Raises BadPlan."""
    _check(wish)
    first = wish.address or FIRST_ADDRESS[wish.mode]
    ca_pem = Path(wish.ca_file).read_text(encoding="ascii") if wish.ca_file else ""
    title = wish.name or " ".join(word for word in (wish.site, load(wish.profile).platform) if word)
    prefix = load(wish.profile).dialect.serial_prefix
    plans = []
    for index in range(wish.count):
        number = offset + index
        try:
            address = derive_address(first, index if wish.address else number)
        except (ValueError, ipaddress.AddressValueError) as error:
            raise BadPlan(str(error)) from None
        # An address given by hand takes part in the seed: two groups of one mode stay apart.
        seed = f"{wish.seed}:{wish.profile}:{wish.address}"
        identity = EndpointIdentity(
            name=title if wish.name and wish.count == 1 else f"{title} {number + 1}",
            serial=wish.serial or derive_serial(seed, wish.mode, number, prefix),
            mac=_mac(wish.mac) or derive_mac(seed, wish.mode, number),
            address=address,
            reported_address=_reported(wish, address, index),
        )
        plans.append(
            EndpointPlan(
                identity,
                profile=wish.profile,
                mode=wish.mode,
                is_secure=wish.secure,
                manager=wish.manager,
                username=wish.username,
                password=wish.password,
                http_port=wish.http_port,
                https_port=wish.https_port,
                snmp_port=wish.snmp_port,
                heartbeat_seconds=wish.heartbeat,
                http_mode=wish.http_mode,
                is_rate_limited=wish.rate_limit,
                is_factory_new=wish.factory_new,
                is_verifying=wish.verify,
                ca_pem=ca_pem,
                reboot_seconds=wish.reboot_seconds,
                start_jitter_seconds=wish.start_jitter,
                calls_per_hour=wish.calls_per_hour,
                site=wish.site,
                faults=_faults(wish),
            )
        )
    return plans


def _reported(wish: Wish, address: str, index: int) -> str:
    """What the endpoint says its address is: as given, from its network's range, or as its mode has it (rule R2)."""
    if wish.reported_address:
        return wish.reported_address
    if wish.reported_from:
        return derive_address(wish.reported_from, index)
    return derive_reported_address(wish.mode, address)


def _faults(wish: Wish) -> tuple[tuple[str, str], ...]:
    """`slow_seconds=3` as a pair; a bare name switches on."""
    pairs = []
    for text in wish.faults:
        name, _, value = text.partition("=")
        try:
            Faults().change(name.strip(), value.strip() or "true")
        except BadFault as error:
            raise BadPlan(str(error)) from None
        pairs.append((name.strip(), value.strip() or "true"))
    return tuple(pairs)


def _mac(text: str) -> str:
    digits = text.replace(":", "").replace("-", "").replace(".", "").upper()
    if digits and (len(digits) != 12 or any(digit not in "0123456789ABCDEF" for digit in digits)):
        raise BadPlan(f"{text!r} is not a MAC address")
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def _wish(table: dict[str, Any], base: Wish, where: str) -> Wish:
    unknown = set(table) - _NAMES
    if unknown:
        raise BadPlan(f"{where}: unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(_NAMES))}")
    table = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    for name, value in table.items():
        wanted = type(getattr(Wish(), name))
        if name == "verify":
            wanted = bool
        if not isinstance(value, wanted) and not (wanted is float and isinstance(value, int)):
            raise BadPlan(f"{where}: {name} should be a {wanted.__name__}")
    return replace(base, **table)


def read_plan(path: Path, base: Wish | None = None) -> list[EndpointPlan]:
    """The endpoints of a plan file: `[defaults]`, `[[network]]` and `[[endpoint]]` tables.  Raises BadPlan, OSError.

    A network has a name and what its endpoints share: mode, manager, first address, first reported address, faults.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadPlan(f"{path}: {error}") from None
    unknown = set(data) - {"defaults", "network", "endpoint"}
    if unknown:
        raise BadPlan(
            f"{path}: unknown {', '.join(sorted(unknown))}; a plan has [defaults], [[network]] and [[endpoint]]"
        )
    defaults = _wish(data.get("defaults", {}), base or Wish(), f"{path}: defaults")
    networks = _networks(data.get("network", []), defaults, path)
    plans: list[EndpointPlan] = []
    used: dict[str, int] = {}
    for number, table in enumerate(data.get("endpoint", []), 1):
        where = f"{path}: endpoint {number}"
        name = table.get("network", "")
        if name and name not in networks:
            raise BadPlan(f"{where}: there is no network {name!r} in this plan")
        wish = _wish(table, networks.get(name, defaults), where)
        # Groups of one network, or of one mode that say no address, continue where the one before ended.
        key = f"network {name}" if name else wish.mode
        offset = 0 if wish.address and not name else used.get(key, 0)
        if name and offset:
            wish = _further_along(wish, offset, where)
        plans += expand(wish, offset=0 if name else offset)
        if name or not wish.address:
            used[key] = offset + wish.count
    check_apart(plans)
    return plans


def _networks(tables: list[dict[str, Any]], defaults: Wish, path: Path) -> dict[str, Wish]:
    networks: dict[str, Wish] = {}
    for number, table in enumerate(tables, 1):
        where = f"{path}: network {number}"
        name = table.get("name")
        if not isinstance(name, str) or not name or name in networks:
            raise BadPlan(f"{where}: needs a name of its own")
        wish = _wish({key: value for key, value in table.items() if key != "name"}, defaults, where)
        if not wish.address:
            raise BadPlan(f"{where}: needs the first address of its endpoints (address)")
        networks[name] = replace(wish, network=name)
    return networks


def _further_along(wish: Wish, offset: int, where: str) -> Wish:
    """The wish with its first addresses moved past those that its network has given out already."""
    try:
        moved = replace(wish, address=derive_address(wish.address, offset))
        if wish.reported_from:
            moved = replace(moved, reported_from=derive_address(wish.reported_from, offset))
    except ValueError as error:
        raise BadPlan(f"{where}: {error}") from None
    return moved


def check_apart(plans: list[EndpointPlan]) -> None:
    """No two endpoints may share a serial, a MAC or an address; raises BadPlan."""
    for what in ("serial", "mac", "address"):
        seen: set[str] = set()
        for plan in plans:
            value = getattr(plan.identity, what)
            if value in seen:
                raise BadPlan(f"two endpoints have the {what} {value}")
            seen.add(value)
