"""Four hundred seeded fault schedules with every run of the tests.

More cost minutes each thousand: `./run simulate-sends --schedules 10000`.
"""

from collections import Counter

import pytest

from tests.send_simulation.running import verdicts

SPANS = 4
PER_SPAN = 100


@pytest.mark.timeout(1_800)  # a machine with much else to do
@pytest.mark.parametrize("span", range(SPANS))
def test_nobody_is_lost_or_written_to_twice_and_nothing_is_stuck(db: None, span: int) -> None:
    seeds = range(span * PER_SPAN, (span + 1) * PER_SPAN)
    told, ended, boundaries = [], Counter[str](), 0
    for verdict in verdicts(seeds):
        ended += verdict.ended
        boundaries += verdict.boundaries
        if verdict.broken:
            told.append(str(verdict))
    assert told == [], "\n\n".join(told[:3])
    # The schedules do what they say: without these the line above would prove nothing.
    assert ended["finished"] > PER_SPAN * 0.6
    assert all(ended[state] for state in ("cancelled", "lapsed"))
    assert boundaries > 20 * PER_SPAN
