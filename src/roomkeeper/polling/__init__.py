"""Polling of reachable systems: when each is asked for its status, and what its answers and its silence mean."""
