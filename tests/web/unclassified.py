"""An address somebody forgot to classify."""

from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [
    path("forgotten/", lambda request: HttpResponse("secret")),
    path("", include("weijing.urls")),
]
