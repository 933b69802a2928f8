"""Saved SNMP logins go in the clear to whatever stands at an address: who chooses it has to be trusted."""

import pytest

from roomkeeper.adding import service
from roomkeeper.adding.targets import parse_targets
from roomkeeper.systems.contact import credential_list
from roomkeeper.systems.models import Credential


@pytest.fixture
def community(db, moment):
    return credential_list.add(
        name="public", kind=Credential.Kind.COMMUNITY, values={"community": "watch-me"}, now=moment
    )


@pytest.fixture
def moment():
    from django.utils import timezone

    return timezone.now()


def request(folder, **values):
    return service.AddRequest(targets=parse_targets("127.1.9.1-127.1.9.5"), folder=folder, **values)


def test_site_administrator_scans_without_the_saved_communities(
    site_administrator, administrator, oslo, community
):
    assert service.preview(request(oslo), user=site_administrator).snmp_logins == ()
    assert len(service.preview(request(oslo), user=administrator).snmp_logins) == 1


def test_site_administrator_who_names_one_is_refused(site_administrator, oslo, community):
    with pytest.raises(service.AddingRefused, match="address of their own machine"):
        service.preview(request(oslo, snmp_ids=(community.pk,)), user=site_administrator)
