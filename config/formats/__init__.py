"""Date forms clinicians expect, by language."""
