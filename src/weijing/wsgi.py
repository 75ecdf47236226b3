"""The web process: `weijing web`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weijing.settings")
application = get_wsgi_application()

from weijing.audiences.index import ticking  # noqa: E402  (needs the applications loaded)

ticking.start()
