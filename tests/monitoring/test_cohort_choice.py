from __future__ import annotations

import pytest

from monitoring.cohort_choice import ALIGNMENTS, Choice, fields, read_choice
from patients.catalogue import catalogue

DEFAULT = Choice(
    marker=catalogue().markers[0].code, group="histology", align="bone_metastasis", values="units", scale="linear"
)


def test_an_address_without_words_chooses_in_silence() -> None:
    assert read_choice({}) == (DEFAULT, [])


def test_what_is_asked_for_is_chosen_and_stands_in_the_address_again() -> None:
    asked = {"marker": "NLR", "group": "treatment", "align": "bone_scan", "values": "ratio", "scale": "log"}
    choice, ignored = read_choice(asked)
    assert ignored == []
    assert choice == Choice(marker="NLR", group="treatment", align="bone_scan", values="ratio", scale="log")
    assert choice.query == "marker=NLR&group=treatment&align=bone_scan&values=ratio&scale=log"
    assert (choice.relative, choice.logarithmic) == (True, True)


@pytest.mark.parametrize(
    ("name", "label", "shown"),
    [
        ("marker", "Marker", catalogue().markers[0].name_en),
        ("group", "Groups by", "histology"),
        ("align", "Weeks counted from", "first scan that showed bone metastasis"),
        ("values", "Values shown", "in the unit"),
        ("scale", "Scale", "linear"),
    ],
)
def test_an_unknown_word_is_ignored_and_said(name: str, label: str, shown: str) -> None:
    choice, (ignored,) = read_choice({name: "<nonsense>"})
    assert choice == DEFAULT
    assert ignored.text == (
        f"“<nonsense>” is nothing that can be chosen for “{label}”: it was ignored. Shown: {shown}."
    )


def test_a_very_long_word_is_not_repeated_at_length() -> None:
    _, (ignored,) = read_choice({"scale": "x" * 5000})
    assert len(ignored.text) < 200


def test_a_word_of_another_field_is_unknown_here() -> None:
    choice, ignored = read_choice({"group": "ct", "align": "histology"})
    assert (choice, len(ignored)) == (DEFAULT, 2)


def test_every_choice_can_be_made_and_the_chosen_one_is_marked() -> None:
    choice, _ = read_choice({"align": "pet_ct"})
    lists = {field.name: [one for _, options in field.options for one in options] for field in fields(choice)}
    assert [one.value for one in lists["marker"]] == [marker.code for marker in catalogue().markers]
    assert tuple(one.value for one in lists["align"]) == ALIGNMENTS
    assert {name: [one.value for one in options if one.chosen] for name, options in lists.items()} == {
        "marker": [DEFAULT.marker],
        "align": ["pet_ct"],
        "group": ["histology"],
        "values": ["units"],
        "scale": ["linear"],
    }


def test_the_day_that_is_usual_stands_in_for_none_and_never_for_one_that_was_asked_for() -> None:
    assert read_choice({}, usual_align="treatment")[0].align == "treatment"
    assert read_choice({"align": "ct"}, usual_align="treatment")[0].align == "ct"
    choice, (ignored,) = read_choice({"align": "nonsense"}, usual_align="treatment")
    assert choice.align == "treatment"
    assert ignored.text.endswith("Shown: first start of a systemic treatment.")
