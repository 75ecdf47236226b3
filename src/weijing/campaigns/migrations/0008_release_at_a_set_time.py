import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import weijing.core.tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0007_settle_rules_of_approval"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="campaign",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "草稿"),
                    ("submitted", "待审批"),
                    ("scheduled", "已定时"),
                    ("released", "已下发"),
                    ("finished", "已结束"),
                    ("cancelled", "已停止"),
                    ("lapsed", "已过期"),
                ],
                default="draft",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="scheduled_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="scheduled_by",
            field=weijing.core.tenancy.TenantForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="scheduled_people",
            field=models.IntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                name="campaign_is_scheduled_by_another_person",
                condition=Q(scheduled_by=None) | ~Q(scheduled_by=F("drafted_by")),
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                name="campaign_scheduled_is_complete",
                condition=Q(
                    scheduled_at__isnull=False,
                    scheduled_by__isnull=False,
                    scheduled_people__isnull=False,
                )
                | (
                    ~Q(state="scheduled")
                    & Q(scheduled_at=None, scheduled_by=None, scheduled_people=None)
                ),
            ),
        ),
        weijing.core.tenancy.AddCompositeForeignKey("campaign", "scheduled_by"),
    ]
