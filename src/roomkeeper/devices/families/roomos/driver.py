"""The driver of TC, CE and RoomOS endpoints over their HTTP API (protocol notes D). Differences: `quirks`."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, TypeVar

from roomkeeper.devices import errors
from roomkeeper.devices.client import FIRST_READ, WHOLE_DOCUMENT
from roomkeeper.devices.driver import Driver
from roomkeeper.devices.facts import Facts, FeedbackSlot, WriteOutcome
from roomkeeper.devices.families.roomos import services
from roomkeeper.devices.families.roomos.quirks import quirks_of
from roomkeeper.devices.feedback_slots import find_slots
from roomkeeper.devices.login import Login
from roomkeeper.devices.quirks import Quirks
from roomkeeper.protocols.errors import ProtocolError
from roomkeeper.protocols.identification import same_serial
from roomkeeper.protocols.xapi.command import (
    CommandCall,
    CommandDocument,
    CommandResult,
    decode_command_document,
    decode_command_result,
    encode_commands,
)
from roomkeeper.protocols.xapi.configuration import (
    ConfigurationDocument,
    ConfigurationLeaf,
    ConfigurationResult,
    decode_configuration,
    decode_configuration_result,
    encode_configuration,
)
from roomkeeper.protocols.xapi.paths import match_key
from roomkeeper.protocols.xapi.status import StatusDocument, decode_status, first_value
from roomkeeper.protocols.xapi.values import is_same, type_of
from roomkeeper.protocols.xapi.valuespace import ValueSpace, decode_valuespace
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

_Decoded = TypeVar("_Decoded")
_HIDDEN: Final = "***"
_DOCUMENTS: Final = {
    "status": ("/status.xml", noop("reading its status")),
    "configuration": ("/configuration.xml", noop("reading its configuration")),
    "valuespace": ("/valuespace.xml", noop("reading its value spaces")),
    "command": ("/command.xml", noop("reading its commands")),
}


class FamilyDriver(Driver):
    """Talks to one endpoint. The first thing it does is to read who it is; only then it writes (rule R6)."""

    _facts: Facts | None = None

    async def identify(self) -> Facts:
        """Who it is, by SystemUnit and Network (protocol notes I.1)."""
        doing = _("identifying it")
        unit = (await self._read(FIRST_READ, decode_status, doing)).values
        network = (await self._read("/getxml?location=/Status/Network", decode_status, doing)).values
        self._facts = Facts(
            family=self.family.name,
            product_type=first_value(unit, "SystemUnit/ProductType"),
            product=first_value(unit, "SystemUnit/ProductId"),
            platform=first_value(unit, "SystemUnit/ProductPlatform"),
            software_version=first_value(unit, "SystemUnit/Software/Version"),
            serial_number=first_value(unit, "SystemUnit/Hardware/Module/SerialNumber"),
            mac_address=first_value(network, "Network/Ethernet/MacAddress"),
            tls_key=self.client.seen_key,
        )
        self.software_version = self._facts.software_version
        return self._facts

    async def fetch_document(self, kind: str) -> bytes:
        """A whole document as the device sends it (protocol notes D.1)."""
        path, doing = _DOCUMENTS[kind]
        return await self.client.get(path, doing=_(doing), patience=WHOLE_DOCUMENT)

    async def read_status(self) -> StatusDocument:
        """Its whole status."""
        return await self._read_document("status", decode_status)

    async def read_configuration(self) -> ConfigurationDocument:
        """What is set on it."""
        return await self._read_document("configuration", decode_configuration)

    async def read_valuespace(self) -> dict[str, ValueSpace]:
        """What its settings may hold."""
        return await self._read_document("valuespace", decode_valuespace)

    async def read_command_document(self) -> CommandDocument:
        """Which commands it has."""
        return await self._read_document("command", decode_command_document)

    async def read_feedback(self) -> tuple[FeedbackSlot, ...]:
        """Its registered slots; only used ones appear (protocol notes C.3)."""
        document = await self._read(
            "/getxml?location=/Status/HttpFeedback", decode_status, _("reading its feedback slots")
        )
        return find_slots(document.values)

    async def read_services(self) -> dict[str, str]:
        """Its settings of network services, by canonical path (protocol notes M)."""
        document = await self._read(
            f"/getxml?location={services.LOCATION}", _decode_services, _("reading its network services")
        )
        return {path: leaf.value for path, leaf in document.items()}

    async def write_configuration(self, values: Mapping[str, str]) -> WriteOutcome:
        """Set those values and no others (protocol notes D.5; rule R12).

        Done is what it says it took, or shows when read back. A device may refuse everything for one setting: the
        others are then sent once more without it. Raises ValueError for what XML cannot hold.
        """
        if not values:
            return WriteOutcome()
        outcome = await self._write(values)
        doubtful = (*outcome.unproven, *outcome.unreadable)
        if not outcome.rejected or not doubtful:
            return outcome
        others = await self._write({path: values[path] for path in doubtful})
        return WriteOutcome(
            (*outcome.applied, *others.applied),
            (*outcome.rejected, *others.rejected),
            others.unreadable,
            others.unproven,
        )

    async def _write(self, values: Mapping[str, str]) -> WriteOutcome:
        doing = _("writing settings")
        quirks = await self._prepare_to_write()
        body = encode_configuration(values, quirks.dialect)
        result = ConfigurationResult(ok=False)
        # An answer that cannot be read says nothing of what it did with the settings.
        with suppress(errors.NotXml):
            answer = await self.client.post("/putxml", body, doing=doing)
            result = self._decode(answer, decode_configuration_result, doing)
        if result.ok:
            return WriteOutcome(applied=tuple(values))
        return self._compare(values, result, await self.read_configuration())

    def _compare(
        self, values: Mapping[str, str], result: ConfigurationResult, found: ConfigurationDocument
    ) -> WriteOutcome:
        refused = {_key(path): words for path, words in result.errors if path}
        general = " ".join(words for path, words in result.errors if not path)
        if not refused.keys() & {_key(path) for path in values}:
            # Of settings that were not written, by their names: then the words are about all of them.
            general = " ".join(words for _, words in result.errors)
        holds = {_key(path): leaf for path, leaf in found.settings.items()}
        applied, rejected, unreadable, unproven = [], [], [], []
        for path, wanted in values.items():
            key = _key(path)
            leaf = holds.get(key)
            if key in refused:
                rejected.append(self._rejected(path, refused[key]))
            elif leaf is not None and is_same(leaf.value, wanted, type_of(path, leaf.value_space_ref)):
                applied.append(path)
            elif leaf is not None and leaf.value == _HIDDEN and not general:
                unreadable.append(path)
            elif general or (leaf is None and result.errors):
                rejected.append(self._rejected(path, general or _("It is not on this device.")))
            else:
                unproven.append(path)
        return WriteOutcome(tuple(applied), tuple(rejected), tuple(unreadable), tuple(unproven))

    async def run_command(self, call: CommandCall) -> CommandResult:
        """Run one command (protocol notes D.6)."""
        return await self._run(call, _("running {path}", path=call.path))

    async def register_feedback(self, url: str, *, slot: int | None = None) -> None:
        """Register the manifest's expressions as its release names them, in the manifest's slot unless told another
        (protocol notes C.1)."""
        quirks = await self._prepare_to_write()
        feedback = self.family.feedback
        doing = _("registering feedback")
        if feedback is None or len(url) > quirks.feedback_url_length:
            evidence = _(
                "It accepts addresses of at most {feedback_url_length} characters.",
                feedback_url_length=quirks.feedback_url_length,
            )
            raise errors.Unsupported(evidence=evidence).about(self.client.target.whom, doing)
        call = CommandCall(
            "HttpFeedback/Register",
            (
                ("FeedbackSlot", str(slot or feedback.slot)),
                ("ServerUrl", url),
                ("Expression", quirks.expressions(feedback.expressions)),
                *quirks.feedback_arguments,
            ),
        )
        await self._run(call, doing)

    async def restart(self) -> None:
        """Restart it; it answers before it goes down."""
        quirks = await self._prepare_to_write()
        listed = None
        if not quirks.restart_takes_action:
            try:
                listed = (await self.read_command_document()).commands.get(quirks.restart_command)
            except errors.NotXml:
                # One that cannot tell what it takes is asked for what all take.
                listed = None
        await self._run(quirks.restart_call(listed), _("restarting it"))

    async def set_password(self, username: str, password: str) -> None:
        """Set an account's password (protocol notes J); TC can only set that of `admin`."""
        quirks = await self._prepare_to_write()
        login = self.client.target.login
        if quirks.password_account and username != quirks.password_account:
            evidence = _(
                "Its release can only set the password of {password_account}.",
                password_account=quirks.password_account,
            )
            raise errors.Unsupported(evidence=evidence).about(
                self.client.target.whom, _("setting a password")
            )
        call = quirks.password_call(username, password, login.password if login else "")
        await self._run(call, _("setting a password"))
        if login is not None and login.username == username:
            self.client.use_login(Login(username, password, has_worked=True))

    async def show_message(self, text: str, *, title: str = "", seconds: int = 0) -> None:
        """Show a message on its screen."""
        quirks = await self._prepare_to_write()
        arguments = [("Text", text), ("Duration", str(seconds))]
        if title:
            arguments.append(("Title", title))
        await self._run(CommandCall(quirks.message_command, tuple(arguments)), _("showing a message"))

    # How

    async def _prepare_to_write(self) -> Quirks:
        """Make sure that it is the device that is meant (rule R6). Raises `WrongDevice`."""
        facts = self._facts or await self.identify()
        expected = self.client.target.serial_number
        if expected and not same_serial(facts.serial_number, expected):
            raise errors.WrongDevice(expected=expected, found=facts.serial_number).about(
                self.client.target.whom, _("checking its identity before writing")
            )
        return quirks_of(facts.software_version)

    async def _run(self, call: CommandCall, doing: str) -> CommandResult:
        quirks = await self._prepare_to_write()
        answer = await self.client.post("/putxml", encode_commands([call]), doing=doing)
        results = self._decode(answer, decode_command_result, doing)
        whom = self.client.target.whom
        if not results:
            raise errors.Unsupported(
                evidence=_("Its release has {path} with other parameters, or not at all.", path=call.path)
            ).about(whom, doing)
        result = results[0]
        if result.ok:
            return result
        if not result.reason:
            # Whether it ran is not known, so nothing says that it did (rule R12).
            raise errors.UnexpectedAnswer(
                _("The device did not say whether it did it. Check what it reports next."),
                evidence=_("It answered {name} without a status.", name=result.name[:60]),
                first_bytes=answer,
            ).about(whom, doing)
        if result.name in ("ActionError", "Fault"):
            raise errors.Unsupported(evidence=_("It says: {reason}", reason=result.reason)).about(whom, doing)
        if quirks.forbidden_words.search(result.reason):
            raise errors.NotAdministrator(evidence=_("It says: {reason}", reason=result.reason)).about(
                whom, doing
            )
        raise self._rejected(call.path, result.reason)

    def _rejected(self, path: str, words: str) -> errors.Rejected:
        return errors.Rejected(path=path, words=words).about(self.client.target.whom)

    async def _read(self, path: str, decode: Callable[[bytes], _Decoded], doing: str) -> _Decoded:
        return self._decode(await self.client.get(path, doing=doing), decode, doing)

    async def _read_document(self, kind: str, decode: Callable[[bytes], _Decoded]) -> _Decoded:
        return self._decode(await self.fetch_document(kind), decode, _(_DOCUMENTS[kind][1]))

    def _decode(self, data: bytes, decode: Callable[[bytes], _Decoded], doing: str) -> _Decoded:
        try:
            return decode(data)
        except ProtocolError as error:
            found = errors.NotXml(first_bytes=data, detail=str(error))
            raise found.about(self.client.target.whom, doing) from error


def _key(path: str) -> str:
    """The form for comparing; what a device says as a path may be none."""
    try:
        return match_key(path)
    except ProtocolError:
        return path


def _decode_services(data: bytes) -> Mapping[str, ConfigurationLeaf]:
    """Nothing for a release that answers with an empty result."""
    return {} if b"EmptyResult" in data[:200] else decode_configuration(data).settings
