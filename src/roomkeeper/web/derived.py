"""Pages out of declarations: where the list, the objects and the acts of each subject stand."""

from django.urls import URLPattern

from roomkeeper.operations.subjects import Subject
from roomkeeper.web.access import page
from roomkeeper.web.derived_acts import act_view, many_view, one_view
from roomkeeper.web.derived_lists import More, list_view
from roomkeeper.web.derived_telling import name_of


def pages_of(subject: Subject, more: More | None = None) -> list[URLPattern]:
    """The addresses of the subject's list, of one object, and of its acts; `more` is what the list shows beside."""
    root, name = f"{subject.pages_path}/", name_of(subject)
    found = [
        page(root, list_view(subject, more), name),
        page(f"{root}do/<slug:act>/", many_view(subject), f"{name}_do_many"),
        page(f"{root}<int:pk>/{subject.acts_at}<slug:act>/", act_view(subject), f"{name}_act"),
    ]
    if subject.page and not subject.acts_at and subject.pages.keys is None:
        found.append(page(f"{root}<int:pk>/", one_view(subject), subject.page))
    return found
