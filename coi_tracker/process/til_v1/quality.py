"""Quality: results, their review, and the disposition of the product."""

from __future__ import annotations

from coi_tracker.process.acts import ReviewsResult
from coi_tracker.process.effects import Forgets, Remembers, RemembersActor
from coi_tracker.process.guarding import Quarantines
from coi_tracker.process.quality import (
    TEST,
    ChainComplete,
    DoseInRange,
    Fact,
    NoDeviationOpen,
    NoHoldOpen,
    ResultFits,
    ResultsReviewed,
    ResultThere,
)
from coi_tracker.process.scans import Scan
from coi_tracker.process.signing import AnotherPerson, Signs
from coi_tracker.process.spec import Field, Move, Need, Step, protocol
from coi_tracker.process.supplies import Given, Reconciled
from coi_tracker.process.til_v1.common import (
    FACILITY,
    HELD,
    QUALITY_PLACES,
    REASON,
    SITE,
    B,
    K,
    M,
    material,
    text,
    two,
)
from coi_tracker.vocabulary import Disposition, Meaning, Role, Severity, Track

D = Disposition
QA = frozenset({Role.QA})
RELEASE = frozenset({B.RELEASE})
MADE = frozenset({K.FLASK, K.POOL, K.BAG, K.QC_VIAL, K.RETAIN, K.CASSETTE})


def disposition(*sources: Disposition, to: Disposition | None = None) -> Move:
    """A move on the disposition track."""
    return Move(Track.DISPOSITION, frozenset(sources), to)


def all_in_order(*, final: bool) -> tuple[Need, ...]:
    """What must be complete before product may be released."""
    return (
        ResultsReviewed(final=final, passing=True),
        DoseInRange(protocol.dose.viable_cells),
        ChainComplete(),
        Reconciled(MADE),
        NoDeviationOpen(frozenset({Severity.CRITICAL})),
        NoHoldOpen(),
        *two({Role.QA}, first=Meaning.RELEASED, second=Meaning.APPROVED),
    )


record_result = Step(
    "record_result",
    "Record a result of quality control",
    by=frozenset({Role.QC_ANALYST}),
    at=FACILITY,
    moves=(material(M.HARVESTED, M.CRYOPRESERVED, M.OUTBOUND, M.AT_SITE, M.INFUSED),),
    needs=(
        Scan(K.QC_VIAL, "sample", HELD),
        ResultFits(),
        Fact("result.{test}.reviewed", present=False, words="no reviewed result of this test yet"),
        Signs(),
    ),
    effects=(
        Remembers("result.{test}", "value"),
        RemembersActor("result.{test}.by"),
        Forgets(("result.{test}.reviewed",)),
    ),
    source="release specification of the protocol; out of specification is shown, never hidden",
)

review_result = Step(
    "review_result",
    "Review a result of quality control",
    by=frozenset({Role.QC_ANALYST}),
    at=FACILITY,
    moves=(material(M.HARVESTED, M.CRYOPRESERVED, M.OUTBOUND, M.AT_SITE, M.INFUSED),),
    needs=(
        Given(TEST),
        ResultThere(),
        AnotherPerson("result.{test}.by", "reviewed by another analyst than recorded it"),
        Signs(Meaning.REVIEWED),
    ),
    effects=(ReviewsResult(),),
    source="21 CFR 211.194(a)(8): review by a second person",
)

release_product = Step(
    "release_product",
    "Disposition: release",
    by=QA,
    at=FACILITY,
    moves=(
        material(M.CRYOPRESERVED, M.AT_SITE, M.INFUSED),  # on its way, custody is not complete
        disposition(D.TESTING, D.CONDITIONALLY_RELEASED, to=D.RELEASED),
    ),
    needs=all_in_order(final=True),
    forbidden_by=RELEASE,
    source="21 CFR 1271.265(c); release specification",
)

release_conditionally = Step(
    "release_conditionally",
    "Disposition: conditional release, final results pending",
    by=QA,
    at=FACILITY,
    moves=(material(M.CRYOPRESERVED), disposition(D.TESTING, to=D.CONDITIONALLY_RELEASED)),
    needs=(*all_in_order(final=False), REASON),
    forbidden_by=RELEASE,
    source="final sterility arrives after release",
)

declare_out_of_specification = Step(
    "declare_out_of_specification",
    "Disposition: out of specification",
    by=QA,
    at=FACILITY,
    moves=(material(M.CRYOPRESERVED), disposition(D.TESTING, to=D.OUT_OF_SPECIFICATION)),
    needs=(ResultsReviewed(final=False, passing=False), REASON, Signs(Meaning.REVIEWED)),
    effects=(Forgets(("exceptional.physician",)),),
    source="a normal branch, not an exception",
)

reject_product = Step(
    "reject_product",
    "Disposition: reject",
    by=QA,
    at=FACILITY,
    moves=(
        material(M.CRYOPRESERVED, M.OUTBOUND, M.AT_SITE),
        disposition(
            D.TESTING,
            D.OUT_OF_SPECIFICATION,
            D.CONDITIONALLY_RELEASED,
            D.RELEASED,
            D.EXCEPTIONALLY_RELEASED,
            to=D.REJECTED,
        ),
    ),
    needs=(REASON, Signs(Meaning.AUTHORISED)),
    effects=(Forgets(("plan.confirmed",)),),
    source="21 CFR 211.110(c)",
)

request_exceptional_release = Step(
    "request_exceptional_release",
    "Ask for an exceptional release as treating physician",
    by=frozenset({Role.PHYSICIAN}),
    at=SITE,
    moves=(disposition(D.OUT_OF_SPECIFICATION),),
    needs=(
        REASON,
        text("approvals", "approvals of sponsor, ethics committee, authority"),
        Signs(Meaning.AUTHORISED),
    ),
    effects=(RemembersActor("exceptional.physician"),),
    forbidden_by=RELEASE,
    source="exceptional release: physician, then quality",
)

exceptional_release = Step(
    "exceptional_release",
    "Release out-of-specification product exceptionally",
    by=QA,
    at=FACILITY,
    moves=(disposition(D.OUT_OF_SPECIFICATION, to=D.EXCEPTIONALLY_RELEASED),),
    needs=(
        Fact("exceptional.physician", present=True, words="asked for by the treating physician"),
        ChainComplete(),
        Reconciled(MADE),
        NoDeviationOpen(frozenset({Severity.CRITICAL})),
        NoHoldOpen(),
        REASON,
        *two({Role.QA}, first=Meaning.RELEASED, second=Meaning.APPROVED),
    ),
    forbidden_by=RELEASE,
    source="only from out of specification; physician, then quality",
)

result_after_release = Step(
    "result_after_release",
    "Record an adverse result that came after release",
    by=QA,
    at=QUALITY_PLACES,
    moves=(disposition(D.RELEASED, D.CONDITIONALLY_RELEASED, D.EXCEPTIONALLY_RELEASED, to=D.OUT_OF_SPECIFICATION),),
    needs=(
        Given(TEST),
        Given(Field("value", "the result")),
        text("notified", "who was told at the site"),
        Signs(Meaning.AUTHORISED),
    ),
    effects=(Quarantines(), Forgets(("exceptional.physician",))),
    source="e.g. positive final sterility: alert, quarantine of what is left, nothing deleted",
)

STEPS = (
    record_result,
    review_result,
    release_product,
    release_conditionally,
    declare_out_of_specification,
    reject_product,
    request_exceptional_release,
    exceptional_release,
    result_after_release,
)
