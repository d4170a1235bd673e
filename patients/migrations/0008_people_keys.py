"""Search keys of the names that are on record already, in pieces, so that a large record is not held in memory."""

from django.db import migrations

from patients.name_keys import name_keys

AT_A_TIME = 500


def fill(apps, schema_editor):
    Patient = apps.get_model("patients", "Patient")
    PatientSearchKey = apps.get_model("patients", "PatientSearchKey")
    last = 0
    while names := list(Patient.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "name")[:AT_A_TIME]):
        PatientSearchKey.objects.bulk_create(
            [PatientSearchKey(patient_id=pk, key=key) for pk, name in names for key in sorted(name_keys(name))],
            ignore_conflicts=True,
        )
        last = names[-1][0]


class Migration(migrations.Migration):
    dependencies = [("patients", "0008_people")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
