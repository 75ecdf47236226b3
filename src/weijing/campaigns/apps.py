from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "weijing.campaigns"

    def ready(self) -> None:
        from weijing.audiences import receipts
        from weijing.campaigns import following_tags, outcomes, received
        from weijing.campaigns.emergency import following_tags as emergency_following_tags
        from weijing.tags.catalogue import following

        if following_tags.follow not in following.FOLLOWERS:
            # Before the saved audiences, which would already name the other tag; and a release
            # locks in this order too.
            following.FOLLOWERS.insert(0, following_tags.follow)
        if emergency_following_tags.follow not in following.FOLLOWERS:
            following.FOLLOWERS.append(emergency_following_tags.follow)
        if received.who_received not in receipts.READERS:
            receipts.READERS.append(received.who_received)
        if outcomes.with_result not in receipts.RESULT_READERS:
            receipts.RESULT_READERS.append(outcomes.with_result)
