"""A furnished record with a printer at the first site, and a course with labels issued there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from coi_tracker.services import rebuild
from tests.integration.printing.shop import Shop, shop_on
from tests.races.conftest import stage as furnished_stage
from tests.races.stage import Stage

stage = furnished_stage
__all__ = ["shop", "stage"]


@pytest.fixture
def shop(stage: Stage, request: Any) -> Iterator[Shop]:
    """A print shop. Whatever a test does in it, the state must be the fold of the log afterwards."""
    found = shop_on(stage)
    yield found
    assert rebuild.check(stage.record).findings == ()
