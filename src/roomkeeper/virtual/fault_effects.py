"""What throwing a fault switch does at once, beside being seen by who asks for it (`faults`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from roomkeeper.virtual import peripherals
from roomkeeper.virtual.calls import REMOTE_BUSY

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint

Effect = Callable[["VirtualEndpoint"], None]

_MANAGERS_SLOT = 3
_SERVICES = ("NetworkServices/HTTP/Mode", "NetworkServices/HTTPS/Mode")
_TOUCH_PANEL = "Touch panel"


def _tls(endpoint: VirtualEndpoint) -> None:
    endpoint.forget_tls_context()
    faults = endpoint.faults
    endpoint.outbound.is_tls_1_0_only = (
        faults.tls_1_0_only or faults.old_stack or faults.no_secure_renegotiation
    )


def _logins(endpoint: VirtualEndpoint) -> None:
    after = endpoint.faults.refuse_logins_after
    endpoint.logins.fail_after = None if after < 0 else after


def _lock_out(endpoint: VirtualEndpoint) -> None:
    endpoint.logins.is_locked = endpoint.faults.locked_out


def _rights(endpoint: VirtualEndpoint) -> None:
    roles = ("User",) if endpoint.faults.no_admin_rights else ("Admin", "User")
    endpoint.device.users[endpoint.plan.username].roles = roles


def _security(endpoint: VirtualEndpoint) -> None:
    endpoint.device.is_strong_security = endpoint.faults.strong_security


def _clear_slots(endpoint: VirtualEndpoint) -> None:
    for number in list(endpoint.device.slots):
        endpoint.feedback.stop_slot(number)
        endpoint.device.forget_feedback(number)


def _stop_feedback(endpoint: VirtualEndpoint) -> None:
    if endpoint.profile.dialect.feedback_after_failure == "deleted":
        if endpoint.faults.feedback_stopped:
            _clear_slots(endpoint)
        return
    for slot in endpoint.device.slots.values():
        endpoint.device.set_slot_status(slot, "Failed" if endpoint.faults.feedback_stopped else "OK")


def _lose_feedback(endpoint: VirtualEndpoint) -> None:
    if endpoint.faults.feedback_gone:
        _clear_slots(endpoint)


def _take_feedback(endpoint: VirtualEndpoint) -> None:
    url = endpoint.faults.feedback_taken
    if url:
        endpoint.feedback.stop_slot(_MANAGERS_SLOT)
        endpoint.device.register_feedback(_MANAGERS_SLOT, url, ["/Status/Call"], "XML")


def _point_elsewhere(endpoint: VirtualEndpoint) -> None:
    address = endpoint.faults.manager_address
    if address:
        endpoint.device.configuration.set(f"{endpoint.profile.dialect.manager_node}/Address", address)


def _keep(endpoint: VirtualEndpoint) -> None:
    leaf = endpoint.device.configuration.find_leaf(endpoint.faults.keeps_value)
    endpoint.device.configuration.keeps_silently = {leaf.path} if leaf is not None else set()


def _refuse(endpoint: VirtualEndpoint) -> None:
    leaf = endpoint.device.configuration.find_leaf(endpoint.faults.refuses_value)
    endpoint.device.configuration.refuses = {leaf.path} if leaf is not None else set()


def _move_source(endpoint: VirtualEndpoint) -> None:
    endpoint.outbound.source_address = endpoint.faults.source_address or endpoint.plan.identity.address


def _set_clock(endpoint: VirtualEndpoint) -> None:
    endpoint.device.clock_offset = timedelta(seconds=endpoint.faults.clock_offset_seconds)


def _turn_http(endpoint: VirtualEndpoint) -> None:
    """Back to what the plan says once the switch falls: what was set in between is not remembered."""
    configuration = endpoint.device.configuration
    if not endpoint.faults.http_off:
        for path, value in endpoint.planned_services().items():
            configuration.set(path, value)
        return
    for path in _SERVICES:
        if configuration.find_leaf(path) is not None:
            configuration.set(path, "Off")


def _call(endpoint: VirtualEndpoint) -> None:
    if endpoint.faults.second_call:
        call = endpoint.calls.receive("helpdesk@example.com")
        if endpoint.faults.second_call == "rejected":
            endpoint.calls.hang_up(call, REMOTE_BUSY)


def _unplug(endpoint: VirtualEndpoint) -> None:
    device, node = endpoint.device, "Peripherals/ConnectedDevice"
    listed = {
        device.status.find(f"{node}[{item}]/Name")
        for item in device.status.members(node)
        if device.status.find(f"{node}[{item}]/Type") == "TouchPanel"
    }
    for name in listed or {_TOUCH_PANEL}:
        if not listed or not endpoint.faults.touch_panel_unplugged:
            peripherals.connect(device, "TouchPanel", name)
        if endpoint.faults.touch_panel_unplugged:
            peripherals.lose(device, name)


EFFECTS: dict[str, Effect] = {
    "certificate": _tls,
    "key_changed": _tls,
    "tls_1_0_only": _tls,
    "old_ciphers": _tls,
    "old_stack": _tls,
    "no_secure_renegotiation": _tls,
    "refuse_logins_after": _logins,
    "locked_out": _lock_out,
    "no_admin_rights": _rights,
    "strong_security": _security,
    "feedback_stopped": _stop_feedback,
    "feedback_gone": _lose_feedback,
    "feedback_taken": _take_feedback,
    "manager_address": _point_elsewhere,
    "keeps_value": _keep,
    "refuses_value": _refuse,
    "source_address": _move_source,
    "clock_offset_seconds": _set_clock,
    "http_off": _turn_http,
    "second_call": _call,
    "touch_panel_unplugged": _unplug,
}
