"""Tickets: one open per system and kind; opened and closed by findings, acknowledged and closed by people."""
