from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "weijing.privacy"
