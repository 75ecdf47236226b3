"""I1 to I3: no acknowledged callback is lost, each has one outcome."""

import hashlib

from weijing.core.crypto import CannotOpen
from weijing.core.env import environment, keyring
from weijing.sync.doctor.checks import Check, Offenders, Patient, by_sql
from weijing.sync.models import InboxEvent
from weijing.sync.received import place_of

SPOOL = "spool"
LATE_SECONDS = 120


def spool_is_brought_in(patient: Patient) -> Offenders:
    """Segments on this machine's disk that nobody has brought into the inbox."""
    found = Offenders()
    directory = environment().var / SPOOL
    for path in sorted(directory.glob("*")) if directory.is_dir() else []:
        age = patient.at.timestamp() - path.stat().st_mtime
        if path.is_file() and path.stat().st_size and age > LATE_SECONDS:
            found.add(path.name)
    return found


def key_is_the_hash(patient: Patient) -> Offenders:
    found = Offenders()
    rows = InboxEvent.objects.exclude(xml_sealed=b"").values_list("key", "xml_sealed")
    for key, xml_sealed in rows.iterator(chunk_size=1_000):
        try:
            xml = keyring().unseal(bytes(xml_sealed), place=place_of(key))
        except CannotOpen:
            found.add(key)
            continue
        if hashlib.sha256(xml.encode()).hexdigest() != key:
            found.add(key)
    return found


CHECKS = (
    Check(
        "callbacks.spool", "I1",
        "No callback lies on this machine's disk for more than two minutes.",
        spool_is_brought_in,
    ),
    Check(
        "callbacks.taken", "I2",
        "Every callback is dealt with within two minutes.",
        by_sql(
            "SELECT key FROM sync_inboxevent WHERE outcome = '' "
            "AND last_received_at < %(at)s - interval '2 minutes'"
        ),
    ),
    Check(
        "callbacks.outcome", "I2",
        "Every callback dealt with has one known outcome and its time.",
        by_sql(
            "SELECT key FROM sync_inboxevent WHERE outcome NOT IN "
            "('', 'applied', 'ignored', 'parked') OR (outcome <> '' AND applied_at IS NULL)"
        ),
    ),
    Check(
        "callbacks.key", "I3",
        "Every callback is kept under the SHA-256 of its own contents.",
        key_is_the_hash,
        is_deep=True,
    ),
    Check(
        "callbacks.parked", "I2",
        "No callback waits for a person.",
        by_sql("SELECT key FROM sync_inboxevent WHERE outcome = 'parked'"),
        is_notice=True,
    ),
    Check(
        "refresh.moving", "I17",
        "No contact that is due to be read again is left for a quarter of an hour.",
        by_sql(
            "SELECT id FROM sync_contactrefresh WHERE county_id = %(county)s "
            "AND parked_because = '' AND due_at < %(at)s - interval '15 minutes' "
            "AND (leased_until IS NULL OR leased_until < %(at)s - interval '5 minutes')"
        ),
    ),
    Check(
        "refresh.parked", "",
        "No contact that WeCom refuses to show waits for a person.",
        by_sql(
            "SELECT id FROM sync_contactrefresh WHERE county_id = %(county)s "
            "AND parked_because <> ''"
        ),
        is_notice=True,
    ),
    Check(
        "greetings.ended", "",
        "No welcome code is kept or still to be used long after its 20 seconds.",
        by_sql(
            "SELECT id FROM sync_greeting WHERE county_id = %(county)s "
            "AND not_after < %(at)s - interval '26 hours' "
            "AND (state IN ('waiting', 'sending') OR code <> '')"
        ),
    ),
)  # fmt: skip
