from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "weijing.campaigns"

    def ready(self) -> None:
        from weijing.campaigns import following_tags
        from weijing.tags.catalogue import following

        if following_tags.follow not in following.FOLLOWERS:
            following.FOLLOWERS.append(following_tags.follow)
