"""The product's own settings: one frozen `Options`, read from the environment and an optional TOML file.

Every field carries its one documented line; `docs/reference/settings.md` is generated from here.
"""

import dataclasses
import ipaddress
import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from roomkeeper import words
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

PREFIX = "ROOMKEEPER_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
DATABASE_FILE = "roomkeeper.sqlite3"


class SettingsError(ValueError):
    """A setting has a value that cannot be used."""


def _option(default: Any, line: str) -> Any:
    if callable(default):
        return dataclasses.field(default_factory=default, metadata={"line": line})
    return dataclasses.field(default=default, metadata={"line": line})


def _default_data() -> Path:
    home = os.environ.get("XDG_DATA_HOME")
    if home:
        return Path(home) / "roomkeeper"
    try:
        return Path.home() / ".local" / "share" / "roomkeeper"
    except RuntimeError as error:
        raise SettingsError(
            _(
                "This account has no home folder (HOME is not set), so there is no default data "
                "folder. Name one with --data or ROOMKEEPER_DATA."
            )
        ) from error


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """All settings with defaults that work. Sizes are bytes, durations seconds, rates per second."""

    data: Path = _option(_default_data, "Folder for the embedded database, keys, certificates and packages.")
    database_url: str = _option(
        "", "postgresql://user:password@host:port/name; unset: SQLite in the data folder."
    )
    http: tuple[str, ...] = _option(("127.0.0.1:8080",), "HTTP listeners, HOST:PORT, separated by commas.")
    https: tuple[str, ...] = _option(("127.0.0.1:8443",), "HTTPS listeners, HOST:PORT, separated by commas.")
    worker_http: tuple[str, ...] = _option(
        ("127.0.0.1:8090",),
        "Where a process with only background work answers /healthz, /readyz and /metrics, HOST:PORT;"
        " empty: nowhere.",
    )
    trusted_proxies: tuple[str, ...] = _option(
        (), "Networks (CIDR, separated by commas) of trusted proxies; see proxies_tell."
    )
    proxies_tell: str = _option(
        "x-forwarded",
        "How trusted proxies identify their clients: x-forwarded (X-Forwarded-For, -Host, -Proto), forwarded"
        " (Forwarded, RFC 7239) or proxy-protocol (versions 1 and 2, on all listeners). Nothing else is"
        " trusted.",
    )
    web_url: str = _option("", "Address of the pages as people type it; only used for links in mails.")
    tls_certificate: str = _option(
        "", "PEM file with the server's certificate chain; unset: one from Roomkeeper's own CA."
    )
    tls_key: str = _option("", "PEM file with the private key of tls_certificate.")
    event_size_limit: int = _option(256_000, "Largest identification event or phone book request, in bytes.")
    document_size_limit: int = _option(10_000_000, "Largest posted document or feedback, in bytes.")
    body_memory: int = _option(
        64_000_000,
        "Bytes of request bodies being read at the same time, in total; a quarter of it for callers"
        " without a known"
        " secret.",
    )
    upload_size_limit: int = _option(
        100_000_000,
        "Largest file that a signed-in person or a token uploads, in bytes; other request bodies are"
        " limited to 2.5 MB.",
    )
    unproven_rate: float = _option(
        20.0, "Posts a second that one source address may send without a known secret."
    )
    unproven_burst: int = _option(200, "Such posts at once before the rate applies.")
    connection_cap: int = _option(
        20_000, "Maximum open connections; above it, those of unproven callers are closed first."
    )
    header_timeout: float = _option(15.0, "Seconds within which a request's headers must be complete.")
    body_timeout: float = _option(
        60.0,
        "Seconds within which a device's body must be complete; it must come with 4 kB/s after the first"
        " five.",
    )
    inbox_limit: int = _option(
        10_000,
        "Maximum unknown systems in the inbox; above it, those that have been silent longest are removed.",
    )
    inbox_share: int = _option(
        200, "Maximum unknown systems from one source address in the inbox; further ones are only counted."
    )
    day_size_limit: int = _option(
        50_000_000,
        "Bytes of one system's posts kept in a day (UTC); above it only its newest documents are, and a"
        " ticket opens.",
    )
    day_versions_limit: int = _option(
        200,
        "Versions of one system's configuration kept in a day; above it the newest replaces the one before.",
    )
    retention_days: int = _option(90, "Days that history is kept, for every kind without its own exception.")
    retention: tuple[str, ...] = _option(
        (), "Exceptions from retention_days, KIND=DAYS separated by commas (timeline=30,claims=14)."
    )
    exchanges_kept: int = _option(50, "Full exchanges (request and answer) kept per system.")
    token_days: int = _option(90, "Days after which an API token expires by default.")
    metrics_are_open: bool = _option(False, "Serve /metrics without a token.")
    language: str = _option(
        words.ENGLISH, "Language of texts, of pages and of what is stored, such as de; it needs a catalogue."
    )
    log_file: str = _option("", "File for the server's log, opened again on SIGHUP; unset: standard error.")
    log_level: str = _option("info", "debug, info, warning or error.")


_WORDS = {bool: noop("true or false"), int: noop("a whole number"), float: "a number", Path: "a path"}
_SWITCH = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
PROXIES_TELL = ("x-forwarded", "forwarded", "proxy-protocol")
_LOG_LEVELS = ("debug", "info", "warning", "error")
# Without any of these nothing is refused by a rate or kept for want of room; 0 is a sensible wish there.
_MAY_BE_ZERO = {"unproven_rate", "unproven_burst", "inbox_limit", "inbox_share", "exchanges_kept"}


