"""What two records that become one need to be parted again, and how a number is found whatever way it is typed."""

from django.db import migrations, models

from patients.name_keys import DOTS, name_keys, number_key

AT_A_TIME = 500


def fill_number_keys(apps, schema_editor):
    PatientIdentifier = apps.get_model("patients", "PatientIdentifier")
    last = 0
    while rows := list(PatientIdentifier.objects.filter(pk__gt=last).order_by("pk")[:AT_A_TIME]):
        for row in rows:
            row.key = number_key(row.value)
        PatientIdentifier.objects.bulk_update(rows, ["key"])
        last = rows[-1].pk


def fill_keys_of_names_with_a_dot(apps, schema_editor):
    """A name is found as if no middle dot stood in it, too."""
    Patient = apps.get_model("patients", "Patient")
    PatientSearchKey = apps.get_model("patients", "PatientSearchKey")
    signs = models.Q()
    for sign in DOTS:
        signs |= models.Q(name__contains=sign)
    for pk, name in Patient.objects.filter(signs).values_list("pk", "name").iterator():
        keys = [PatientSearchKey(patient_id=pk, key=key) for key in sorted(name_keys(name))]
        PatientSearchKey.objects.bulk_create(keys, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("patients", "0012_correction_drafts")]

    operations = [
        migrations.AddField(
            model_name="patientmerge",
            name="bloods",
            field=models.JSONField(
                default=list, help_text="draws that may be one blood, what was said, what was joined"
            ),
        ),
        migrations.AddField(
            model_name="patientmerge",
            name="plans_in_force",
            field=models.JSONField(default=list, help_text="plans that were in force with the record given away"),
        ),
        migrations.AddField(
            model_name="patientidentifier",
            name="key",
            field=models.CharField(
                blank=True, db_index=True, default="", editable=False, help_text="how it is found", max_length=80
            ),
            preserve_default=False,
        ),
        migrations.RunPython(fill_number_keys, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(fill_keys_of_names_with_a_dot, migrations.RunPython.noop, elidable=True),
    ]
