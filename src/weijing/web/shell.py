"""What every page shows around its content: navigation with counts, and who is signed in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context for the base templates."""
    return {"demo": settings.DEMO}
