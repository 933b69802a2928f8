"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class PhonebooksConfig(AppConfig):
    """The `phonebooks` app."""

    name = "roomkeeper.phonebooks"
    label = "phonebooks"

    def ready(self) -> None:
        """Register the regular upkeep, and follow systems and folders that move."""
        from roomkeeper.jobs.schedule import register
        from roomkeeper.phonebooks import entries_surface, setting, sources_surface, surface, syncing, writing
        from roomkeeper.systems.inventory import places

        places.system_moved.connect(setting.follow_system, dispatch_uid="phone books")
        places.folder_moved.connect(setting.follow_folder, dispatch_uid="phone books")
        register("phone book settings", timedelta(seconds=2), setting.tell_some, until_done=True)
        register("phone book sources", timedelta(seconds=10), syncing.read_due, until_done=True)
        register("phone book entries", timedelta(minutes=5), writing.forget_gone, until_done=True)
        # Declared by being imported.
        self.subjects = (
            surface.PHONE_BOOKS,
            entries_surface.ENTRIES,
            sources_surface.SOURCES,
            sources_surface.SETTINGS,
        )
