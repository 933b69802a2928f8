"""Servers and virtual endpoints as real processes, on real sockets."""
