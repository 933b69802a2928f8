"""Check-ins: what a post of a known system changes, gathered for a batch and written set-wise (rules R8, R9)."""
