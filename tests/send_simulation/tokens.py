"""The token that all simulated workers share, and the right to fetch the next one."""

from collections.abc import Iterator
from contextlib import contextmanager

from wecom_api import Unavailable
from wecom_api.tokens import InMemoryTokenCache


class SharedToken(InMemoryTokenCache):
    """Who waits for a worker that stands still would wait in this same thread: it gives up at once.

    In production it gives up after a while, in the same way; a dead worker's lock ends with it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._held = False

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:  # type: ignore[override]
        if self._held:
            raise Unavailable("gettoken", errmsg="another worker is fetching it")
        self._held = True
        try:
            yield
        finally:
            self._held = False
