"""Signing in as an application at Microsoft's identity platform: a client's secret for a token of Graph."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from roomkeeper.phonebooks.sources import Reading, SourceFailed
from roomkeeper.phonebooks.sources.fetching import Answer, HttpClient
from roomkeeper.phonebooks.sources.json_values import decode_json, find_at, text_of
from roomkeeper.phonebooks.sources.urls import checked_url, server_of
from roomkeeper.phonebooks.sources.wording import status_sentence
from roomkeeper.words import gettext as _
from roomkeeper.words import noop

LOGIN_URL: Final = "https://login.microsoftonline.com"
GRAPH_URL: Final = "https://graph.microsoft.com"
_TENANT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,199}", re.ASCII)
_CODE: Final = re.compile(r"AADSTS(\d{1,8})")
_WORD: Final = re.compile(r"[A-Za-z_]{1,60}", re.ASCII)
_LONGEST_TOKEN: Final = 50_000
# What Microsoft's documentation says of its codes [C: troubleshooting authentication by service principal].
_REFUSALS: Final = {
    "7000215": noop(
        "The client secret is wrong. Enter the value of the secret, not its id; or make a new one in Entra."
    ),
    "7000222": noop("The client secret has expired. Make a new one in Entra, and enter it."),
    "700016": noop("The application is not known in this tenant. Check client id and tenant."),
    "90002": noop("The tenant was not found. Check its id or domain, and the sign-in address of your cloud."),
    "900023": noop("The tenant is neither an id nor a domain that is known. Check it."),
}


def base_of(settings: Mapping[str, Any], name: str, usual: str) -> str:
    """An address that stands in the settings, or the usual one. Raises `SourceFailed` for one without TLS: the client's
    secret and the token go there."""
    url = checked_url(str(settings.get(name) or "").strip() or usual).rstrip("/")
    if not url.startswith("https:"):
        raise SourceFailed(
            _(
                "{server} would be sent the secret of the application unencrypted. Use https.",
                server=server_of(url),
            )
        )
    return url


def fetch_token(reading: Reading) -> str:
    """A token for Graph, by client credentials. Raises `SourceFailed`, which tells of a refusal the code alone."""
    settings = reading.settings
    login, graph = base_of(settings, "login_url", LOGIN_URL), base_of(settings, "graph_url", GRAPH_URL)
    tenant = str(settings.get("tenant") or "").strip()
    if not _TENANT.fullmatch(tenant):
        raise SourceFailed(_("The tenant is its id or one of its domains, as contoso.onmicrosoft.com."))
    asked = {
        "client_id": str(settings.get("client_id") or "").strip(),
        "client_secret": str(settings.get("client_secret") or ""),
        "scope": f"{graph}/.default",
        "grant_type": "client_credentials",
    }
    with HttpClient(reading, login) as client:
        answer = client.fetch(
            "POST",
            f"{login}/{quote(tenant)}/oauth2/v2.0/token",
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(asked).encode(),
            accepts=(400, 401, 403),
        )
    if answer.status != 200:
        raise SourceFailed(_refusal(answer))
    token = text_of(find_at(decode_json(answer.body, server_of(login)), "access_token"))
    if not token or len(token) > _LONGEST_TOKEN or not token.isascii() or not token.isprintable():
        raise SourceFailed(
            _("{server} gave no token. Check the sign-in address of your cloud.", server=server_of(login))
        )
    return token


def _refusal(answer: Answer) -> str:
    try:
        found = decode_json(answer.body[:100_000], server_of(answer.url))
    except SourceFailed:
        return status_sentence(answer.status, answer.url)
    code = _CODE.search(text_of(find_at(found, "error_description")))
    if code is not None and code[1] in _REFUSALS:
        return _(_REFUSALS[code[1]])
    word = text_of(find_at(found, "error"))
    return _(
        "{server} refused the application ({word}). Check tenant, client id and secret.",
        server=server_of(answer.url),
        word=code[0] if code is not None else word if _WORD.fullmatch(word) else answer.status,
    )
