"""One folder per system family: `manifest.toml`, and a `driver.py` where its wire is known (rule R10)."""
