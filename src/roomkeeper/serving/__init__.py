"""Putting the parts into processes: listeners, certificates, first start, background work, the demonstration."""
