"""The tables of `systems`, one file per subject."""

from roomkeeper.systems.models.connectivity import ConnectivityChange, Probe
from roomkeeper.systems.models.contact import Claim, Contact, SystemSecret
from roomkeeper.systems.models.credential import Credential
from roomkeeper.systems.models.documents import (
    ConfigurationVersion,
    FactChange,
    StoredDocument,
    ToldByFeedback,
)
from roomkeeper.systems.models.identity import ActivationCode, NetworkCard
from roomkeeper.systems.models.inventory import (
    REACHABLE,
    Connectivity,
    Folder,
    HttpsProof,
    State,
    System,
    Tag,
    TlsTrust,
)
from roomkeeper.systems.models.network_settings import FormerAddress, NetworkSettings, Portion
from roomkeeper.systems.models.timeline import ChangeEvent, Exchange, Flip, TimelineEntry

__all__ = [
    "REACHABLE",
    "ActivationCode",
    "ChangeEvent",
    "Claim",
    "ConfigurationVersion",
    "Connectivity",
    "ConnectivityChange",
    "Contact",
    "Credential",
    "Exchange",
    "FactChange",
    "Flip",
    "Folder",
    "FormerAddress",
    "HttpsProof",
    "NetworkCard",
    "NetworkSettings",
    "Portion",
    "Probe",
    "State",
    "StoredDocument",
    "System",
    "SystemSecret",
    "Tag",
    "TimelineEntry",
    "TlsTrust",
    "ToldByFeedback",
]
