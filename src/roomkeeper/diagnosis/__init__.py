"""Why a system can or cannot be managed: its family's network table, row by row, in both directions."""
