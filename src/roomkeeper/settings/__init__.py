"""What an operator can set: `options` reads and documents it, `django` turns it into Django's settings."""
