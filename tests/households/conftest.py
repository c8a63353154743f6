"""The areas every test of this floor stands on."""

from __future__ import annotations

import pytest

from tests.factories.households import known_areas

__all__ = ["known_areas"]

pytestmark = pytest.mark.usefixtures("known_areas")
