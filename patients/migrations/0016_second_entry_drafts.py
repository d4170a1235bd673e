from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('patients', '0015_laboratory_interval'),
    ]

    operations = [
        migrations.AlterField(
            model_name='entrydraft',
            name='scope',
            field=models.CharField(choices=[('draw', 'one draw'), ('clinic', 'many patients'), ('dates', 'several dates'), ('correction', 'a correction'), ('check', 'a second entry')], max_length=20, verbose_name='scope'),
        ),
    ]
