"""Background work of ours: the schedule and the lease that gives it one leader. Knows no feature."""
