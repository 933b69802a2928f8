"""The documents of the xAPI (status, configuration, command, valuespace) and the paths within them.

Not here: how a document was fetched or posted, and what a value means for a system.
"""
