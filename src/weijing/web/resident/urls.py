from django.urls import path

from weijing.web.resident import choosing, home, me, notice, requests, verify

urlpatterns = [
    path("", home.home, name="home"),
    path("open/<str:key>/", home.enter, name="enter"),
    path("leave/", home.go, name="leave"),
    path("verify/", verify.ask, name="verify-ask"),
    path("verify/<str:code>/", verify.verify, name="verify"),
    path("notice/", notice.notice, name="notice"),
    path("notice/<str:version>/", notice.notice, name="notice-version"),
    path("me/", me.me, name="me"),
    path("me/seen/", me.seen, name="seen"),
    path("me/copy/", me.copy, name="copy"),
    path("me/copy/file/", me.copy_file, name="copy-file"),
    path("me/choices/<str:scope>/", choosing.choice, name="choice"),
    path("me/tags/<str:code>/", choosing.tags, name="tags"),
    path("me/end/", choosing.end, name="end"),
    path("me/begin/", choosing.begin, name="begin"),
    path("me/links/", choosing.close_doors, name="close-doors"),
    path("me/requests/new/", requests.new, name="request-new"),
    path("me/requests/<str:number>/", requests.detail, name="request"),
]
