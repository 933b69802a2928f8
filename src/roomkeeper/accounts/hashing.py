"""How passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 32 MB and three rounds on one thread: some 60 ms, so that checking a wrong password is cheap for us
    and guessing at a stolen hash is not (OWASP's least is 19 MB and two rounds). Django's own numbers would take 100 MB
    and eight threads for each of those who sign in at once."""

    time_cost = 3
    memory_cost = 32 * 1024
    parallelism = 1
