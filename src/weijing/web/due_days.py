"""A deadline that is a day, not a minute: how many working days are left, in a word and a state."""

from datetime import date, timedelta

from weijing.core import working_days

SOON = 3  # working days


def due_word(due_on: date, *, today: date) -> tuple[str, str]:
    """(word, state of `states.LOOKS`): 剩 4 个工作日, 今天到期, 超 2 天."""
    if due_on < today:
        return f"超 {(today - due_on).days} 天", "overdue"
    if due_on == today:
        return "今天到期", "due_soon"
    left = sum(
        working_days.is_working_day(today + timedelta(days=n))
        for n in range(1, (due_on - today).days + 1)
    )
    return f"剩 {left} 个工作日", "due_soon" if left <= SOON else "on_time"
