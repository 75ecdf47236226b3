"""Every bug that we plant is found, and found for what it does to people or books."""

import pytest

from tests.send_simulation.planted import BUGS, SEEDS
from tests.send_simulation.running import verdicts


@pytest.mark.timeout(1_800)  # a machine with much else to do
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(db: None, name: str) -> None:
    bug = BUGS[name]
    with bug.planted():
        found = next((v for v in verdicts(range(SEEDS), change=bug.change) if v.broken), None)
    assert found is not None
    assert not found.broken[0].startswith("crashed"), found
