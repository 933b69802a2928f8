"""The ASGI application of pages and API; `roomkeeper.serving` puts the door for devices in front of it."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "roomkeeper.settings.django")

application = get_asgi_application()
