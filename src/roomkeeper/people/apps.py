"""Django's handle on the app."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The `people` app, which has no tables of its own."""

    name = "roomkeeper.people"
    label = "people"

    def ready(self) -> None:
        """Declare what it offers; register how long what is known of accounts is kept."""
        from django.contrib.sessions.models import Session

        from roomkeeper.accounts import lock_out
        from roomkeeper.accounts.models import ApiToken, AuditEntry, KeptAnswer, SignInTries
        from roomkeeper.jobs import replanning
        from roomkeeper.jobs.retention import register_kind
        from roomkeeper.people import (
            audit_surface,
            groups_surface,
            lock_outs_surface,
            own_surface,
            saved_views_surface,
            tokens_surface,
            users_surface,
        )

        self.surfaces = (
            *(audit_surface, groups_surface, lock_outs_surface, own_surface),
            *(saved_views_surface, tokens_surface, users_surface),
        )
        replanning.register(
            replanning.Times("lock-outs", SignInTries.objects.all, "tried_at", lock_out.plan_anew)
        )
        register_kind("audit", lambda limit: AuditEntry.objects.filter(at__lt=limit), days=365)
        register_kind("expired tokens", lambda limit: ApiToken.objects.filter(expires_at__lt=limit))
        # A program that repeats a request does so within a day.
        register_kind("kept answers", lambda limit: KeptAnswer.objects.filter(created_at__lt=limit), days=1)
        register_kind("sessions", lambda limit: Session.objects.filter(expire_date__lt=limit), days=1)
        register_kind("sign-in tries", lock_out.old, days=90)
