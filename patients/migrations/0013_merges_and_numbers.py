"""What two records that become one need to be parted again, and how a number is found whatever way it is typed."""

from django.db import migrations, models

from patients.name_keys import DOTS, name_keys, name_parts, number_key

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


def fill_name_parts(apps, schema_editor):
    Patient = apps.get_model("patients", "Patient")
    PatientNamePart = apps.get_model("patients", "PatientNamePart")
    last = 0
    while names := list(Patient.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "name")[:AT_A_TIME]):
        PatientNamePart.objects.bulk_create(
            [PatientNamePart(patient_id=pk, part=part) for pk, name in names for part in sorted(name_parts(name))],
            ignore_conflicts=True,
        )
        last = names[-1][0]


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
        migrations.AddIndex(
            model_name="patient", index=models.Index(fields=["birth_date"], name="patient_by_birth_date")
        ),
        migrations.CreateModel(
            name="PatientNamePart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("part", models.CharField(db_index=True, max_length=80)),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=models.deletion.CASCADE, related_name="name_parts", to="patients.patient"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["patient", "part"], name="name_part_once"),
                    models.CheckConstraint(condition=~models.Q(part=""), name="name_part_not_empty"),
                ]
            },
        ),
        migrations.RunPython(fill_number_keys, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(fill_keys_of_names_with_a_dot, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(fill_name_parts, migrations.RunPython.noop, elidable=True),
    ]
