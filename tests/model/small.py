"""A small study for the model check: the same rules with the fewest things that can still go wrong.

One jar, one flask a step, one pool, one or two bags with a cassette each, one vial, one retain, no ancillary lots; one
test before release and one after it; two drugs of one dose; two doses of IL-2. Windows are the trial's own.
"""

from __future__ import annotations

from dataclasses import replace

from coi_tracker.protocols import builtin
from coi_tracker.protocols.model import CountRange, Manufacture, Protocol, Table

TRIAL = builtin("iov_lun_202")
ONE = CountRange(1, 1)
MANUFACTURE = "gen2_22_day"


def _manufacture(bags: int) -> Manufacture:
    usual = TRIAL.manufactures[MANUFACTURE]
    nothing: Table[tuple[str, ...]] = Table(dict.fromkeys(usual.lots, ()))
    return replace(
        usual,
        first_flasks=ONE,
        rapid_flasks=ONE,
        scaled_flasks=ONE,
        bags=CountRange(bags, bags),
        vials=ONE,
        retains=ONE,
        lots=nothing,
        equipment=nothing,
    )


def small(bags: int = 1) -> Protocol:
    """The small study."""
    drugs = {d.key: d for d in TRIAL.regimens["standard"].drugs}
    regimen = replace(
        TRIAL.regimens["standard"],
        drugs=(replace(drugs["cyclophosphamide"], days=(-2,)), replace(drugs["fludarabine"], days=(-1,))),
    )
    progression = TRIAL.criterion("documented_progression")
    tests = {key: TRIAL.release_tests[key] for key in ("viability", "sterility")}
    return replace(
        TRIAL,
        criteria=(TRIAL.criterion("adult"), progression),
        manufactures=Table({**TRIAL.manufactures, MANUFACTURE: _manufacture(bags)}),
        tissue=replace(TRIAL.tissue, jars=ONE),
        release_tests=Table(tests),
        regimens=Table({"standard": regimen}),
        treatment=replace(TRIAL.treatment, recheck=TRIAL.treatment.recheck[:1]),
        il2=replace(TRIAL.il2, max_doses=2),
    )
