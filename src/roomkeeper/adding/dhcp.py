"""Ready DHCP configuration that tells endpoints where their manager is: option 242 (protocol notes L)."""

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Final

from roomkeeper.provisioning.server_addresses import ManagerValues
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

OPTION: Final = 242
NAME: Final = "external-manager"
PLACEHOLDER: Final = "192.0.2.10"
# What the endpoint's own address setting takes (protocol notes M).
LONGEST: Final = 64
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME: Final = re.compile(rf"(?=.{{1,{LONGEST}}}$){_LABEL}(\.{_LABEL})*")


_SIDES: Final = (("internal", "LAN"), ("public", noop("public internet")))


class NoDhcpAddress(ValueError):
    """The option holds an IPv4 address or a host name of at most 64 characters, and this is neither."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """Configuration for one DHCP server. `is_checked`: our tests run that server's own check on it.

    Servers send an option only to clients that ask for it (protocol notes O). `forced` has it sent to everybody, ""
    where the server is not known to do that.
    """

    key: str
    label: str
    where: str
    text: str
    forced: str = ""
    is_checked: bool = False


def is_ipv4(address: str) -> bool:
    """Whether the option can hold it as four bytes."""
    try:
        return ipaddress.ip_address(address).version == 4
    except ValueError:
        return False


def can_be_told(address: str) -> bool:
    """Whether the option can hold it at all."""
    return is_ipv4(address) or (
        _NAME.fullmatch(address) is not None and not address.replace(".", "").isdigit()
    )


def snippets(address: str, *, is_text: bool) -> list[Snippet]:
    """The configuration for each DHCP server that we know. Raises `NoDhcpAddress`, so that only an address gets in.

    `is_text`: the address as text, which a name always is; else as four bytes. Sources name both forms, and none says
    which newer releases take. The option carries neither port nor path.
    """
    if not can_be_told(address) or not (is_text or is_ipv4(address)):
        raise NoDhcpAddress(
            _("{address!r} cannot be told by option {option}.", address=address, option=OPTION)
        )
    quoted = f'"{address}"' if is_text else address
    return [
        Snippet(
            "isc",
            "ISC dhcpd",
            _("The first line at the top of dhcpd.conf, the second in the subnet of your rooms."),
            f"option {NAME} code {OPTION} = {'text' if is_text else 'ip-address'};\noption {NAME} {quoted};",
            "option dhcp-parameter-request-list = concat(option dhcp-parameter-request-list, "
            f"{OPTION:02x});  # beside the second line",
        ),
        Snippet(
            "kea",
            "Kea",
            _("Merge it into kea-dhcp4.conf; option-data may stand in the subnet of your rooms instead."),
            _kea(address, is_text=is_text),
            _kea(address, is_text=is_text, always=True),
            is_checked=True,
        ),
        Snippet(
            "dnsmasq",
            "dnsmasq",
            _("In dnsmasq.conf, or a file in dnsmasq.d."),
            f"dhcp-option={OPTION},{quoted}",
            f"dhcp-option-force={OPTION},{quoted}",
            is_checked=True,
        ),
        Snippet(
            "powershell",
            "Windows Server (PowerShell)",
            _(
                "As an administrator, on the DHCP server. With -ScopeId behind the second command "
                "for one scope only."
            ),
            f'Add-DhcpServerv4OptionDefinition -OptionId {OPTION} -Name "{NAME}" '
            f"-Type {'String' if is_text else 'IPv4Address'}\n"
            f'Set-DhcpServerv4OptionValue -OptionId {OPTION} -Value "{address}"',
        ),
        Snippet(
            "netsh",
            "Windows Server (netsh)",
            _("The same for releases without those commands."),
            f'netsh dhcp server add optiondef {OPTION} "{NAME}" {"STRING" if is_text else "IPADDRESS"} 0\n'
            f"netsh dhcp server set optionvalue {OPTION} {'STRING' if is_text else 'IPADDRESS'} {quoted}",
        ),
        Snippet(
            "ios",
            "Cisco IOS",
            _("In configuration mode; put the name of your rooms' pool in place of ROOMS."),
            f"ip dhcp pool ROOMS\n option {OPTION} {'ascii' if is_text else 'ip'} {quoted}",
        ),
    ]


def _kea(address: str, *, is_text: bool, always: bool = False) -> str:
    kind = "string" if is_text else "ipv4-address"
    definition = {"name": NAME, "code": OPTION, "type": kind, "space": "dhcp4"}
    data: dict[str, object] = {"name": NAME, "space": "dhcp4", "data": address}
    if always:
        data["always-send"] = True
    return (
        '{\n  "Dhcp4": {\n'
        f'    "option-def": [\n      {json.dumps(definition)}\n    ],\n'
        f'    "option-data": [\n      {json.dumps(data)}\n    ]\n'
        "  }\n}"
    )


def option_choices(values: ManagerValues) -> dict[str, tuple[str, bool, str]]:
    """What the option can be given: key -> (address, as text, words), what is told first first."""
    choices: dict[str, tuple[str, bool, str]] = {}
    for side, place in _SIDES:
        for address in values.hosts(side):
            key = f"{side}-{'ipv4' if is_ipv4(address) else 'fqdn'}-text"
            if (
                not can_be_told(address)
                or key in choices
                or any(address == one for one, _text, _words in choices.values())
            ):
                continue
            if is_ipv4(address):
                choices[f"{side}-bytes"] = (
                    address,
                    False,
                    _("{address} as four bytes ({place})", address=address, place=_(place)),
                )
            choices[key] = (address, True, _("{address} as text ({place})", address=address, place=_(place)))
    return choices
