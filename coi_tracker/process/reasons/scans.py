"""Words for the reasons that are about what was scanned."""

from __future__ import annotations

from coi_tracker.process.reasons.words import Explained
from coi_tracker.vocabulary import ReasonCode as Code

SCANS = (
    Explained(
        Code.UNKNOWN_LABEL,
        "Unknown label",
        "The code is well formed, but this record has never issued it.",
        "Do not use the container. Scan it once more; if it is still unknown, set it aside and call quality.",
    ),
    Explained(
        Code.MALFORMED_LABEL,
        "Not one of our labels",
        "What was read is not a complete label of this system: another system's code, a part of a code, or a "
        "typing error.",
        "Find the label with the COI and scan that one. If you typed it, type it again, all of it; if the print "
        "is damaged, have it reprinted.",
    ),
    Explained(
        Code.LABEL_NOT_VERIFIED,
        "Label not scanned back",
        "The label was printed but never scanned back, or it was never put on a filled container.",
        "Scan the label back first, then repeat this step. If it does not scan, reprint it.",
    ),
    Explained(
        Code.LABEL_VOID,
        "Dead label",
        "This label was voided, destroyed, returned, or has expired. It speaks for nothing any more.",
        "Do not use it. If it is on a filled container, leave the label on, set the container aside and call "
        "quality; if it is loose, hand it in to be destroyed.",
    ),
    Explained(
        Code.LABEL_SUPERSEDED,
        "Old label, there is a reprint",
        "The label was replaced by a reprint, whose serial is shown. The old one has been dead since then.",
        "Find the reprint with the serial that is shown and scan it. If it is not on this container yet, two "
        "people put it there.",
    ),
    Explained(
        Code.WRONG_COURSE,
        "Another patient's container",
        "The container, or what is in the shipper, belongs to another course of therapy.",
        "Stop. Put it back where it came from, and fetch the container with the COI that is shown. If it was "
        "lying with this patient's material, call quality at once.",
    ),
    Explained(
        Code.WRONG_SUBJECT,
        "Another person",
        "The wristband, or the identifiers that were given, are not those of this subject.",
        "Stop. Ask the person for name and date of birth, compare with the wristband, and find the right patient "
        "or the right course. Give nothing before it matches.",
    ),
    Explained(
        Code.SAME_SUBJECT_OTHER_COURSE,
        "Same patient, another course",
        "The person is right, but the container is from another course of therapy of the same person.",
        "Stop. Put it back and fetch the container with the COI that is shown. Matching names are not enough.",
    ),
    Explained(
        Code.WRONG_CONTAINER_KIND,
        "Not the thing this step is about",
        "The step asks for other kinds of containers than the one that was scanned.",
        "Scan the kinds that are shown, and nothing else.",
    ),
    Explained(
        Code.WRONG_CONTAINER_STATE,
        "Not in the right state",
        "The container is not in the state the step needs: not filled yet, still in transit, in use, or at its "
        "end. The step may also have found another bag thawed.",
        "Read which container and state are shown. Do the step that is missing, or fetch another container.",
    ),
    Explained(
        Code.WRONG_CUSTODIAN,
        "In somebody else's custody",
        "The record says that another place holds the container, or that it was not offered to yours.",
        "Do not go on with it. Have the place that is shown release it and yours accept it; if it is already "
        "here, tell both places and quality.",
    ),
    Explained(
        Code.DUPLICATE_SCAN,
        "Scanned twice",
        "The same container was scanned more than once in this attempt.",
        "Start the scans again: each container once.",
    ),
    Explained(
        Code.MISSING_CONTAINER,
        "Something is missing",
        "Fewer containers were scanned, counted or present than there must be.",
        "Look for what is shown and scan it. If it cannot be found, stop and report it lost.",
    ),
    Explained(
        Code.UNEXPECTED_CONTAINER,
        "Something is too much",
        "There is a container that does not belong to this step: one too many, in another cassette, or in a "
        "shipper that should be empty.",
        "Take out what is shown, find out where it belongs, then scan again. Leave it out of this step.",
    ),
)
