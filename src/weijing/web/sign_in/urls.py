from django.urls import path

from weijing.web.sign_in import views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-in/wecom/", views.wecom_start, name="wecom-start"),
    path("sign-in/wecom/callback/", views.wecom_callback, name="wecom-callback"),
    path("sign-out/", views.sign_out, name="sign-out"),
]
