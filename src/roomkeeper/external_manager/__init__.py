"""The door for devices: their addresses on our listeners, before any page. Raw ASGI, no Django request in sight."""
