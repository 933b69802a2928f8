"""Database work from an event loop: in a thread, with a connection that is given back."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connection

_P = ParamSpec("_P")
_R = TypeVar("_R")


async def off_loop(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Call the function in a thread; its database connection is closed afterwards.

    Who is cancelled meanwhile ends when the function has."""

    def call() -> _R:
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    task = asyncio.current_task()
    cancelled_before = task.cancelling() if task else 0
    result = await sync_to_async(call, thread_sensitive=False)()
    if task and task.cancelling() > cancelled_before:
        # The thread cannot be stopped and is waited for; that must not make anybody forget what was asked meanwhile.
        raise asyncio.CancelledError
    return result
