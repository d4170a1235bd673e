from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from hypothesis import given
from hypothesis import strategies as st

from patients.matching import similar_names
from patients.models import PatientIdentifier, PatientSearchKey
from patients.name_keys import (
    LONGEST,
    MOST_READINGS,
    fold,
    name_keys,
    name_parts,
    number_key,
    readings,
    tidy_number,
    words_of,
)
from tests.cast import Cast, make_patient


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("张三", {"zhangsan", "san", "zs"}),
        ("欧阳雪松", {"ouyangxuesong", "yangxuesong", "xuesong", "song", "oyxs"}),
        ("Zhuo Quibble", {"zhuo", "quibble", "zhuoquibble", "zq"}),
        ("Zoë O'Brien", {"zoe", "o", "brien", "zoeobrien", "zob"}),
        ("Lin", {"lin"}),
        ("阿·里", {"ali", "a", "li", "al", "l", "阿里"} | {"eli", "e", "el"}),
        ("—", set()),
    ],
)
def test_a_name_is_found_by_exactly_these_beginnings(name: str, keys: set[str]) -> None:
    assert name_keys(name) == keys


@pytest.mark.parametrize(
    ("name", "first", "also"),
    [
        ("曾国藩", "zengguofan", "cengguofan"),
        ("单雄信", "shanxiongxin", "danxiongxin"),
        ("仇英", "qiuying", "chouying"),
        ("解缙", "xiejin", "jiejin"),
        ("尉迟恭", "yuchigong", "weichigong"),
        ("朴树", "piaoshu", "pushu"),
        ("吕布", "lvbu", "lubu"),
        ("区楚良", "ouchuliang", "quchuliang"),
        ("查良镛", "zhaliangyong", "chaliangyong"),
        ("长孙无忌", "zhangsunwuji", "changsunwuji"),
        ("吕布", "lvbu", "lyubu"),
    ],
)
def test_a_family_name_is_read_as_a_name_first_and_as_the_dictionary_has_it_too(
    name: str, first: str, also: str
) -> None:
    assert "".join(readings(name)[0]) == first
    assert {first, also} <= name_keys(name)


def test_both_halves_of_a_name_in_two_scripts_are_found() -> None:
    assert {"wml", "meili", "wang", "wangmeili", "wm"} <= name_keys("王美丽 (Wang Meili)")


@given(st.text(max_size=60))
def test_any_name_makes_keys_that_fit_and_are_folded(name: str) -> None:
    for key in name_keys(name):
        assert 0 < len(key) <= LONGEST
        assert fold(key) == key


def test_a_name_of_many_readings_stays_small() -> None:
    assert len(readings("单" * 30)) <= 3 * MOST_READINGS


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("李晓明", "李小明", True),
        ("李晓明", "Xiaoming LI", True),
        ("单雄信", "Shan Xiongxin", True),
        ("Wang Meili", "Wang Meily", True),
        ("Anna Meier-Huber", "Anna Meier", True),
        ("Wang Meili", "Wang Wei", False),
        ("张三", "张伟", False),
        ("王芳", "黄芳", False),
        ("—", "—", False),
    ],
)
def test_names_are_alike_by_sound_and_spelling(one: str, other: str, alike: bool) -> None:
    assert similar_names(one, other) is alike
    assert similar_names(other, one) is alike


def test_the_names_that_were_on_record_before_get_their_keys(cast: Cast, django_assert_num_queries: Any) -> None:
    for name in ("张三", "Zoë Lyu"):
        make_patient(cast.team, name=name)
    made = set(PatientSearchKey.objects.values_list("patient__name", "key"))
    PatientSearchKey.objects.all().delete()
    migration = import_module("patients.migrations.0008_people_keys")
    with django_assert_num_queries(3):
        migration.fill(apps, None)
    assert set(PatientSearchKey.objects.values_list("patient__name", "key")) == made
    migration.fill(apps, None)  # a repeat adds nothing
    assert PatientSearchKey.objects.count() == len(made) == 7


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("24-00 1234", "24001234"),
        ("２４－００　１２３４", "24001234"),
        ("ZY_00/7", "zy007"),
        ("zy007", "zy007"),
        ("%", ""),
        ("", ""),
        ("9" * 200, "9" * LONGEST),
    ],
)
def test_a_number_is_found_whatever_width_case_and_signs_it_is_typed_with(text: str, key: str) -> None:
    assert number_key(text) == key


@pytest.mark.parametrize(
    ("text", "tidy"), [(" ２４－００　１２３４ ", "24-00 1234"), ("A  1\t2", "A 1 2"), ("zy-7", "zy-7"), (" ", "")]
)
def test_a_number_is_kept_in_plain_signs(text: str, tidy: str) -> None:
    assert tidy_number(text) == tidy


@pytest.mark.parametrize("dot", ["·", "・", "•", "‧", "⋅"])
def test_a_middle_dot_parts_what_is_searched_for(dot: str) -> None:
    assert words_of(f" 买买提{dot}艾力  O’Brien ") == ["买买提", "艾力", "O", "Brien"]


def test_what_stands_in_a_name_is_the_beginning_of_a_part_of_it() -> None:
    assert name_parts("张三 Zoë") == {"张三", "三", "zoe", "oe", "e"}
    assert name_parts("  ") == frozenset()
    assert {len(part) for part in name_parts("x" * 200)} == set(range(1, LONGEST + 1))


def test_the_migration_makes_the_keys_of_numbers_and_of_names_with_a_dot(cast: Cast) -> None:
    patient = make_patient(cast.team, name="买买提·艾力", number="24-00 1234")
    PatientIdentifier.objects.update(key="")
    wanted = set(patient.search_keys.values_list("key", flat=True))
    patient.search_keys.filter(key__in=["mmtal", "买买提艾力"]).delete()
    migration = import_module("patients.migrations.0013_merges_and_numbers")
    migration.fill_number_keys(apps, None)
    migration.fill_keys_of_names_with_a_dot(apps, None)
    parts = set(patient.name_parts.values_list("part", flat=True))
    patient.name_parts.all().delete()
    migration.fill_name_parts(apps, None)
    assert set(patient.name_parts.values_list("part", flat=True)) == parts == name_parts(patient.name)
    assert PatientIdentifier.objects.get().key == "24001234"
    assert set(patient.search_keys.values_list("key", flat=True)) == wanted
