"""The database's own guards, the queue, and what this installation runs on."""

from collections.abc import Iterator

from django.apps import apps
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor

from weijing.core.env import environment
from weijing.core.tenancy import TenantForeignKey, TenantModel, composite_key_name
from weijing.sync.doctor.checks import Check, Offenders, Patient, by_sql, fetch


def tenant_models() -> Iterator[type[TenantModel]]:
    for model in apps.get_models():
        if issubclass(model, TenantModel):
            yield model


def keys_stay_inside_the_county(patient: Patient) -> Offenders:
    """Foreign keys without their composite constraint in the database."""
    known = {row[0] for row in fetch("SELECT conname FROM pg_constraint WHERE contype = 'f'")}
    found = Offenders()
    for model in tenant_models():
        for field in model._meta.local_fields:
            if not isinstance(field, TenantForeignKey):
                continue
            name = composite_key_name(model._meta.db_table, field.column)
            if name not in known:
                found.add(name)
    return found


def every_row_says_whose_it_is(patient: Patient) -> Offenders:
    """Tables whose county may be empty, and unique rules that reach across counties."""
    required = {
        row[0]
        for row in fetch(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = "
            "current_schema() AND column_name = 'county_id' AND is_nullable = 'NO'"
        )
    }
    found = Offenders()
    for model in tenant_models():
        if model._meta.db_table not in required:
            found.add(model._meta.db_table)
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint) and not _names_county(constraint):
                found.add(constraint.name)
    return found


def _names_county(constraint: models.UniqueConstraint) -> bool:
    expressions = getattr(constraint, "expressions", ())
    return "county" in constraint.fields or any("county" in str(one) for one in expressions)


def declared_constraints_exist(patient: Patient) -> Offenders:
    """A constraint that a person dropped by hand would be missed by nobody else."""
    known = {row[0] for row in fetch("SELECT conname FROM pg_constraint")} | {
        row[0]
        for row in fetch("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()")
    }
    found = Offenders()
    for model in tenant_models():
        for constraint in model._meta.constraints:
            if constraint.name not in known:
                found.add(constraint.name)
    return found


def tables_are_at_this_version(patient: Patient) -> Offenders:
    executor = MigrationExecutor(connection)
    found = Offenders()
    for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes()):
        found.add(migration)
    return found


def database_is_its_own_server(patient: Patient) -> Offenders:
    return Offenders() if environment().database_url else Offenders(1, ["DATABASE_URL is not set"])


CHECKS = (
    Check(
        "tenancy.keys", "", "Every reference between rows stays inside one county.",
        keys_stay_inside_the_county,
    ),
    Check(
        "tenancy.county", "", "Every row says whose it is, and uniqueness is per county.",
        every_row_says_whose_it_is,
    ),
    Check(
        "tables.constraints", "I13", "Every declared constraint is there in the database.",
        declared_constraints_exist,
    ),
    Check(
        "tables.version", "", "The tables are at the version of this program.",
        tables_are_at_this_version,
    ),
    Check(
        "jobs.stalled", "I17", "No job is held by a worker that is gone.",
        by_sql(
            "SELECT job.id FROM procrastinate_jobs job "
            "LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id "
            "WHERE job.status = 'doing' AND (worker.id IS NULL "
            "OR worker.last_heartbeat < %(at)s - interval '2 minutes')"
        ),
    ),
    Check(
        "jobs.late", "", "No job waits for more than ten minutes.",
        by_sql(
            "SELECT job.id FROM procrastinate_jobs job WHERE job.status = 'todo' "
            "AND coalesce(job.scheduled_at, (SELECT min(event.at) FROM procrastinate_events event "
            "WHERE event.job_id = job.id)) < %(at)s - interval '10 minutes'"
        ),
    ),
    Check(
        "jobs.failed", "", "No job was given up after its last attempt.",
        by_sql("SELECT id FROM procrastinate_jobs WHERE status = 'failed'"),
        is_notice=True,
    ),
    Check(
        "database.server", "",
        "The data is in a PostgreSQL of its own; the embedded one is for trials and one small "
        "machine.",
        database_is_its_own_server,
        is_notice=True,
    ),
)  # fmt: skip
