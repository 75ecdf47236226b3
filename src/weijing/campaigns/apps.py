from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "weijing.campaigns"

    def ready(self) -> None:
        from weijing.audiences import receipts
        from weijing.campaigns import following_tags, received
        from weijing.tags.catalogue import following

        if following_tags.follow not in following.FOLLOWERS:
            following.FOLLOWERS.append(following_tags.follow)
        if received.who_received not in receipts.READERS:
            receipts.READERS.append(received.who_received)
