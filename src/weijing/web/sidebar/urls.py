from django.urls import path

from weijing.web.sidebar import views

urlpatterns = [path("contact/", views.contact, name="contact")]
