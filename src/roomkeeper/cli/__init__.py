"""The command line: the server's own commands, the virtual endpoints, and the REST API from a shell (`remote`)."""
