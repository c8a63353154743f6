"""The same shape of work through django-hordak. Runs in an environment of its own (requirements-bench.txt).

`python -m benchmarks.hordak prepare` makes its tables and accounts; `… single 4` works for four seconds and prints a
rate as JSON. Which database: `HORDAK_HOST` (a folder with a socket) and `HORDAK_DATABASE`.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time

import django
from django.conf import settings

from benchmarks.clients import in_clients

ACCOUNTS = 200
BATCH = 100


def main() -> int:
    """Do what the command line says."""
    _configure()
    if sys.argv[1] == "prepare":
        _prepare()
        return 0
    print(json.dumps({"per_s": _per_s(sys.argv[1], float(sys.argv[2]))}))
    return 0


def _configure() -> None:
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": os.environ["HORDAK_DATABASE"],
                "HOST": os.environ["HORDAK_HOST"],
                "USER": "postgres",
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        DEFAULT_CURRENCY="VND",
        HORDAK_CURRENCIES=["VND"],
    )
    django.setup()


def _prepare() -> None:
    from django.core.management import call_command
    from hordak.models import Account, AccountType

    call_command("migrate", verbosity=0)
    for number in range(ACCOUNTS):
        Account.objects.create(name=f"seller {number}", type=AccountType.liability, currencies=["VND"])


def _per_s(what: str, seconds: float) -> float:
    """Transfers per second of one kind of work, from all clients."""
    from django.db import connection, transaction
    from hordak.models import Account, Leg, Transaction
    from moneyed import Money

    accounts = list(Account.objects.order_by("id"))
    amount = Money(1000, "VND")

    def single() -> int:
        source, target = random.sample(accounts, 2)
        source.transfer_to(target, amount)
        return 1

    def batch() -> int:
        with transaction.atomic():
            for _one in range(BATCH):
                single()
        return BATCH

    def bulk() -> int:
        """Django's fastest way, past hordak's own checks in Python; those in the database stay."""
        made = [Transaction() for _one in range(BATCH)]
        with transaction.atomic():
            Transaction.objects.bulk_create(made)
            legs = []
            for one in made:
                source, target = random.sample(accounts, 2)
                legs.append(Leg(transaction=one, account=source, credit=amount))
                legs.append(Leg(transaction=one, account=target, debit=amount))
            Leg.objects.bulk_create(legs)
        return BATCH

    def hot() -> int:
        random.choice(accounts[1:]).transfer_to(accounts[0], amount)
        return 1

    once = {"single": single, "batch": batch, "bulk": bulk, "hot": hot}[what]

    def work(until: float) -> int:
        done = 0
        while time.perf_counter() < until:
            done += once()
        return done

    connection.close()  # each client opens its own
    return in_clients(work, seconds, prepare=lambda: None)


if __name__ == "__main__":
    sys.exit(main())
