"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class PhonebooksConfig(AppConfig):
    """The `phonebooks` app."""

    name = "roomkeeper.phonebooks"
    label = "phonebooks"

    def ready(self) -> None:
        """Register the regular upkeep, and follow systems and folders that move."""
        from roomkeeper.jobs.pumps import register_pump
        from roomkeeper.jobs.schedule import register
        from roomkeeper.phonebooks import (
            dialled,
            entries_surface,
            pumping,
            setting,
            settings_surface,
            sources_surface,
            surface,
            writing,
        )
        from roomkeeper.systems.documents import events
        from roomkeeper.systems.inventory import places

        events.register("phone books", dialled.note_calls)
        places.system_moved.connect(setting.follow_system, dispatch_uid="phone books")
        places.folder_moved.connect(setting.follow_folder, dispatch_uid="phone books")
        register("phone book settings", timedelta(seconds=2), setting.tell_some, until_done=True)
        register_pump("phone book sources", pumping.read_due)
        register("deleted phone book sources", timedelta(seconds=10), writing.forget_deleted, until_done=True)
        register("phone book entries", timedelta(minutes=5), writing.forget_gone, until_done=True)
        # Declared by being imported.
        self.subjects = (
            surface.PHONE_BOOKS,
            entries_surface.ENTRIES,
            sources_surface.SOURCES,
            settings_surface.SETTINGS,
        )
