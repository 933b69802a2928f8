"""Configuration templates: settings and commands kept under a name, with versions, and what they would do where."""
