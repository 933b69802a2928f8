"""The addresses of pages and API; those of devices are the door's (`external_manager`)."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("roomkeeper.api.urls")),
    path("", include("roomkeeper.web.urls")),
]
