from datetime import UTC, datetime

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='wecomtoken',
            name='refused_errcode',
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name='wecomtoken',
            name='renew_at',
            # Tokens from before are renewed at once.
            field=models.DateTimeField(default=datetime(1970, 1, 1, tzinfo=UTC)),
            preserve_default=False,
        ),
    ]
