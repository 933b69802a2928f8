"""Bytes of the wire to frozen dataclasses and back: what devices and their manager say to each other.

Here live the decoders (liberal: any element order, prefix, namespace, missing member) and the encoders
(strict: they refuse with ValueError what could not be sent). Every decoder returns or raises `ProtocolError`,
in linear time and memory.

Not here: sockets, clocks, databases, Django, and any decision about what a message means for a system.
"""
