"""Talking to a device that we can reach: addresses and credentials in, facts out. No database, no web."""
