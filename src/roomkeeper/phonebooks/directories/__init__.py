"""LDAP directories as sources of phone books: asked by a process of its own, every failure a sentence."""
