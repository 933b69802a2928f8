"""One installation: its data folder, its database and its keys, which belong together (rule R15)."""
