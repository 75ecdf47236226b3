"""The road and its people, with the roles that meet on these pages."""

from tests.campaigns.emergency.conftest import configure, scene  # noqa: F401
