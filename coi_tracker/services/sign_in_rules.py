"""How signing in is guarded here: how many tries, how long a lock, how old a password, who needs a second factor.

Values of the installation's settings, with the house's own where nothing is set. Decision 0130 says why these.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from coi_tracker.config import Settings


class TotpFor(StrEnum):
    """Who has to prove with a second factor, beside those of whom it was asked one by one."""

    NOBODY = "nobody"
    ADMINS = "admins"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class SignInRules:
    """`tries` wrong ones within `window` lock an account for `lock`, twice as long each time, up to `longest_lock`.

    `password_age` None: a password is good until there is a reason to change it. `history`: how many of the latest
    passwords, the one in use included, cannot be chosen again.
    """

    tries: int = 5
    window: timedelta = timedelta(minutes=15)
    lock: timedelta = timedelta(minutes=15)
    longest_lock: timedelta = timedelta(hours=24)
    password_age: timedelta | None = timedelta(days=365)
    history: int = 5
    totp_for: TotpFor = TotpFor.NOBODY

    def lock_after(self, locks: int) -> timedelta:
        """How long the next lock is, after so many one after the other."""
        return min(self.lock * (1 << min(locks, 20)), self.longest_lock)


def sign_in_rules(settings: Settings) -> SignInRules:
    """The rules that the settings ask for."""
    return SignInRules(
        tries=settings.sign_in_tries,
        window=timedelta(minutes=settings.sign_in_window_minutes),
        lock=timedelta(minutes=settings.sign_in_lock_minutes),
        password_age=timedelta(days=settings.password_days) if settings.password_days else None,
        totp_for=TotpFor(settings.totp_for),
    )
