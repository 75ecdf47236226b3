"""The baseline of `callbacks.py`: the same work in a plain Django view."""

from datetime import UTC, datetime

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from weijing.core import env
from weijing.sync.ingest import open_codec
from weijing.sync.received import sealed

settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
settings.APPEND_SLASH = False
django.setup()

from weijing.sync.models import InboxEvent  # noqa: E402

CODEC, CORPID, KEYRING = open_codec(), env.environment().wecom_corpid, env.keyring()


@csrf_exempt
def receive(request: HttpRequest) -> HttpResponse:
    given = {name: request.GET[name] for name in ("msg_signature", "timestamp", "nonce")}
    xml = CODEC.decrypt_message(request.body, **given)
    event = sealed(xml, corpid=CORPID, at=datetime.now(UTC), keyring=KEYRING)
    InboxEvent.objects.bulk_create(
        [
            InboxEvent(
                key=event.key,
                corpid=event.corpid,
                xml_sealed=event.xml_sealed,
                received_at=event.received_at,
                last_received_at=event.received_at,
            )
        ],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["last_received_at", "outcome"],
    )
    return HttpResponse()


urlpatterns = [
    path("wecom/callback", receive),
    path("livez", lambda request: HttpResponse("ok")),
]
application = get_wsgi_application()
