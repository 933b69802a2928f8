"""Contact with a system that can be reached: its connectivity, its address, its login, and talking to it (rule R1)."""
