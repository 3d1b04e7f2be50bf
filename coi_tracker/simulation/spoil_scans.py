"""How needs about scans, the shipper and hand-offs are spoiled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from coi_tracker.course import Container, ContainerId, PlaceId, Scanned
from coi_tracker.process.custody import contents
from coi_tracker.process.scans import OneSource, Paired, SameNumber, Scan, ShipperScan, Which
from coi_tracker.process.shipping import ContentsHeld, ContentsHere, CourierKnown, OfferedHere, RouteIsOrdered
from coi_tracker.simulation.spoiling import Found, Scene, spoil_need
from coi_tracker.vocabulary import ContainerKind, ContainerState, LabelState
from coi_tracker.vocabulary import ReasonCode as Code

ELSEWHERE = PlaceId("site-tampa")
ENDS = (ContainerState.LOST, ContainerState.DESTROYED, ContainerState.CONSUMED)


def known(scans: tuple[Scanned, ...]) -> tuple[tuple[Scanned, Container], ...]:
    """Scans with the containers they speak for."""
    return tuple((s, s.container) for s in scans if s.container is not None)


def never_was(scene: Scene, one: Container) -> Scene:
    """An empty container that nobody scans would be an open label as well; so there is none."""
    return scene.without_container(one) if one.state is ContainerState.LABELLED else scene


@spoil_need.register
def _scan(need: Scan, scene: Scene) -> Found:
    for scan, one in known(scene.read(need.part))[:1]:
        yield from _missing(need, scene)
        yield from _one_more(need, scene, one)
        taken = {s for w in scene.step.needs_of(Scan) if w.kind in (None, one.kind) for s in w.states}
        end = next(s for s in ENDS if s not in taken)
        yield f"{need.part} is {end}", scene.container(one, state=end), Code.WRONG_CONTAINER_STATE
        label = LabelState.VERIFIED if LabelState.ISSUED in (need.labels or ()) else LabelState.ISSUED
        yield f"the label of {need.part} is {label}", scene.container(one, label=label), Code.LABEL_NOT_VERIFIED
        if not need.elsewhere:
            away = scene.container(one, holder=ELSEWHERE)
            yield f"{need.part} is in another custody", away, Code.WRONG_CUSTODIAN
        del scan


def _missing(need: Scan, scene: Scene) -> Found:
    low = 1 if need.all is not None else _bounds(need, scene)[0]
    if not low:
        return
    less = scene
    for scan, one in known(scene.read(need.part)):
        less = never_was(less.reading(scan), one)
    yield f"no {need.part} is scanned", less, Code.MISSING_CONTAINER
    several = known(scene.read(need.part))
    if need.all is not None and len(several) > 1:
        yield f"one {need.part} is not scanned", scene.reading(several[-1][0]), Code.MISSING_CONTAINER


def _one_more(need: Scan, scene: Scene, one: Container) -> Found:
    if need.all is Which.CONTENTS:
        more, scan = scene.twin(one, shipper=None)
        yield f"a {need.part} that was not packed", more.also_reading(scan), Code.UNEXPECTED_CONTAINER
    if need.all is not None:
        return
    more, high = scene, _bounds(need, scene)[1]
    partners = {p.left if p.right == need.part else p.right for p in scene.step.needs_of(SameNumber)}
    for number in range(1, high + 1):
        for two in (one, *(c for part in partners for _, c in known(scene.read(part))[:1])):
            more, scan = more.twin(two, number)
            more = more.also_reading(scan)
    yield f"{high + 1} {need.part} where {high} may be", more, Code.UNEXPECTED_CONTAINER


def _bounds(need: Scan, scene: Scene) -> tuple[int, int]:
    if isinstance(need.count, tuple):
        return need.count
    found = scene.limit(need.count)
    return found.low, found.high


@spoil_need.register
def _shipper(need: ShipperScan, scene: Scene) -> Found:
    shipper = scene.attempt.around.shipper
    scan = next(s for s in scene.attempt.scans if s.container and s.container.kind is ContainerKind.SHIPPER)
    assert shipper is not None  # noqa: S101  the scene is a right one
    assert scan.container is not None  # noqa: S101
    yield "no shipper is scanned", scene.reading(scan).around(shipper=None), Code.MISSING_CONTAINER
    yield "the shipper around was not scanned", scene.reading(scan), Code.MISSING_CONTAINER
    other = replace(scan.container, id=ContainerId("shipper/OTHER"), serial="OTHER")
    second = replace(scan, raw="OTHER", serial="OTHER", container=other)
    yield "two shippers are scanned", scene.also_reading(second), Code.UNEXPECTED_CONTAINER
    if need.ours:
        swapped = scene.reading(scan, second).around(shipper=replace(shipper, id=other.id, serial="OTHER"))
        yield "another shipper", swapped, Code.WRONG_COURSE
        return
    loaded = scene.around(shipper=replace(shipper, loaded_for="COTHER"))
    yield "the shipper is loaded for another course", loaded, Code.UNEXPECTED_CONTAINER
    gone = scene.attempt.happened_at - timedelta(hours=1)
    late = scene.around(shipper=replace(shipper, valid_until=gone))
    yield "the shipper is past its validity", late, Code.TOO_LATE
    retired = scene.around(out_of_use={shipper.serial: scene.attempt.happened_at.date() - timedelta(days=2)})
    yield "the shipper is out of use", retired, Code.WRONG_CONTAINER_STATE


@spoil_need.register
def _paired(need: Paired, scene: Scene) -> Found:
    _, bag = known(scene.read(need.bag))[0]
    yield "the bag is of another cassette", scene.container(bag, cassette="of another"), Code.UNEXPECTED_CONTAINER


@spoil_need.register
def _same_number(need: SameNumber, scene: Scene) -> Found:
    several = known(scene.read(need.right))
    if len(several) > 1:
        scan, one = several[-1]
        yield f"one {need.right} too few", never_was(scene.reading(scan), one), Code.MISSING_CONTAINER


@spoil_need.register
def _one_source(need: OneSource, scene: Scene) -> Found:
    scan, one = next(k for part in need.parts for k in known(scene.read(part)))
    yield "taken from nothing", scene.reading(scan), Code.MISSING_CONTAINER
    kind = ContainerKind.POOL if one.kind is ContainerKind.FLASK else ContainerKind.FLASK
    more, second = scene.twin(one, kind=kind)
    yield "taken from two", more.also_reading(replace(second, part=None)), Code.UNEXPECTED_CONTAINER


@spoil_need.register
def _contents_here(need: ContentsHere, scene: Scene) -> Found:
    one = contents(scene.course)[0]
    yield "what is in the shipper is held elsewhere", scene.container(one, holder=ELSEWHERE), Code.WRONG_CUSTODIAN
    yield "it is offered already", scene.container(one, offered_to=ELSEWHERE), Code.ALREADY_RECORDED


@spoil_need.register
def _contents_held(need: ContentsHeld, scene: Scene) -> Found:
    one = contents(scene.course)[0]
    yield "what is in the shipper is held elsewhere", scene.container(one, holder=ELSEWHERE), Code.WRONG_CUSTODIAN


@spoil_need.register
def _offered(need: OfferedHere, scene: Scene) -> Found:
    one = contents(scene.course)[0]
    yield "offered to somebody else", scene.container(one, offered_to=ELSEWHERE), Code.WRONG_CUSTODIAN
    yield "offered to nobody", scene.container(one, offered_to=None), Code.WRONG_CUSTODIAN


@spoil_need.register
def _courier(need: CourierKnown, scene: Scene) -> Found:
    yield "a courier nobody registered", scene.saying(courier="nobody"), Code.PLACE_MISSING
    yield "a site as courier", scene.saying(courier=str(ELSEWHERE)), Code.PLACE_MISSING


@spoil_need.register
def _route(need: RouteIsOrdered, scene: Scene) -> Found:
    other = {"resection": "core_biopsy", "core_biopsy": "resection"}[str(scene.course.route)]
    yield "another route than ordered", scene.saying(route=other), Code.PROTOCOL_MISMATCH
    measure = "lesion_size" if scene.course.route == "resection" else "cores"
    yield f"no {measure}", scene.saying(**{measure: None}), Code.EVIDENCE_MISSING
