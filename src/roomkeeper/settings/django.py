"""Django's settings, worked out from `options`; nothing here is meant to be edited by an operator."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from psycopg import IsolationLevel

from roomkeeper import keys, words
from roomkeeper.settings import access, time_zone_data
from roomkeeper.settings.options import DATABASE_FILE, Options, load

OPTIONS: Options = load()
# Before anything asks for a zone.
TIME_ZONE_DATA = time_zone_data.use_newer()
ROOT = Path(__file__).resolve().parent.parent


def _database(options: Options) -> dict[str, object]:
    if not options.database_url:
        if access.reads_only():
            return {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": access.sqlite_address(options.data / DATABASE_FILE),
            }
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": options.data / DATABASE_FILE,
            "OPTIONS": {
                # A deferred read-then-write fails at once under load; IMMEDIATE waits its turn.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;",
            },
        }
    url = urlsplit(options.database_url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.hostname or ""),
        "PORT": str(url.port or ""),
        "CONN_HEALTH_CHECKS": True,
        # Whatever the database or the account has as its default: retries are written for no other.
        "OPTIONS": {"application_name": "roomkeeper", "isolation_level": IsolationLevel.READ_COMMITTED},
    }


# Nothing is made here: a command that only looks must leave nothing behind. Where the key file is not there yet,
# `installation.opening` makes it and tells Django; whoever uses the key before that is refused by Django.
SECRET_KEY = keys.load(OPTIONS.data).web_key if (OPTIONS.data / keys.KEY_FILE).exists() else ""
DATABASES = {"default": _database(OPTIONS)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DEBUG = False
# The door and the pages check addresses themselves; links are never built from the Host header.
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = OPTIONS.language
USE_I18N = True
LOCALE_PATHS = [words.FOLDER]
LANGUAGES = [(code, code) for code in words.languages()]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "roomkeeper.installation",
    "roomkeeper.jobs",
    "roomkeeper.accounts",
    "roomkeeper.systems",
    "roomkeeper.tickets",
    "roomkeeper.provisioning",
    "roomkeeper.secure_only",
    "roomkeeper.diagnosis",
    "roomkeeper.adding",
    "roomkeeper.polling",
    "roomkeeper.configuration_templates",
    "roomkeeper.backups",
    "roomkeeper.bulk_editing",
    "roomkeeper.phonebooks",
    "roomkeeper.people",
    "roomkeeper.fleet",
    "roomkeeper.web",
    "roomkeeper.api",
]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
# Hashes of the second kind are of earlier versions; each is made anew at the next sign-in.
PASSWORD_HASHERS = [
    "roomkeeper.accounts.hashing.PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
MIDDLEWARE = [
    "roomkeeper.web.headers.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "roomkeeper.web.static_files.StaticFilesMiddleware",
    "roomkeeper.accounts.source.SourceAddressMiddleware",
    "roomkeeper.web.transport.SecureTransportMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "roomkeeper.web.time_zone.TimeZoneMiddleware",
    "roomkeeper.web.store.StoreUnavailableMiddleware",
]
ROOT_URLCONF = "roomkeeper.urls"
ASGI_APPLICATION = "roomkeeper.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # Every template has texts.
            "builtins": ["django.templatetags.i18n"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "roomkeeper.web.frame.frame",
            ],
        },
    },
]
STATIC_URL = "/static/"
OPTIONS = OPTIONS
STATIC_ROOT = ROOT / "web" / "static"
# Files are served as they stand in the package; nothing is collected or rewritten.
WHITENOISE_USE_FINDERS = False
WHITENOISE_AUTOREFRESH = False

LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "roomkeeper.web.sign_in.ClosedAccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
# Ours are `accounts.lock_out` and `accounts.sign_in_gate`, which hold for all processes and over restarts.
ACCOUNT_RATE_LIMITS = False
ACCOUNT_LOGOUT_ON_GET = False
# Behind a trusted proxy the door has already put the client's address into REMOTE_ADDR.
ALLAUTH_TRUSTED_PROXY_COUNT = 0

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "roomkeeper_session"
CSRF_COOKIE_NAME = "roomkeeper_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LOGGING_CONFIG = None
