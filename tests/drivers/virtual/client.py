"""Independent clients for virtual endpoints: curl and openssl as other people's programs, run beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from roomkeeper.virtual.endpoint import VirtualEndpoint

LOGIN = "admin:roomkeeper"


async def run(*words: str, stdin: bytes | None = None, seconds: float = 15.0) -> tuple[int, str, str]:
    """Exit code, output, errors of a program."""
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            out, errors = await process.communicate(stdin)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, out.decode("utf-8", "replace"), errors.decode("utf-8", "replace")


def http(endpoint: VirtualEndpoint, path: str) -> str:
    return f"http://{endpoint.plan.identity.address}:{endpoint.http_port}{path}"


def https(endpoint: VirtualEndpoint, path: str) -> str:
    return f"https://{endpoint.plan.identity.address}:{endpoint.https_port}{path}"


def web(endpoint: VirtualEndpoint, path: str) -> str:
    """By HTTP where it is on, else by HTTPS."""
    return (http if endpoint.http_port else https)(endpoint, path)


async def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait for something to become so."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def until_answer(words: str, ask: Callable[[], Awaitable[str]], seconds: float = 15.0) -> str:
    """Ask until the answer holds the words; that answer."""
    async with asyncio.timeout(seconds):
        while words not in (answer := await ask()):
            await asyncio.sleep(0.01)
    return answer


async def curl(url: str, *options: str, login: str | None = LOGIN) -> str:
    """Head and body of an answer, or what curl says went wrong."""
    words = ["curl", "-s", "-S", "-g", "-k", "-i", "--max-time", "8", *options]
    if login is not None:
        words += ["-u", login]
    code, out, errors = await run(*words, url)
    return out if code == 0 else f"{out}\ncurl failed {code}: {errors}"


async def putxml(endpoint: VirtualEndpoint, document: str, *options: str, login: str | None = LOGIN) -> str:
    """The body of a putxml's answer."""
    answer = await curl(
        web(endpoint, "/putxml"), "-H", "Content-Type: text/xml", "-d", document, *options, login=login
    )
    return answer.partition("\r\n\r\n")[2]


def command(path: str, **parameters: str) -> str:
    """A document with one command: `command("Call/Disconnect", CallId="2")`."""
    nodes = path.split("/")
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in parameters.items())
    leaf = f'<{nodes[-1]} command="True">{inner}</{nodes[-1]}>'
    opening = "".join(f"<{node}>" for node in nodes[:-1])
    closing = "".join(f"</{node}>" for node in reversed(nodes[:-1]))
    return f"<Command>{opening}{leaf}{closing}</Command>"
