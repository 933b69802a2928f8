"""The one router of what is written by hand at addresses of systems, beside what is declared."""

from roomkeeper.api.routing import Routes

routes = Routes("systems")
