"""The pages' static files, served by WhiteNoise from where they stand in the package."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

from roomkeeper.words import gettext as _


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise, answering with whole files: they are few and small, and its streams are not asynchronous."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """A file, a part of it, or word that the browser's copy is still good.

        The files were looked at when the server began; one that was replaced since is sent as it is now.
        """
        try:
            found = static_file.get_response(request.method, request.META)
        except FileNotFoundError:
            return HttpResponse(
                _("This file is gone.") + "\n", status=404, content_type="text/plain; charset=utf-8"
            )
        content = b""
        if found.file is not None:
            with found.file as file:
                content = file.read()
        answer = HttpResponse(content, status=int(found.status))
        del answer["Content-Type"]
        for name, value in found.headers:
            answer[name] = value
        if found.file is not None:
            answer["Content-Length"] = str(len(content))
        return answer
