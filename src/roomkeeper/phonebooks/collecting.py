"""The interpreter's garbage collector, kept from looking through everything while a reading holds a whole directory."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NEVER: Final = 1 << 30
_lock = threading.Lock()
_inside = 0
_usual = gc.get_threshold()


@contextmanager
def without_full_collections() -> Iterator[None]:
    """No full collection inside; several may be inside at once.

    Each goes through all objects with every thread waiting: 50,000 entries made searches of rooms wait for 0.7 s, again
    and again. Young objects are collected as ever, and what a reading held goes when it ends, without any collection.
    """
    global _inside, _usual
    with _lock:
        if _inside == 0:
            _usual = gc.get_threshold()
            gc.set_threshold(_usual[0], _usual[1], _NEVER)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                gc.set_threshold(*_usual)
