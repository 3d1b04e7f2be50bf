"""Words for the reasons that are about people, places, stations and time."""

from __future__ import annotations

from coi_tracker.process.reasons.words import Explained
from coi_tracker.vocabulary import ReasonCode as Code

PEOPLE = (
    Explained(
        Code.ROLE_MISSING,
        "Not your role here",
        "Your account, or the second person's, does not have the role this step needs at this place.",
        "Ask somebody with one of the roles that are shown. If you should have the role, ask your administrator.",
    ),
    Explained(
        Code.PLACE_MISSING,
        "Wrong place",
        "The step is not done at this kind of place, belongs to another site or facility, or names a place that "
        "is not registered.",
        "Do it at the place that is shown, or name a registered place.",
    ),
    Explained(
        Code.TRAINING_EXPIRED,
        "Training not valid",
        "The training for this role is missing or has expired on the day of the step.",
        "Hand over to somebody who is trained. Renew the training before you try again.",
    ),
    Explained(
        Code.STATION_UNKNOWN,
        "Station not registered",
        "This workstation or hand-held is not registered at the place.",
        "Use a registered station. Ask your administrator to register this one.",
    ),
    Explained(
        Code.CLOCK_WRONG,
        "Clock off, or a late entry",
        "The time given is too far from the server's: the clock of the station is wrong, or the step happened earlier.",
        "If it happens now, have the station's clock set and repeat. If it happened earlier, make a late entry "
        "with the reason and a second person.",
    ),
    Explained(
        Code.SAME_SIGNER,
        "The same person twice",
        "Two different people are needed, and this one has signed, recorded or placed it already.",
        "Ask a second person to do it with their own account. Never sign for somebody else.",
    ),
    Explained(
        Code.SIGNATURE_FAILED,
        "Signature not accepted",
        "The password or second factor was not right.",
        "Sign again, slowly. If it fails again, ask your administrator for a new password.",
    ),
    Explained(
        Code.SIGNATURE_MISSING,
        "Signature missing",
        "Somebody who must sign this step has not.",
        "Ask the person with the role that is shown to sign, with the meaning that is shown.",
    ),
    Explained(
        Code.SIGNATURE_UNEXPECTED,
        "Signature that nobody asked for",
        "A signature has a meaning this step does not know.",
        "Leave that signature out, and sign with the meaning that is shown.",
    ),
    Explained(
        Code.TOO_EARLY,
        "Too early",
        "The window has not opened yet, or a step that must come first is not recorded.",
        "Read when the window opens and wait, or record the earlier step first.",
    ),
    Explained(
        Code.TOO_LATE,
        "Too late",
        "The window has closed, or something has expired: a bag, a thaw timer, a bedside check, a shipper.",
        "Do not use it. Repeat the check if it was a check; otherwise open a deviation and wait for those who "
        "must approve it. An expired or over-thawed bag is not infused.",
    ),
    Explained(
        Code.CONFLICT_RETRY,
        "Somebody was quicker",
        "Another person changed the same thing at the same moment. Nothing of this attempt was recorded as done.",
        "Look at what is there now, then scan again if the step is still to be done.",
    ),
)
