"""Which generation of endpoints a message is written for. Not here: which system speaks which."""

from enum import Enum


class Dialect(Enum):
    """How configuration is wrapped (protocol notes A.5, D.4): CE and RoomOS without namespace, TC in CUIL/2.0."""

    CE = "ce"
    TC = "tc"


CUIL_2 = "http://www.tandberg.com/XML/CUIL/2.0"
