"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class ConfigurationTemplatesConfig(AppConfig):
    """The `configuration_templates` app."""

    name = "roomkeeper.configuration_templates"
    label = "configuration_templates"

    def ready(self) -> None:
        """Take part in the wanted configuration, and hear of new systems and of renamed tags."""
        from django.db.models.signals import pre_save

        from roomkeeper.configuration_templates import first_contact, offers, surface, tags
        from roomkeeper.jobs.schedule import register
        from roomkeeper.provisioning.sources import register_source
        from roomkeeper.systems.admission import admitted
        from roomkeeper.systems.models import Tag

        self.surface = surface
        register_source(offers.LAYER, offers.ORDER, offers.offers_of)
        register("first contact", timedelta(seconds=5), first_contact.apply_due, until_done=True)
        admitted.connect(first_contact.note_admission, dispatch_uid="first contact")
        pre_save.connect(tags.follow_rename, sender=Tag, dispatch_uid="assigned tags")