def _convert(name: str, kind: Any, value: Any) -> Any:
    try:
        if kind is Path:
            return _path(str(value))
        if kind is bool:
            return value if isinstance(value, bool) else _SWITCH[str(value).strip().lower()]
        if kind == tuple[str, ...]:
            parts = value if isinstance(value, list | tuple) else str(value).split(",")
            return tuple(str(part).strip() for part in parts if str(part).strip())
        return kind(value)
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(name, value, _("must be {kind}", kind=_(_WORDS.get(kind, "a text")))) from error


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError(_("its ~ has no home folder")) from error


def _check(name: str, value: Any) -> None:
    """Refuse what has the right kind and still cannot be used."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        least = 0 if name in _MAY_BE_ZERO else 1
        if not (least <= value < math.inf):
            raise _refused(name, value, _("must be at least {least}", least=least))
    elif name in ("http", "https", "worker_http"):
        for listener in value:
            port = listener.rpartition(":")[2]
            if ":" not in listener or not (port.isascii() and port.isdigit() and int(port) <= 65_535):
                raise _refused(
                    name, listener, _("must be HOST:PORT, such as 10.0.0.5:8080 or [2001:db8::5]:8080")
                )
    elif name == "database_url" and value:
        _check_database(value)
    elif name == "trusted_proxies":
        for network in value:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                # Passed over, it would be found out by every system having the proxy's address.
                raise _refused(
                    name,
                    network,
                    _(
                        "must be a network such as 10.20.0.0/16, without host bits before the mask, or one "
                        "address alone"
                    ),
                ) from error
    elif name == "proxies_tell" and value not in PROXIES_TELL:
        raise _refused(name, value, _("must be one of {proxies_tell}", proxies_tell=", ".join(PROXIES_TELL)))
    elif name == "language" and value not in words.languages():
        raise _refused(name, value, _("must be one of {languages}", languages=", ".join(words.languages())))
    elif name == "log_level" and value.lower() not in _LOG_LEVELS:
        raise _refused(name, value, _("must be one of {log_levels}", log_levels=", ".join(_LOG_LEVELS)))


def _check_database(value: str) -> None:
    """What is refused is not told: a password may be in it."""
    where = "postgresql://user:password@host:port/name"
    scheme, _rest, rest = value.partition("://")
    if scheme not in ("postgresql", "postgres") or not rest:
        raise SettingsError(
            _("Setting DATABASE_URL must begin with postgresql://, as in {where}.", where=where)
        )
    try:
        url = urlsplit(value)
        is_whole = bool(url.path.strip("/")) and not url.fragment and (url.port or 1) > 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise SettingsError(
            _(
                "Setting DATABASE_URL must be {where}; write special characters of a password as "
                "percent codes (# is %23, / is %2F, @ is %40).",
                where=where,
            )
        )


def _refused(name: str, value: object, sentence: str) -> SettingsError:
    return SettingsError(
        _(
            "Setting {name} cannot be {value!r}: it {sentence}.",
            name=name.upper(),
            value=value,
            sentence=sentence,
        )
    )


def load(environment: Mapping[str, str] | None = None, *, config: Path | None = None) -> Options:
    """Read the options: the environment wins over the TOML file, which wins over the defaults.

    Raises `SettingsError` naming the setting where a value or a name in the file cannot be used.
    """
    environment = os.environ if environment is None else environment
    kinds = get_type_hints(Options)
    config = config or (Path(environment[CONFIG_VARIABLE]) if environment.get(CONFIG_VARIABLE) else None)
    found: dict[str, Any] = {}
    if config is not None:
        try:
            # Editors on Windows put a mark of the byte order before the first word.
            found = tomllib.loads(config.read_text("utf-8-sig"))
        except OSError as error:
            raise SettingsError(
                _(
                    "The settings file {config} cannot be read: {strerror}.",
                    config=config,
                    strerror=error.strerror,
                )
            ) from error
        except UnicodeDecodeError as error:
            raise SettingsError(
                _("The settings file {config} is not UTF-8 text. Save it as UTF-8.", config=config)
            ) from error
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(
                _("The settings file {config} is not TOML: {error}.", config=config, error=error)
            ) from error
    values = {}
    for name, value in found.items():
        if name not in kinds:
            raise SettingsError(
                _(
                    "The settings file {config} names {name!r}, which is not a setting.",
                    config=config,
                    name=name,
                )
            )
        values[name] = _convert(name, kinds[name], value)
    for name, kind in kinds.items():
        if PREFIX + name.upper() in environment:
            values[name] = _convert(name, kind, environment[PREFIX + name.upper()])
    for name, value in values.items():
        _check(name, value)
    return Options(**values)


def described() -> list[tuple[str, str, str]]:
    """Every setting as (environment variable, default, its documented line)."""
    rows = []
    for field in dataclasses.fields(Options):
        default = "~/.local/share/roomkeeper" if field.name == "data" else field.default
        if isinstance(default, tuple):
            default = ",".join(default)
        rows.append((PREFIX + field.name.upper(), str(default), field.metadata["line"]))
    return rows
