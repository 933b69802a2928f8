"""Roomkeeper: the open, on-premises management server for video-conferencing endpoints."""

from importlib import metadata

__version__ = metadata.version("roomkeeper")
