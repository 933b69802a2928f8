"""Inventory and what systems tell us: folders, identity, secrets, check-ins, connectivity, documents, timeline."""
