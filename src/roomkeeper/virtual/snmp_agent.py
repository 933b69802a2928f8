"""The SNMP agent of an endpoint: the seven objects of the system group, v1, v2c and v3 (protocol notes K).

It stands on pysnmp, which only those who give an endpoint an SNMP port need to have installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.proto.api import v2c
from pysnmp.proto.rfc1902 import ObjectName
from pysnmp.proto.rfc1905 import endOfMibView, noSuchInstance
from pysnmp.smi import error, instrum

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint

_SYSTEM = (1, 3, 6, 1, 2, 1, 1)
_SERVICES = 72
_WRITABLE = {
    4: "NetworkServices/SNMP/SystemContact",
    5: "SystemUnit/Name",
    6: "NetworkServices/SNMP/SystemLocation",
}
_AUTHENTICATION = {
    "SHA-224": config.USM_AUTH_HMAC128_SHA224,
    "SHA-256": config.USM_AUTH_HMAC192_SHA256,
    "SHA-384": config.USM_AUTH_HMAC256_SHA384,
    "SHA-512": config.USM_AUTH_HMAC384_SHA512,
}


def system_description(endpoint: VirtualEndpoint) -> str:
    """sysDescr: a codec has five lines (protocol notes K, from a walk of an SX80)."""
    device = endpoint.device
    return device.profile.dialect.snmp_description.format(
        version=device.version,
        product_id=device.profile.product_id,
        date=device.status.find("SystemUnit/Software/ReleaseDate"),
        serial=device.identity.serial,
    )


class SystemGroup(instrum.AbstractMibInstrumController):  # type: ignore[misc]
    """Reads and writes the system group straight from the device's configuration."""

    def __init__(self, endpoint: VirtualEndpoint) -> None:
        self._endpoint = endpoint

    def _value(self, number: int) -> Any:
        find = self._endpoint.device.configuration.find
        if number == 1:
            return v2c.OctetString(system_description(self._endpoint))
        if number == 2:
            return v2c.ObjectIdentifier(self._endpoint.profile.dialect.snmp_object_id)
        if number == 3:
            return v2c.TimeTicks(int(self._endpoint.device.uptime_seconds * 100))
        if number in _WRITABLE:
            text = self._endpoint.device.name if number == 5 else find(_WRITABLE[number])
            return v2c.OctetString(text.encode())
        return v2c.Integer(_SERVICES)

    @staticmethod
    def _number(name: Any) -> int | None:
        oid = tuple(name)
        is_ours = len(oid) == 9 and oid[:7] == _SYSTEM and oid[8] == 0 and 1 <= oid[7] <= 7
        return int(oid[7]) if is_ours else None

    def read_variables(self, *bindings: Any, **_: Any) -> list[Any]:
        """GET."""
        answers = []
        for name, _value in bindings:
            number = self._number(name)
            answers.append((name, noSuchInstance if number is None else self._value(number)))
        return answers

    def read_next_variables(self, *bindings: Any, **_: Any) -> list[Any]:
        """GETNEXT: the seven objects in order, then the end."""
        answers = []
        for name, _value in bindings:
            following = next((n for n in range(1, 8) if (*_SYSTEM, n, 0) > tuple(name)), None)
            if following is None:
                answers.append((name, endOfMibView))
            else:
                answers.append((ObjectName((*_SYSTEM, following, 0)), self._value(following)))
        return answers

    def write_variables(self, *bindings: Any, **_: Any) -> list[Any]:
        """SET: contact, name and location, where the mode is ReadWrite."""
        find = self._endpoint.device.configuration.find
        for index, (name, value) in enumerate(bindings):
            number = self._number(name)
            if number not in _WRITABLE or find("NetworkServices/SNMP/Mode") != "ReadWrite":
                raise error.NotWritableError(name=name, idx=index)
            try:
                self._endpoint.device.configuration.set(
                    _WRITABLE[number], bytes(value).decode("utf-8", "replace")
                )
            except ValueError:
                raise error.WrongValueError(name=name, idx=index) from None
        return list(bindings)


class SnmpAgent:
    """The agent of one endpoint; its engine is made anew when the settings change."""

    def __init__(self, endpoint: VirtualEndpoint, address: str, port: int) -> None:
        self._endpoint = endpoint
        self._address = address
        self._engine: Any = None
        self.port = port

    def open(self) -> None:
        """Listen, unless the mode is Off."""
        find = self._endpoint.device.configuration.find
        if find("NetworkServices/SNMP/Mode", "Off") == "Off":
            return
        self._engine = snmp = engine.SnmpEngine()
        transport = udp.UdpTransport().open_server_mode((self._address, self.port))
        config.add_transport(snmp, udp.DOMAIN_NAME, transport)
        community = find("NetworkServices/SNMP/CommunityName")
        if community:
            config.add_v1_system(snmp, "community", community)
            for model in (1, 2):
                config.add_vacm_user(snmp, model, "community", "noAuthNoPriv", _SYSTEM, _SYSTEM)
        if self._endpoint.profile.dialect.has_snmp_v3:
            for name, (protocol, authentication, privacy) in self._endpoint.device.shelf.snmp_users.items():
                config.add_v3_user(
                    snmp, name, _AUTHENTICATION[protocol], authentication, config.USM_PRIV_CFB128_AES, privacy
                )
                config.add_vacm_user(snmp, 3, name, "authPriv", _SYSTEM, _SYSTEM)
        answers = context.SnmpContext(snmp)
        answers.unregister_context_name(b"")
        answers.register_context_name(b"", SystemGroup(self._endpoint))
        for responder in (
            cmdrsp.GetCommandResponder,
            cmdrsp.NextCommandResponder,
            cmdrsp.BulkCommandResponder,
            cmdrsp.SetCommandResponder,
        ):
            responder(snmp, answers)
        snmp.transport_dispatcher.job_started(1)

    def close(self) -> None:
        """Stop listening."""
        if self._engine is not None:
            self._engine.close_dispatcher()
            self._engine = None

    def reconfigure(self) -> None:
        """Settings or users changed."""
        self.close()
        self.open()
