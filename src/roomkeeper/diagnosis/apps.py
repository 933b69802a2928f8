"""Django's handle on the app."""

from django.apps import AppConfig


class DiagnosisConfig(AppConfig):
    """The `diagnosis` app."""

    name = "roomkeeper.diagnosis"
    label = "diagnosis"

    def ready(self) -> None:
        """Have diagnoses worked on."""
        from roomkeeper.diagnosis import examining
        from roomkeeper.jobs import work

        work.register_kind(work.JobKind(examining.KIND, examining.run))
