"""Which parts of WeCom a deployment has.

The privately deployed edition (政务微信) has no public reference. There is no public evidence that
it has customer contact, mass messages or the JS-SDK tickets of the chat sidebar, so a client of
that edition refuses those calls until its operator says that they exist.
"""

from __future__ import annotations

from enum import Enum


class Edition(Enum):
    SAAS = "saas"
    PRIVATE = "private"


class Capability(Enum):
    ADDRESS_BOOK = "address_book"
    SIGN_IN = "sign_in"
    APP_MESSAGES = "app_messages"
    TEMPLATE_CARDS = "template_cards"
    MEDIA = "media"
    JS_SDK = "js_sdk"
    CUSTOMER_CONTACT = "customer_contact"
    MASS_MESSAGES = "mass_messages"


CAPABILITIES: dict[Edition, frozenset[Capability]] = {
    Edition.SAAS: frozenset(Capability),
    Edition.PRIVATE: frozenset(
        {
            Capability.ADDRESS_BOOK,
            Capability.SIGN_IN,
            Capability.APP_MESSAGES,
            Capability.MEDIA,
        }
    ),
}

# To be given to `Transport(paths=...)`. The private edition may not know the newer path.
PATHS: dict[Edition, dict[str, str]] = {
    Edition.SAAS: {},
    Edition.PRIVATE: {"auth/getuserinfo": "user/getuserinfo"},
}
