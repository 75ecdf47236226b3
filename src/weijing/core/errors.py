"""What a use case may say to the person in front of the screen."""


class DomainError(Exception):
    """The person can change something: shown in their words, 422, not logged."""


class PermissionDenied(DomainError):
    """The person may see that this exists, but may not do it: 403."""

    def __init__(self, message: str = "您没有做这件事的权限，请找本单位管理员。") -> None:
        super().__init__(message)
