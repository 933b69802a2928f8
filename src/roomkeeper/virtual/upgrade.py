"""Software upgrades: the phases from an offer to the next boot (protocol notes G; the sequence is ours)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from roomkeeper.virtual import wire_out
from roomkeeper.virtual.outbound import OutboundError
from roomkeeper.virtual.xml_in import SoftwarePackage

if TYPE_CHECKING:
    from roomkeeper.virtual.endpoint import VirtualEndpoint

_NODE = "Provisioning/Software/UpgradeStatus"
_STEP_SECONDS = 1.0
_MOST_BYTES = 500_000_000


class UpgradeDesk:
    """At most one upgrade at a time."""

    def __init__(self, endpoint: VirtualEndpoint) -> None:
        self._endpoint = endpoint
        self._device = endpoint.device
        self._task: asyncio.Task[None] | None = None
        self._go = asyncio.Event()
        self._package: SoftwarePackage | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether a downloaded package waits for the user."""
        return self._device.status.find(f"{_NODE}/Phase") in ("Postponed", "DownloadDone")

    def offer(self, package: SoftwarePackage, *, is_forced: bool) -> None:
        """Begin to download; the same package again changes nothing while it is in progress."""
        if self._task is not None and not self._task.done():
            if self._package is not None and self._package.url == package.url:
                return
            self._task.cancel()
        self._package = package
        self._go = asyncio.Event()
        if is_forced:
            self._go.set()
        self._task = self._endpoint.later(self._run(package))

    def complete(self) -> bool:
        """Install now; False where nothing waits."""
        if self._task is None or self._task.done():
            return False
        self._go.set()
        return True

    def postpone(self, seconds: int) -> bool:
        """The user wants it later; False where nothing waits."""
        if self._task is None or self._task.done():
            return False
        self._go.clear()
        self._endpoint.later(self._resume_after(seconds))
        self._device.status.set(
            {f"{_NODE}/Phase": "Postponed", f"{_NODE}/Message": f"Postponed for {seconds} seconds"}
        )
        return True

    async def _resume_after(self, seconds: int) -> None:
        go = self._go
        await self._endpoint.clock.sleep(seconds)
        go.set()

    async def _say(self, status: str, phase: str, message: str = "") -> None:
        package = self._package or SoftwarePackage("")
        self._device.status.set(
            {
                f"{_NODE}/LastChange": self._endpoint.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                f"{_NODE}/Message": message,
                f"{_NODE}/Phase": phase,
                f"{_NODE}/SessionId": package.session_id,
                f"{_NODE}/Status": status,
                f"{_NODE}/URL": package.url,
                f"{_NODE}/VersionId": package.version_id,
            }
        )
        if package.feedback_url:
            try:
                await self._endpoint.outbound.post(
                    package.feedback_url,
                    wire_out.upgrade_status(self._device),
                    {"Content-Type": wire_out.XML_TYPE},
                    tls_setting="Provisioning/TlsVerify",
                )
            except OutboundError:
                # The manager learns it from the next report.
                return

    async def _run(self, package: SoftwarePackage) -> None:
        faults = self._endpoint.faults
        await self._say("InProgress", "DownloadPending")
        if self._device.is_strong_security:
            await self._say("Failed", "None", "Software upgrade is not allowed in this security mode")
            return
        await self._say("InProgress", "Downloading", "Downloading: 0%")
        try:
            size = await self._endpoint.outbound.download(
                package.url, _MOST_BYTES, tls_setting="Provisioning/TlsVerify"
            )
        except OutboundError as error:
            await self._say("Failed", "None", f"Download failed: {error}")
            return
        if faults.is_disk_full:
            await self._say("Failed", "None", "Not enough space left on the device")
            return
        if faults.is_checksum_wrong or size == 0:
            await self._say("InstallationFailed", "None", "Checksum of the package is wrong")
            return
        await self._say("InProgress", "DownloadDone", "Downloading: 100%")
        self._device.raise_event("SoftwareUpgrade", {"Type": "Available"})
        await self._go.wait()
        await self._say("InProgress", "AboutToInstallUpgrade")
        await self._endpoint.clock.sleep(_STEP_SECONDS)
        await self._say("InProgress", "Installing")
        await self._endpoint.clock.sleep(_STEP_SECONDS)
        await self._install(package)

    async def _install(self, package: SoftwarePackage) -> None:
        await self._endpoint.reboot(
            "Restart", keep_away=self._endpoint.faults.never_comes_back, then=self._finish
        )

    def _finish(self) -> None:
        """While it is down: become the new release."""
        package = self._package or SoftwarePackage("")
        version = package.version_id.split(" ")[0] if package.version_id else ""
        upgraded = self._device.profile.dialect.upgraded_version
        if package.version_id and len(package.version_id.split(" ")) > 1:
            version = ".".join(package.version_id.split(" ")[:2])
        self._device.change_version(version or upgraded or self._device.version)
        now = self._endpoint.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        self._device.status.set(
            {
                "Provisioning/Software/Current/CompletedAt": now,
                "Provisioning/Software/Current/URL": package.url,
                f"{_NODE}/LastChange": now,
                f"{_NODE}/Message": "",
                f"{_NODE}/Phase": "None",
                f"{_NODE}/Status": "Succeeded",
            }
        )
        if "SystemUnit/LastShutdownReason" in self._device.profile.status:
            self._device.status.set({"SystemUnit/LastShutdownReason": "Upgrade"})
