"""Commands of the unit itself: restart, reset, upgrade, standby, messages on the screen (notes G, I.4, J)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roomkeeper.virtual.commands.registry import CommandFailed, command
from roomkeeper.virtual.xml_in import PostedCall, SoftwarePackage
from roomkeeper.virtual.xml_out import Result

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint


@command("Boot")
@command("SystemUnit/Boot")
def boot(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Restart, or shut down, a moment after the answer."""
    endpoint.restart_soon(call.first("Action", "Restart"))
    return {}


@command("SystemUnit/FactoryReset")
def factory_reset(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Forget everything but what Keep names, then restart."""
    device, keep = endpoint.device, set(call.all("Keep"))
    kept = {"Network": "Network[1]/", "Provisioning": "Provisioning/", "HTTP": "NetworkServices/HTTP"}
    device.configuration.reset(tuple(prefix for word, prefix in kept.items() if word in keep))
    for number in list(device.slots):
        endpoint.feedback.stop_slot(number)
        device.forget_feedback(number)
    device.shelf.bookings.clear()
    device.shelf.macros.clear()
    device.shelf.panels.clear()
    device.shelf.call_history.clear()
    if "Certificates" not in keep:
        device.shelf.authorities.clear()
    device.out_of_the_box(endpoint.plan.username)
    endpoint.logins.forget_all()
    device.raise_event("SystemUnit/FactoryResetInitiated", {})
    action = call.first("TrailingAction", "Restart")
    if action != "NoAction":
        endpoint.restart_soon(action)
    return {}


@command("SystemUnit/SoftwareUpgrade")
def software_upgrade(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Fetch a package and install it; unforced, the user may postpone (TC knows no Forced)."""
    if endpoint.device.is_strong_security:
        raise CommandFailed("Software upgrade is not allowed in this security mode")
    is_forced = call.first("Forced", "True") == "True"
    endpoint.upgrades.offer(SoftwarePackage(call.first("URL")), is_forced=is_forced)
    return {}


@command("Provisioning/CompleteUpgrade")
def complete_upgrade(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Install what waits."""
    if not endpoint.upgrades.complete():
        raise CommandFailed("No upgrade is waiting")
    return {}


@command("Provisioning/StartUpgrade")
def start_upgrade(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """The older word for it."""
    if not endpoint.upgrades.complete():
        raise CommandFailed("No upgrade is waiting")
    return {}


@command("Provisioning/PostponeUpgrade")
def postpone_upgrade(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Later."""
    if not endpoint.upgrades.postpone(int(call.first("SecondsToPostpone"))):
        raise CommandFailed("No upgrade is waiting")
    return {}


def _standby(endpoint: VirtualEndpoint, state: str) -> Result:
    if "Standby/Active" in endpoint.device.profile.status:
        endpoint.device.status.set({"Standby/Active": "On" if state == "Standby" else "Off"})
    else:
        endpoint.device.status.set({"Standby/State": state})
    return {}


@command("Standby/Activate")
def sleep(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Go to sleep."""
    return _standby(endpoint, "Standby")


@command("Standby/Deactivate")
def wake(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Wake up."""
    return _standby(endpoint, "Off")


@command("Standby/Halfwake")
def half_wake(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Wake a little."""
    return _standby(endpoint, "Halfwake")


@command("Standby/ResetTimer")
def reset_timer(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Stay awake for so many minutes."""
    _standby(endpoint, "Off")
    endpoint.device.raise_event("Standby/Reset", {"Delay": call.first("Delay")})
    return {}


@command("SystemUnit/Notifications/RemoveAll")
def remove_notifications(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Forget notifications."""
    for number in endpoint.device.status.members("SystemUnit/Notifications/Notification"):
        endpoint.device.status.remove(f"SystemUnit/Notifications/Notification[{number}]")
    return {}


@command("SystemUnit/OptionKey/Add")
def add_option_key(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Take a key; which option it opens is not for a twin to know."""
    endpoint.device.shelf.option_keys.append(call.first("Key"))
    return {}


@command("SystemUnit/OptionKey/List")
def list_option_keys(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """The options and whether they are there."""
    node = "SystemUnit/Software/OptionKeys"
    return {
        "OptionKey": [
            {"Active": value, "Installed": value, "Type": path.rpartition("/")[2]}
            for path, value in endpoint.device.status.under(node).items()
        ]
    }


@command("Time/DateTime/Get")
def get_time(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """The time of day."""
    now = endpoint.clock.now() + endpoint.device.clock_offset
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    return {name: str(getattr(now, name.lower())) for name in names}


@command("Diagnostics/Run")
def run_diagnostics(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """The messages as they stand."""
    messages: list[Result] = []
    listed = f"{endpoint.profile.dialect.diagnostics_node}/Message"
    for number in endpoint.device.status.members(listed):
        node = f"{listed}[{number}]/"
        found = endpoint.device.status.under(node.rstrip("/"))
        messages.append({path.removeprefix(node): value for path, value in found.items()})
    return {"Message": messages}


@command("Message/Prompt/Display")
@command("UserInterface/Message/Prompt/Display")
def display_prompt(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """Ask the room something; the answer comes with Prompt/Response."""
    endpoint.device.shelf.prompt = call.first("FeedbackId")
    return {}


@command("Message/Prompt/Response")
@command("UserInterface/Message/Prompt/Response")
def answer_prompt(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """As if somebody had pressed a button; the event is named as the command is (TC: protocol notes O)."""
    is_tc = "Message/Prompt/Response" in endpoint.profile.commands
    endpoint.device.raise_event(
        "Message/Prompt/Response" if is_tc else "UserInterface/Message/Prompt/Response",
        {"FeedbackId": call.first("FeedbackId"), "OptionId": call.first("OptionId")},
    )
    return {}


@command("Network/SNMP/USM/User/Add")
def add_snmp_user(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """A user of SNMP v3 (protocol notes K)."""
    name = call.first("Name")
    if name in endpoint.device.shelf.snmp_users:
        raise CommandFailed("User already exists")
    endpoint.device.shelf.snmp_users[name] = (
        call.first("AuthenticationProtocol"),
        call.first("AuthenticationPassword"),
        call.first("PrivacyPassword"),
    )
    endpoint.snmp_changed()
    return {}


@command("Network/SNMP/USM/User/Delete")
def delete_snmp_user(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """No longer a user of SNMP v3."""
    if endpoint.device.shelf.snmp_users.pop(call.first("Name"), None) is None:
        raise CommandFailed("No such user")
    endpoint.snmp_changed()
    return {}


@command("Network/SNMP/USM/User/List")
def list_snmp_users(endpoint: VirtualEndpoint, call: PostedCall) -> Result:
    """The users of SNMP v3, without their passwords."""
    users = endpoint.device.shelf.snmp_users.items()
    return {"User": [{"AuthenticationProtocol": one[0], "Name": name} for name, one in users]}
