from django.urls import path

from weijing.web.health import views

urlpatterns = [path("livez", views.livez), path("readyz", views.readyz)]
