"""What is arranged beside a switch, so that a fault can be seen: each takes the room and whoever decides."""

from __future__ import annotations

import socket
import ssl
from typing import Any

from aiohttp import web
from django.utils import timezone
from tests.integration.diagnosis.conftest import Room, in_thread, until
from tests.loopback import fetch_certificate

from roomkeeper.accounts.models import User
from roomkeeper.provisioning import actions, planning
from roomkeeper.systems import network_settings
from roomkeeper.systems.contact import credentials
from roomkeeper.systems.models import System, TlsTrust
from roomkeeper.virtual import tls as virtual_tls
from roomkeeper.virtual.xml_in import SoftwarePackage


async def trust_authority(room: Room, person: User) -> None:
    """Only what one of our authorities has signed; the device's is none."""
    other = virtual_tls.self_signed(virtual_tls.derived_key("authority"), "authority", "192.0.2.1")
    await _trust(room, other.certificate_pem.decode())


async def trust_itself(room: Room, person: User) -> None:
    """The certificate is its own authority, so that only its dates and names are wrong."""
    address, port = room.endpoint.plan.identity.address, room.endpoint.https_port
    await _trust(room, ssl.DER_cert_to_PEM_cert(await fetch_certificate(address, port)))


async def _trust(room: Room, authorities: str) -> None:
    await room.change(tls_trust=TlsTrust.AUTHORITY)

    def store() -> None:
        settings = network_settings.get()
        settings.device_authorities = authorities
        settings.save()

    await in_thread(store)


async def offer_upgrade(room: Room, person: User) -> None:
    """A package that can be fetched: the page at our own service will do."""
    path = "/tms/public/external/management/SystemManagementService.asmx"
    room.endpoint.upgrade_offered(SoftwarePackage(f"{room.door.http}{path}"))
    node = "Provisioning/Software/UpgradeStatus/Status"
    await until(lambda: room.endpoint.status.find(node) in ("Failed", "InstallationFailed"))


async def ask_for_a_name(room: Room, person: User) -> None:
    """A setting is handed over, and acknowledged."""
    system = await room.system()
    await in_thread(
        planning.create_change_set, [system], {"SystemUnit/Name": "Chamber"}, user=person, now=timezone.now()
    )
    await room.post()


async def ask_for_a_restart(room: Room, person: User) -> None:
    """The command rides on an answer; the endpoint obeys."""
    system = await in_thread(System.objects.select_related("folder").get, pk=room.pk)
    await in_thread(actions.restart, system, user=person, now=timezone.now())
    await room.post()
    await until(lambda: not room.endpoint.is_up)


async def post_twice(room: Room, person: User) -> None:
    """So that the other address is known here."""
    await room.post()


async def switch_off(room: Room, person: User) -> None:
    await room.endpoint.stop()


async def move_server(room: Room, person: User) -> None:
    """The server gets another address; what the endpoint has is the old one."""
    values = {"internal_fqdn": "rooms.example.org"}
    await in_thread(network_settings.update, values, user=person, now=timezone.now())


async def take_slot(room: Room, person: User) -> None:
    room.endpoint.device.register_feedback(3, "http://other.example.org/feedback", ["/Status/Call"], "XML")


async def empty_slot(room: Room, person: User) -> None:
    room.endpoint.device.forget_feedback(3)


async def move_to_secure_only(room: Room, person: User) -> None:
    """It was moved to HTTPS, and then set back at the device by hand."""
    await room.change(is_secure_only=True, secure_only_completed_at=timezone.now())
    await room.post()


async def set_manager(room: Room, address: str) -> None:
    """Somebody writes another manager into it, and it calls there."""
    manager = room.endpoint.manager
    before = manager.posts_count
    room.endpoint.configuration.set("Provisioning/ExternalManager/Address", address)
    # What it posts meanwhile may still go to the one before.
    await until(
        lambda: (
            manager.posts_count > before
            and manager.posts[-1].problem
            and f"//{address}/" in manager.posts[-1].url
        )
    )


async def call_a_name(room: Room, person: User) -> None:
    await set_manager(room, "no-such-manager.invalid")


async def change_host(room: Room, person: User) -> None:
    await room.change(host="no-such-room.invalid")


async def clear_address(room: Room, person: User) -> None:
    await room.change(connectivity="reachable_on_lan", host="")
    await in_thread(_forget_source, room.pk)


def _forget_source(pk: int) -> None:
    System.objects.get(pk=pk).contact.delete()


async def change_serial(room: Room, person: User) -> None:
    await room.change(serial_number="FTT99999999")


async def pretend_refused(room: Room, person: User) -> None:
    await room.change(login_refused_at=timezone.now(), login_worked_at=None)


async def store_no_login(room: Room, person: User) -> None:
    await room.change(username="", password_ciphertext=b"")


async def close_https(room: Room, person: User) -> None:
    """Nothing listens there, and HTTP is open."""
    await room.change(https_port=9, pinned_key="")


async def store_wrong_password(room: Room, person: User) -> None:
    system = await room.system()
    await in_thread(credentials.set_credentials, system, "admin", "wrong")


