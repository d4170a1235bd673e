"""What the cohort page can be asked for, as it stands in its address. What is unknown there is named, never obeyed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.utils.text import Truncator
from django.utils.translation import gettext

from patients.catalogue import MarkerDefinition, catalogue
from patients.models import Modality, TreatmentKind
from patients.wording import marker_name

SYSTEMIC: Final = (TreatmentKind.CHEMOTHERAPY, TreatmentKind.TARGETED, TreatmentKind.IMMUNOTHERAPY)
STARTS: Final = (*SYSTEMIC, TreatmentKind.RADIOTHERAPY, TreatmentKind.BONE_AGENT)
BONE_METASTASIS: Final = "bone_metastasis"
TREATMENT: Final = "treatment"
GROUPS: Final = ("histology", "treatment", "bone_status", "all")
ALIGNMENTS: Final = (BONE_METASTASIS, *map(str, Modality), TREATMENT, *map(str, STARTS))
VALUES: Final = ("units", "ratio")
SCALES: Final = ("linear", "log")
LONGEST_ECHO: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to look at the cohort. Every field is one of the words above, `marker` a code of the catalogue."""

    marker: str
    group: str
    align: str
    values: str
    scale: str

    @property
    def definition(self) -> MarkerDefinition:
        return catalogue().marker(self.marker)

    @property
    def relative(self) -> bool:
        return self.values == "ratio"

    @property
    def logarithmic(self) -> bool:
        return self.scale == "log"

    @property
    def query(self) -> str:
        return urlencode(
            {
                "marker": self.marker,
                "group": self.group,
                "align": self.align,
                "values": self.values,
                "scale": self.scale,
            }
        )


@dataclass(frozen=True, slots=True)
class Ignored:
    """A word of the address that means nothing here, and what is shown instead."""

    text: str


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One list to choose from; options that belong together stand under a heading, '' where they need none."""

    name: str
    label: str
    options: tuple[tuple[str, tuple[Option, ...]], ...]


def read_choice(asked: Mapping[str, str], *, usual_align: str = BONE_METASTASIS) -> tuple[Choice, list[Ignored]]:
    """The choice, and a sentence for each word that was not understood. Only what is missing is chosen in silence.

    `usual_align` is taken where the address names no day.
    """
    codes = [marker.code for marker in catalogue().markers]
    known = {"marker": codes, "group": GROUPS, "align": ALIGNMENTS, "values": VALUES, "scale": SCALES}
    chosen: dict[str, str] = {}
    ignored = []
    for name, words in known.items():
        word = asked.get(name, "")
        chosen[name] = word if word in words else usual_align if name == "align" else words[0]
        if word and word not in words:
            ignored.append(Ignored(_ignored_text(name, word, chosen[name])))
    return Choice(**chosen), ignored


def _ignored_text(name: str, word: str, instead: str) -> str:
    shown = marker_name(catalogue().marker(instead)) if name == "marker" else LABELS[name](instead)
    return gettext("“%(word)s” is nothing that can be chosen for “%(field)s”: it was ignored. Shown: %(shown)s.") % {
        "word": Truncator(word).chars(LONGEST_ECHO),
        "field": field_label(name),
        "shown": shown,
    }


def field_label(name: str) -> str:
    return {
        "marker": gettext("Marker"),
        "group": gettext("Groups by"),
        "align": gettext("Weeks counted from"),
        "values": gettext("Values shown"),
        "scale": gettext("Scale"),
    }[name]


def group_label(group: str) -> str:
    return {
        "histology": gettext("histology"),
        "treatment": gettext("treatment on that day"),
        "bone_status": gettext("bone status at baseline"),
        "all": gettext("no groups: all together"),
    }[group]


def align_label(align: str) -> str:
    """The day from which the weeks count; the same words stand at the axis."""
    if align == BONE_METASTASIS:
        return gettext("first scan that showed bone metastasis")
    if align == TREATMENT:
        return gettext("first start of a systemic treatment")
    if align in Modality:
        return gettext("first scan on record: %(modality)s") % {"modality": Modality(align).label}
    return gettext("first start of %(treatment)s") % {"treatment": TreatmentKind(align).label}


def values_label(values: str) -> str:
    return {"units": gettext("in the unit"), "ratio": gettext("× own level before that day")}[values]


def scale_label(scale: str) -> str:
    return {"linear": gettext("linear"), "log": gettext("log (re-scaled)")}[scale]


LABELS: Final = {"group": group_label, "align": align_label, "values": values_label, "scale": scale_label}


def fields(choice: Choice) -> list[Field]:
    imaging, starts = ALIGNMENTS[: 1 + len(Modality)], ALIGNMENTS[1 + len(Modality) :]
    markers = tuple(
        Option(marker.code, _marker_label(marker), marker.code == choice.marker) for marker in catalogue().markers
    )
    return [
        Field("marker", field_label("marker"), (("", markers),)),
        Field(
            "align",
            field_label("align"),
            (
                (gettext("imaging"), _options("align", imaging, choice.align)),
                (gettext("treatment"), _options("align", starts, choice.align)),
            ),
        ),
        Field("group", field_label("group"), (("", _options("group", GROUPS, choice.group)),)),
        Field("values", field_label("values"), (("", _options("values", VALUES, choice.values)),)),
        Field("scale", field_label("scale"), (("", _options("scale", SCALES, choice.scale)),)),
    ]


def _marker_label(marker: MarkerDefinition) -> str:
    name = marker_name(marker)
    return name if marker.short_name in name else f"{marker.short_name} · {name}"


def _options(name: str, words: Iterable[str], chosen: str) -> tuple[Option, ...]:
    return tuple(Option(word, LABELS[name](word), word == chosen) for word in words)
