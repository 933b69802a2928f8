"""The folders that a form offers: those on which somebody may do what the form is for."""

from django.http import HttpRequest

from roomkeeper.accounts.permissions import Permission
from roomkeeper.systems.inventory import labels_of
from roomkeeper.systems.models import Folder
from roomkeeper.web.access import grants


def folder_choices(request: HttpRequest, permission: Permission) -> list[tuple[Folder, str]]:
    """The folders on which the permission holds, with their places in words, in the tree's order."""
    folders = list(Folder.objects.filter(grants(request).folders(permission, "path")))
    labels = labels_of({folder.path for folder in folders})
    labelled = [(folder, labels[folder.path]) for folder in folders]
    return sorted(labelled, key=lambda pair: (pair[0].path != "/", pair[1].lower()))
