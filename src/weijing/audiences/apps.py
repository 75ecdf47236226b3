from django.apps import AppConfig


class AudiencesConfig(AppConfig):
    name = "weijing.audiences"

    def ready(self) -> None:
        from weijing.audiences import following_tags
        from weijing.tags.catalogue import following

        if following_tags.follow not in following.FOLLOWERS:
            following.FOLLOWERS.append(following_tags.follow)
