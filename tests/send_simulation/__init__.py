"""Thousands of seeded fault schedules against the code that sends.

See `docs/adr/0024-fault-schedules-in-one-process.md`.
"""
