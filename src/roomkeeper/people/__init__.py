"""People and what they did, as pages, programs and the command line see them; the rules are those of `accounts`."""
