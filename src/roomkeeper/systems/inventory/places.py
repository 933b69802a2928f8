"""A system or a folder stands elsewhere in the tree now. Higher layers listen, where what they give follows folders.

Receivers run inside the transaction of the move.
"""

from django.dispatch import Signal

from roomkeeper.systems.models import Folder, System

system_moved = Signal()
folder_moved = Signal()


def tell_of_system(system: System, before: Folder) -> None:
    """The system stands in its folder now, and stood in `before`."""
    system_moved.send(sender=System, system=system, before=before)


def tell_of_folder(folder: Folder) -> None:
    """The folder stands where its path says now, with all below it."""
    folder_moved.send(sender=Folder, folder=folder)
