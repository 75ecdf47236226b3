from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0008_tell_splits_from_merges"),
    ]

    operations = [
        migrations.AlterField(
            model_name="consentrecord",
            name="channel",
            field=models.CharField(
                choices=[
                    ("face_to_face", "当面"),
                    ("phone_page", "手机页面"),
                    ("wecom", "企业微信"),
                    ("record", "登记去世"),
                ],
                max_length=14,
            ),
        ),
    ]
