"""A small web page per endpoint: its touch panel, for people who try things out."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING
from urllib.parse import quote

from roomkeeper.virtual import phonebook_client

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint
    from roomkeeper.virtual.fleet import Fleet

_STYLE = """
body{font:16px/1.45 system-ui,sans-serif;
margin:2rem auto;max-width:46rem;padding:0 1rem;color:#1a2233;background:#f4f6fa}
@media(prefers-color-scheme:dark){body{color:#e4e8f0;background:#141a26}section,table{background:#1d2535!important}}
section{background:#fff;border-radius:.6rem;padding:1rem 1.2rem;margin:1rem 0}
h1{font-size:1.5rem}h2{font-size:1.05rem;margin:0 0 .6rem}
dl{display:grid;grid-template-columns:12rem 1fr;gap:.2rem .8rem;margin:0}dt{opacity:.7}dd{margin:0}
input,button,select{font:inherit;padding:.35rem .6rem;border-radius:.4rem;border:1px solid #9aa7bf}
form{display:flex;gap:.5rem;flex-wrap:wrap;margin:.4rem 0}
"""


def _page(title: str, body: str) -> str:
    return (
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def fleet_page(fleet: Fleet) -> str:
    """All endpoints, each a link to its panel."""
    rows = "".join(
        f"<tr><td><a href='/panel/{html.escape(one.plan.identity.serial)}'>{html.escape(one.device.name)}</a></td>"
        f"<td>{html.escape(one.profile.title)}</td><td>{one.plan.mode}</td>"
        f"<td>{html.escape(one.status.find('Provisioning/Status'))}</td></tr>"
        for one in list(fleet)[:500]
    )
    return _page("Virtual endpoints", f"<h1>Virtual endpoints</h1><section><table>{rows}</table></section>")


async def panel_page(
    endpoint: VirtualEndpoint, query: str | None, message: str = "", *, folder: str = ""
) -> str:
    """State, dial, phone book (what is searched in a folder of it), a setting by hand."""
    device, identity = endpoint.device, endpoint.plan.identity
    base = f"/panel/{html.escape(identity.serial)}"
    facts = {
        "Model": endpoint.profile.title,
        "Software": device.version,
        "Serial number": identity.serial,
        "MAC address": identity.mac,
        "Address": f"{identity.reported_address} (really {identity.address})",
        "Manager": device.configuration.find("Provisioning/ExternalManager/Address") or "none",
        "Provisioning": device.status.find("Provisioning/Status"),
        "Standby": device.status.find("Standby/State") or device.status.find("Standby/Active"),
        "Volume": device.status.find("Audio/Volume"),
        "Software upgrade": device.status.find("Provisioning/Software/UpgradeStatus/Phase"),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    note = f"<section role='status'>{html.escape(message)}</section>" if message else ""
    return _page(
        device.name,
        f"<p><a href='/'>All endpoints</a></p><h1>{html.escape(device.name)}</h1>{note}"
        f"<section><h2>State</h2><dl>{listed}</dl></section>"
        f"<section><h2>Call</h2>{_calls(endpoint, base)}</section>"
        f"<section><h2>Phone book</h2>{await _phone_book(endpoint, base, query, folder)}</section>"
        f"<section><h2>Setting</h2><form method='post' action='{base}/set'><label>Path "
        "<input name='path' size='36' value='SystemUnit/Name'></label><label>Value <input name='value'></label>"
        "<button>Change</button></form></section>"
        f"<section><h2>Unit</h2><form method='post' action='{base}/do'>"
        "<button name='act' value='boot'>Restart</button><button name='act' value='beat'>Phone home now</button>"
        "<button name='act' value='wake'>Wake</button><button name='act' value='sleep'>Standby</button>"
        "<button name='act' value='later'>Postpone upgrade by an hour</button></form></section>",
    )


def _calls(endpoint: VirtualEndpoint, base: str) -> str:
    rows = "".join(
        f"<form method='post' action='{base}/do'><span>{html.escape(call.display_name)}: {call.status}</span>"
        f"<input type='hidden' name='call' value='{call.id}'>"
        + ("<button name='act' value='answer'>Answer</button>" if call.status == "Ringing" else "")
        + "<button name='act' value='hang-up'>End</button></form>"
        for call in endpoint.calls.calls.values()
    )
    return (
        f"{rows}<form method='post' action='{base}/do'><label>Number <input name='number' required></label>"
        "<button name='act' value='dial'>Call</button></form>"
    )


async def _phone_book(endpoint: VirtualEndpoint, base: str, query: str | None, folder: str) -> str:
    form = (
        f"<form method='get' action='{base}'><label>Search <input name='q' value='{html.escape(query or '')}'></label>"
        "<button>Search</button></form>"
    )
    if folder:
        form += f"<p><a href='{base}?q='>All phone books</a></p>"
    if query is None:
        return form
    try:
        found = await phonebook_client.search(endpoint, query, folder=folder)
    except phonebook_client.PhoneBookError as error:
        return form + f"<p>{html.escape(str(error))}</p>"
    names = "".join(
        f"<li><a href='{base}?q=&amp;folder={quote(number)}'>{html.escape(name)}</a> (folder)</li>"
        for number, name in found.folders
    )
    for entry in found.entries:
        numbers = "".join(_call_button(base, number, protocol) for protocol, number, _ in entry.routes)
        names += f"<li>{html.escape(entry.name)}{numbers}</li>"
    return form + (f"<ul>{names}</ul>" if names else "<p>Nothing found.</p>")


def _call_button(base: str, number: str, protocol: str) -> str:
    return (
        f"<form method='post' action='{base}/do'><span>{html.escape(f'{number} ({protocol})')}</span>"
        f"<input type='hidden' name='number' value='{html.escape(number)}'>"
        f"<button name='act' value='dial' aria-label='Call {html.escape(number)}'>Call</button></form>"
    )
