"""Ready DHCP configuration that tells endpoints where their manager is: option 242 (protocol notes L)."""

import ipaddress

from roomkeeper.web.server_addresses import ManagerValues

OPTION = 242
PLACEHOLDER = "192.0.2.10"


def snippets(values: ManagerValues) -> list[tuple[str, str, str]]:
    """(key, name of the DHCP server, configuration) for each that we know.

    The option is four raw bytes where the address is an IPv4 one, and a string where it is a name: the sources name
    both forms, and no source says which newer releases take. It carries neither port nor path.
    """
    address = values.internal or PLACEHOLDER
    raw = _is_ipv4(address)
    kea_type, windows_type = ("ipv4-address", "IPADDRESS") if raw else ("string", "STRING")
    quoted = address if raw else f'"{address}"'
    kea = (
        '{\n  "Dhcp4": {\n    "option-def": [\n'
        f'      {{ "name": "roomkeeper", "code": {OPTION}, "type": "{kea_type}", "space": "dhcp4" }}\n    ],\n'
        '    "option-data": [\n'
        f'      {{ "name": "roomkeeper", "space": "dhcp4", "data": "{address}" }}\n    ]\n  }}\n}}'
    )
    windows = (
        f'netsh dhcp server add optiondef {OPTION} "Roomkeeper" {windows_type}\n'
        f"netsh dhcp server set optionvalue {OPTION} {windows_type} {quoted}"
    )
    return [
        (
            "isc",
            "ISC dhcpd",
            f"option roomkeeper code {OPTION} = {'ip-address' if raw else 'text'};\noption roomkeeper {quoted};",
        ),
        ("kea", "Kea", kea),
        ("dnsmasq", "dnsmasq", f"dhcp-option={OPTION},{quoted}"),
        ("windows", "Windows Server", windows),
        ("ios", "Cisco IOS", f"ip dhcp pool ROOMS\n option {OPTION} {'ip' if raw else 'ascii'} {quoted}"),
    ]


def _is_ipv4(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 4
    except ValueError:
        return False
