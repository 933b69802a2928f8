"""Django's handle on the app."""

from datetime import timedelta

from django.apps import AppConfig


class SystemsConfig(AppConfig):
    """The `systems` app."""

    name = "roomkeeper.systems"
    label = "systems"

    def ready(self) -> None:
        """Register the regular upkeep."""
        from roomkeeper.jobs import replanning
        from roomkeeper.jobs.pumps import register_pump
        from roomkeeper.jobs.schedule import register, register_after_downtime
        from roomkeeper.jobs.work import changed
        from roomkeeper.operations import folding, moments
        from roomkeeper.systems import housekeeping, live, network_settings, software_versions, surface
        from roomkeeper.systems.admission import inbox
        from roomkeeper.systems.contact import credentials_surface, probing
        from roomkeeper.systems.inventory import folders_surface
        from roomkeeper.systems.models import Contact, Probe, System
        from roomkeeper.systems.network_settings import former_addresses
        from roomkeeper.systems.network_settings import surface as stragglers_surface

        self.surfaces = (surface, credentials_surface, folders_surface, stragglers_surface)
        software_versions.register()
        folding.register()
        moments.register()
        register_pump("probes", probing.probe_due)
        changed.connect(live.publish_job)
        register_after_downtime(housekeeping.forgive_downtime)
        for times in (
            replanning.Times(
                "contacts", Contact.objects.all, "last_seen_at", housekeeping.plan_contacts_anew
            ),
            replanning.Times("documents", Contact.objects.all, "documents_asked_at"),
            replanning.Times("probes", Probe.objects.all, "asked_at", housekeeping.plan_probes_anew),
            replanning.Times("logins", System.objects.all, "login_refused_at"),
        ):
            replanning.register(times)
        register("liveness", timedelta(seconds=5), housekeeping.sweep_liveness, until_done=True)
        register("exchanges", timedelta(minutes=1), housekeeping.trim_exchanges, until_done=True)
        register("network settings", timedelta(seconds=1), network_settings.mark_some, until_done=True)
        register("former addresses", timedelta(hours=1), former_addresses.forget_unused)
        register("inbox", timedelta(minutes=1), inbox.check)
        register("claims", timedelta(minutes=5), housekeeping.cap_claims, until_done=True)
        housekeeping.register_retention()
