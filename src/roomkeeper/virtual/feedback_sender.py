"""Posting feedback: a queue per slot, ten tries a second apart, then the slot stops or is gone (notes C.5)."""

from __future__ import annotations

import asyncio
from collections import deque
from urllib.parse import quote

from roomkeeper.virtual import wire_out
from roomkeeper.virtual.device import VirtualDevice
from roomkeeper.virtual.feedback import SECONDS_BETWEEN_TRIES, TRIES, Slot
from roomkeeper.virtual.outbound import Outbound, OutboundError

_QUEUE_LIMIT = 1000


class FeedbackSender:
    """Turns what happens on a device into posts to its slots."""

    def __init__(self, device: VirtualDevice, outbound: Outbound) -> None:
        self._device = device
        self._outbound = outbound
        self._queues: dict[int, deque[bytes]] = {}
        self._workers: dict[int, asyncio.Task[None]] = {}
        self.is_paused = False
        device.subscribe(self._happened)

    def _happened(self, root: str, changed: dict[str, str], ghosts: tuple[str, ...]) -> None:
        if self.is_paused:
            return
        for slot in list(self._device.slots.values()):
            if slot.status != "OK":
                continue
            wanted = {path: value for path, value in changed.items() if self._is_wanted(slot, root, path)}
            gone = [node for node in ghosts if self._is_wanted(slot, root, node, is_ghost=True)]
            if wanted or gone:
                encode = wire_out.feedback_json if slot.format == "JSON" else wire_out.feedback_xml
                self._enqueue(slot, encode(self._device, root, wanted, gone))

    def _is_wanted(self, slot: Slot, root: str, path: str, *, is_ghost: bool = False) -> bool:
        look_up = self._device.status.find
        return any(one.matches(root, path, look_up, is_ghost=is_ghost) for one in slot.expressions)

    def _enqueue(self, slot: Slot, body: bytes) -> None:
        queue = self._queues.setdefault(slot.number, deque(maxlen=_QUEUE_LIMIT))
        queue.append(body)
        worker = self._workers.get(slot.number)
        if worker is None or worker.done():
            self._workers[slot.number] = asyncio.get_running_loop().create_task(self._work(slot, queue))

    async def _work(self, slot: Slot, queue: deque[bytes]) -> None:
        while queue and self._device.slots.get(slot.number) is slot and slot.status == "OK":
            body = queue[0]
            reason = await self._deliver(slot, body)
            if reason is not None:
                self._give_up(slot, reason)
                return
            if queue and queue[0] is body:
                queue.popleft()

    async def _deliver(self, slot: Slot, body: bytes) -> str | None:
        """None when it was taken, else why not: silence is tried again, a refusal is not (notes C.5)."""
        content_type = wire_out.JSON_TYPE if slot.format == "JSON" else wire_out.XML_TYPE
        reason = ""
        for attempt in range(1 + TRIES):
            if attempt:
                await self._device.clock.sleep(SECONDS_BETWEEN_TRIES)
            try:
                answer = await self._outbound.post(
                    slot.url, body, {"Content-Type": content_type}, tls_setting="HttpFeedback/TlsVerify"
                )
            except OutboundError as error:
                reason = str(error)
                continue
            return None if answer.status < 400 else f"HTTP response code {answer.status}"
        return reason

    def _give_up(self, slot: Slot, reason: str) -> None:
        self._queues.pop(slot.number, None)
        if self._device.slots.get(slot.number) is not slot:
            return
        if self._device.profile.dialect.feedback_after_failure == "deleted":
            self._device.forget_feedback(slot.number)
            return
        self._device.set_slot_status(slot, "Failed")
        self._device.diagnose(
            "HTTPFeedbackFailed",
            "Warning",
            "Posting of feedback to a server has stopped",
            f"FeedbackSlot={slot.number}&Error={quote(reason)}&Url={quote(slot.url, safe=':/')}",
        )

    def stop_slot(self, number: int) -> None:
        """Forget what waits for a slot."""
        self._queues.pop(number, None)
        worker = self._workers.pop(number, None)
        if worker is not None:
            worker.cancel()

    async def drain(self, seconds: float) -> None:
        """Give what is queued a moment to leave (before a restart)."""
        workers = [worker for worker in self._workers.values() if not worker.done()]
        if workers:
            await asyncio.wait(workers, timeout=seconds)

    async def stop(self) -> None:
        """Stop all posting."""
        workers = list(self._workers.values())
        for number in list(self._workers):
            self.stop_slot(number)
        await asyncio.gather(*workers, return_exceptions=True)
