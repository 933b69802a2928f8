"""Virtual endpoints: twins of video endpoints for tests, the demo and people who write drivers.

Nothing in here knows the server: this package shares no encoder with `roomkeeper.protocols`, because the
same mistake on both sides would pass every test.  The facts come from the protocol notes.
"""