async def black_hole(room: Room, person: User) -> None:
    """A port whose queue is full: Linux drops what comes next, as a firewall does."""
    hole = socket.create_server(("127.1.78.1", 0), backlog=0)
    port = hole.getsockname()[1]
    waiting = []
    for _ in range(3):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.1.78.1", port))
        waiting.append(one)
    room.closers += [hole.close, *(one.close for one in waiting)]
    await room.change(https_port=port, http_port=port)


async def stand_elsewhere(room: Room, person: User) -> None:
    """Another HTTPS server has the address."""

    async def welcome(request: web.Request) -> web.Response:
        return web.Response(text="<html>Welcome to the printer</html>", content_type="text/html")

    shown = virtual_tls.self_signed(virtual_tls.derived_key("printer"), "printer", "127.0.0.1")
    port = await serve(room, welcome, virtual_tls.server_context(shown))
    await room.change(host="127.0.0.1", https_port=port, pinned_key="")


async def serve(room: Room, handler: Any, context: ssl.SSLContext | None = None) -> int:
    """An HTTP server of another kind; its port."""
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    room.closers.append(runner.cleanup)
    return int(runner.addresses[0][1])


async def offer_old_ciphers(room: Room, person: User) -> None:
    """TLS 1.2 with ciphers of before."""

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="CISCO-Endpoint"'})

    shown = virtual_tls.self_signed(virtual_tls.derived_key("old"), "old", "127.0.0.1")
    context = virtual_tls.server_context(shown)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA")
    port = await serve(room, refuse, context)
    await room.change(host="127.0.0.1", https_port=port, pinned_key="")


async def speak_no_tls(room: Room, person: User) -> None:
    await room.change(https_port=room.endpoint.http_port, pinned_key="")


async def proxy_in_between(room: Room, person: User) -> None:
    """What it calls is a proxy that wants a login first."""

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=407)

    await set_manager(room, f"127.0.0.1:{await serve(room, refuse)}")


async def call_a_closed_port(room: Room, person: User) -> None:
    await set_manager(room, "127.0.0.1:9")


async def distrust(room: Room, person: User) -> None:
    """It is to call by HTTPS, and does not know our authority."""
    room.endpoint.configuration.set("Provisioning/TlsVerify", "On")
    room.endpoint.configuration.set("Provisioning/ExternalManager/Protocol", "HTTPS")
    await set_manager(room, room.door.https.removeprefix("https://"))


async def call_a_wrong_service(room: Room, person: User) -> None:
    """The right server, and a path that is none of ours."""
    before = room.endpoint.manager.posts_count
    room.endpoint.configuration.set("Provisioning/ExternalManager/Path", "tms/somewhere/else.asmx")
    await until(lambda: room.endpoint.manager.posts_count > before and room.endpoint.manager.posts[-1].status)


async def restore_backup(room: Room, person: User) -> None:
    """An old backup brings an old secret back."""
    path = "tms/public/external/management/SystemManagementService.asmx/" + "a" * 32
    before = room.endpoint.manager.posts_count
    room.endpoint.configuration.set("Provisioning/ExternalManager/Path", path)
    await until(lambda: room.endpoint.manager.posts_count > before and room.endpoint.manager.posts[-1].status)


async def use_proxy(room: Room, person: User) -> None:
    room.endpoint.configuration.set("NetworkServices/HTTP/Proxy/Mode", "Manual")
    room.endpoint.configuration.set("NetworkServices/HTTP/Proxy/Url", "http://proxy.example.org:3128")


async def use_proxy_with_login(room: Room, person: User) -> None:
    await use_proxy(room, person)
    room.endpoint.configuration.set("NetworkServices/HTTP/Proxy/LoginName", "room-4")


async def leave_to_another_service(room: Room, person: User) -> None:
    room.endpoint.configuration.set("Provisioning/Mode", "Webex")


async def lock_everybody_out(room: Room, person: User) -> None:
    """As a device under a flood of logins does."""

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=429)

    shown = virtual_tls.self_signed(virtual_tls.derived_key("busy"), "busy", "127.0.0.1")
    port = await serve(room, refuse, virtual_tls.server_context(shown))
    await room.change(host="127.0.0.1", https_port=port, pinned_key="")


async def be_busy(room: Room, person: User) -> None:
    """Others ask it so often that its own limit is reached."""

    async def turn_away(request: web.Request) -> web.Response:
        return web.Response(status=503)

    shown = virtual_tls.self_signed(virtual_tls.derived_key("crowded"), "crowded", "127.0.0.1")
    port = await serve(room, turn_away, virtual_tls.server_context(shown))
    await room.change(host="127.0.0.1", https_port=port, pinned_key="")


async def fail_inside(room: Room, person: User) -> None:
    """Its web server is up, and what stands behind it is not."""

    async def fail(request: web.Request) -> web.Response:
        return web.Response(status=500)

    shown = virtual_tls.self_signed(virtual_tls.derived_key("failing"), "failing", "127.0.0.1")
    port = await serve(room, fail, virtual_tls.server_context(shown))
    await room.change(host="127.0.0.1", https_port=port, pinned_key="")
