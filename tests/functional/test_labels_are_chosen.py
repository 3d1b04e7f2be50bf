"""What nobody ticked is neither printed nor counted: a slip of the hand prints no label, and gives none free again."""

from __future__ import annotations

import re

import pytest

from coi_tracker.vocabulary import HowDelivered, LabelState
from tests.functional.test_label_pages import browser, job_of, page
from tests.integration.printing.shop import Shop, shop_on
from tests.integration.printing.test_life_of_a_label import printed
from tests.races.conftest import stage as furnished_stage
from tests.races.stage import Stage

stage = furnished_stage


@pytest.fixture
def shop(stage: Stage) -> Shop:
    return shop_on(stage)


@pytest.mark.requirement("COI-PRINT-23")
def test_nothing_is_printed_when_nothing_is_ticked(shop: Shop) -> None:
    serials = shop.issue(2)
    client, path = browser(shop), f"/courses/{shop.coi}"
    asked = {"job": job_of(page(client, f"{path}/labels")), "printer": shop.printer.id}
    answer = client.post(f"{path}/print", data=asked)
    assert answer.status_code == 400
    assert "tick the labels to print" in answer.text
    shop.work()
    assert shop.states(serials) == [LabelState.ISSUED, LabelState.ISSUED]
    assert shop.paper.out == []


@pytest.mark.requirement("COI-PRINT-23")
def test_that_not_one_label_came_out_is_said_and_not_meant_by_ticking_nothing(shop: Shop) -> None:
    job = in_doubt(shop)
    client, path = browser(shop), f"/prints/{job}"
    nothing = client.post(f"{path}/count", data={})
    assert nothing.status_code == 400
    assert "tick every label that came out" in nothing.text
    assert "Print job: may have printed" in page(client, path)
    assert client.post(f"{path}/count", data={"none": "yes"}).status_code == 303
    assert "Print job: counted" in page(client, path)


@pytest.mark.requirement("COI-PRINT-23")
def test_ticked_labels_and_not_one_cannot_both_be_so(shop: Shop) -> None:
    job = in_doubt(shop)
    client, path = browser(shop), f"/prints/{job}"
    serial = re.findall(r'name="serial" value="(\w+)"', page(client, path))[0]
    both = client.post(f"{path}/count", data={"serial": serial, "none": "yes"})
    assert both.status_code == 400
    assert "Print job: may have printed" in page(client, path)


@pytest.mark.requirement("COI-PRINT-23")
def test_printing_is_offered_as_long_as_a_label_waits_for_it(shop: Shop) -> None:
    serials = shop.issue(1)
    client, path = browser(shop), f"/courses/{shop.coi}/labels"
    assert "Print the chosen labels" in page(client, path)
    shop.ask(serials)
    assert "Print the chosen labels" not in page(client, path)


@pytest.mark.requirement("COI-PRINT-18")
def test_every_label_that_can_be_looked_at_has_a_way_to_its_picture_and_no_other_has(shop: Shop) -> None:
    _, (old, kept) = printed(shop, 2)
    shop.stage.do("reprint_label", shop.chain, container=shop.course.labels[old].container, place=shop.course.site)
    client, path = browser(shop), f"/courses/{shop.coi}/labels"
    ways = re.findall(rf'href="({path}/\w+\.svg)"', page(client, path))
    assert f"{path}/{kept}.svg" in ways
    assert f"{path}/{old}.svg" not in ways
    assert [client.get(way).status_code for way in ways] == [200] * len(ways)


def in_doubt(shop: Shop) -> str:
    """A job of which labels may have printed."""
    serials = shop.issue(2)
    shop.paper.then, shop.paper.halves = [HowDelivered.IN_DOUBT], 1
    job = shop.ask(serials).job.id
    shop.work()
    return job
