"""The badge of an account: to look at on its page, and as a PDF for any printer. It shows no name: whoever finds it
learns where it belongs, not to whom."""

from __future__ import annotations

from flask import Response, abort

from coi_tracker.identity import BadgeCode
from coi_tracker.services import administration
from coi_tracker.services.administration import AccountLine
from labels.content import LONGEST, LabelContent
from labels.kinds import LabelKind
from web.admin.accounts import find
from web.admin.shared import blueprint, for_admins
from web.session import record
from web.thing_labels import answer, on_a_label

NO_PLACE_YET = "NO PLACE YET"
"""Where a badge says whose it is, for somebody without a role."""


@blueprint.get("/accounts/<key>/badge.<form>")
@for_admins
def badge(key: str, form: str) -> Response:
    """The badge somebody carries now; 404 without one, and for who has left."""
    one = find(key)
    if one.badge is None or not one.active:
        abort(404)
    content = LabelContent(BadgeCode(one.badge), LabelKind.BADGE, None, None, None, _belongs_to(one))
    return answer(content, form, name=f"badge-{one.badge}")


def _belongs_to(one: AccountLine) -> str:
    """The place of the first role, and how many more there are: enough to bring it back."""
    names = {place.id: place.name for place in administration.places(record())}
    places = [names[key] for key in dict.fromkeys(role.place for role in one.roles)]
    if not places:
        return NO_PLACE_YET
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return on_a_label(places[0][: LONGEST["place"] - len(more)]) + more
