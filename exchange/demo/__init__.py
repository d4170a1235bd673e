"""The synthetic demo cohort: made by a seeded generator, loaded by `manage.py load_demo`. Nobody in it ever lived."""
