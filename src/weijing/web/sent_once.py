"""A token in a form that may be sent twice: two taps, a slow network, the back button."""

from uuid import uuid4

from django import forms


def once_field() -> forms.UUIDField:
    """New whenever a form is drawn empty; what was typed wrongly keeps the token it has."""
    return forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)
