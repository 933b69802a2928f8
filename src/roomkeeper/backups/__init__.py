"""Backups of systems: what was set on them and kept on them, compared, put back, moved to new hardware."""
