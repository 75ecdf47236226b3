"""Our line to WeCom: one client, and one token, one set of limits and one memory of how calls
went, shared by all processes through the database.

All three commit on connections of their own (`connections.py`), so they hold whatever becomes of
the caller's transaction.
"""

from weijing.core.line.client import wecom
from weijing.core.line.connections import hang_up
from weijing.core.line.health import Health, State, Trouble, health

__all__ = ["Health", "State", "Trouble", "hang_up", "health", "wecom"]
