"""What all processes share about our line to WeCom."""

from typing import Any

from django.db import models


class WeComToken(models.Model):
    """An access token or a JS-SDK ticket, shared by every process. The value is sealed.

    With `refused_errcode` it is the memory that WeCom refused our secret: until `expires_at`
    nobody asks again.
    """

    key = models.CharField(max_length=120, primary_key=True)
    value_sealed = models.BinaryField()
    expires_at = models.DateTimeField()
    renew_at = models.DateTimeField()
    refused_errcode = models.IntegerField(null=True)


class WeComBucket(models.Model):
    """How many calls of one API this corp may still make (token bucket, minute and hour)."""

    api = models.CharField(max_length=80, primary_key=True)
    state: Any = models.JSONField(default=dict)  # levels of the rates, filled_at in Unix seconds
    blocked_until = models.DateTimeField(null=True)


class WeComHealth(models.Model):
    """How one API answered last. `line.health` makes words of it for the pages.

    Written by `line.outcomes`, about a second after the call.
    """

    api = models.CharField(max_length=80, primary_key=True)
    ok_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=40, blank=True)
    errcode = models.IntegerField(null=True)
    calls = models.BigIntegerField(default=0)
    failures = models.BigIntegerField(default=0)
