from django.urls import path

from weijing.web.sidebar import signing, views

urlpatterns = [
    path("contact/", views.contact, name="contact"),
    path("signature/", signing.signature, name="signature"),
]
