"""The REST API for programs: one file per feature, and five files that hold for all of them.

`problems` (what an error looks like), `routing` (the rule of every route, enforced in one place), `paging`
(lists), `idempotency` (repeated requests), `parsing` (what a body and a query may hold). Nothing here decides
who may do what: that is `accounts.permissions`.
"""
