"""The web process: `weijing web`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weijing.settings")
application = get_wsgi_application()
