"""A patient's numbers, and two records made one: what would happen, doing it, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.gate import may
from accounts.models import User
from accounts.roles import Permission
from patients.access import RecordMerged, access_patient, merged_patients, visible_patients
from patients.banner import banner_of
from patients.forms import SearchForm
from patients.forms_people import MergeForm, NumberForm
from patients.merge_questions import shown_difference, shown_pair
from patients.merge_rows import MergeStory, moved_rows, stories_of
from patients.merged_drafts import merged_drafts
from patients.messages import explain
from patients.models import Draw, Patient, PatientIdentifier, PatientMerge
from patients.selectors import matching, numbers_of
from patients.services import (
    MergePlan,
    MergeRefused,
    RecordError,
    add_number,
    merge_patients,
    plan_merge,
    reinstate_number,
    remove_number,
    retire_number,
    undo_merge,
)
from patients.views.search import rows_of

MOST_FOUND = 20
REFUSALS = {
    "merge_with_itself": _("These are the same record. Choose another one."),
    "merge_merged_meanwhile": _("One of the two was merged meanwhile. Nothing was changed; look at the records again."),
    "merge_real_with_synthetic": _("A real patient and a synthetic one are never one person. Nothing was changed."),
    "merge_draws_differ": _(
        "Both records hold the same draw with different values, listed below. Find out which is right, correct it in "
        "one of the records so that both say the same, and merge then. Nothing was changed."
    ),
    "merge_without_reason": _("Write why: who reads the history later will ask."),
    "merge_bloods_unanswered": _("Say of each pair of draws below whether it is one blood. Nothing was changed."),
    "merge_blood_differs": _("Two draws that were called one blood contradict each other. Nothing was changed."),
    "merge_blood_joined_twice": _(
        "One draw was called the same blood as two others. Of these pairs only one can be one blood. "
        "Nothing was changed."
    ),
    "merge_place_taken": _(
        "One draw made of two would have the laboratory and accession number, or the time, of a third. Correct that "
        "draw first, or say that blood was taken twice. Nothing was changed."
    ),
    "merge_undone_already": _("This merge was undone already."),
    "merge_kept_record_merged": _(
        "The record that was kept has itself been merged into another since. Undo that merge first."
    ),
    "merge_later_stands": _(
        "Another record was merged into this one later. Undo that merge first. Nothing was changed."
    ),
    "merge_undo_place_taken": _(
        "After undoing, two draws of one record would have the same laboratory (%(laboratory)s), accession number "
        "(%(accession)s) and time (%(moment)s). Correct one of the two first. Nothing was changed."
    ),
}


class MergedRecordMiddleware:
    """Leads from a record that was merged to the one that was kept, and says of what was sent that it is not saved."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, RecordMerged):
            return None
        if request.method in {"GET", "HEAD"}:
            messages.info(request, gettext("The record you asked for was merged into this one."))
            return redirect("patient", exception.survivor_id)
        user = request.user
        drafts = merged_drafts(user, kept_id=exception.survivor_id) if isinstance(user, User) else []
        context = {"survivor_id": exception.survivor_id, "drafts": drafts}
        return render(request, "patients/merged_meanwhile.html", context, status=HTTPStatus.CONFLICT)


# --- numbers ------------------------------------------------------------------------------------------------------
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def patient_numbers(request: HttpRequest, pk: int) -> HttpResponse:
    """The numbers of a patient, in use and former, and changing them."""
    user = may(request, Permission.VIEW_PATIENT)
    patient = access_patient(user, pk, permission=Permission.EDIT_PATIENT, purpose="opened_for_change")
    adding = request.method == "POST" and "number_id" not in request.POST
    form = NumberForm(request.POST if adding else None, mine=visible_patients(user))
    wrong = ""
    if request.method == "POST" and (not adding or form.is_valid()):
        try:
            said = _add(user, patient, form) if adding else _change_number(user, patient, request)
        except ValidationError as error:
            wrong = " ".join(error.messages)
        except RecordError as refusal:
            wrong = explain(refusal.code, refusal.params)
        else:
            messages.success(request, said)
            return redirect("patient_numbers", patient.pk)
    context = {
        "patient": patient,
        "banner": banner_of(patient),
        "form": form,
        "wrong": wrong,
        "numbers": numbers_of(patient.pk, tz=timezone.get_current_timezone()),
        "typed_reason": "" if adding else request.POST.get("reason", ""),
        "typed_for": "" if adding else request.POST.get("number_id", ""),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong or form.errors else HTTPStatus.OK
    return render(request, "patients/numbers.html", context, status=status)


def _add(user: User, patient: Patient, form: NumberForm) -> str:
    add_number(
        actor=user.audit_name,
        patient_id=patient.pk,
        value=form.cleaned_data["number"],
        reason=form.cleaned_data["reason"],
        replaces_former=not form.cleaned_data["keep_former"],
        created_by=user,
    )
    return gettext("The new number is on record. Files and searches find the patient by the former one as well.")


def _change_number(user: User, patient: Patient, request: HttpRequest) -> str:
    services = {"retire": retire_number, "reinstate": reinstate_number, "remove": remove_number}
    service = services.get(request.POST.get("action", ""))
    number_id = request.POST.get("number_id", "")
    if service is None or not number_id.isascii() or not number_id.isdigit():
        raise ValidationError(gettext("This cannot be done to a number. Use the buttons beside it."))
    service(
        actor=user.audit_name,
        patient_id=patient.pk,
        number_id=int(number_id),
        reason=request.POST.get("reason", "")[:100],
    )
    return gettext("The change is saved.")


# --- merging ------------------------------------------------------------------------------------------------------
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def patient_merges(request: HttpRequest, pk: int) -> HttpResponse:
    """Which record to merge this one with, and the merges there were. What is searched for is in no address."""
    user, patient = _open(request, pk)
    form = SearchForm(request.POST or None)
    text = form.cleaned_data["q"] if form.is_valid() else ""
    others = visible_patients(user).exclude(pk=patient.pk).select_related("care_team")
    found = list(matching(others, text).order_by("name", "pk")[:MOST_FOUND]) if text else []
    context = {
        "patient": patient,
        "banner": banner_of(patient),
        "form": form,
        "text": text,
        "rows": rows_of(found, last_draws={}),
        "most": MOST_FOUND if len(found) == MOST_FOUND else 0,
        "stories": _stories(user, patient),
    }
    return render(request, "patients/merges.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def patient_merge(request: HttpRequest, pk: int, other_pk: int) -> HttpResponse:
    """What merging `other_pk` into `pk` would move, leave and refuse; and doing it."""
    user, survivor = _open(request, pk)
    if other_pk == pk:
        messages.error(request, str(REFUSALS["merge_with_itself"]))
        return redirect("patient_merges", pk)
    _user, retired = _open(request, other_pk)
    form = MergeForm(request.POST or None, pairs=plan_merge(survivor=survivor, retired=retired).pairs)
    refused = ""
    if request.method == "POST" and form.is_valid():
        try:
            merge_patients(
                actor=user.audit_name,
                survivor_id=survivor.pk,
                retired_id=retired.pk,
                reason=form.cleaned_data["reason"],
                answers=form.answers,
                by=user,
            )
        except MergeRefused as refusal:
            refused = refusal.code
        else:
            messages.success(request, gettext("The two records are one now. The trends are read again."))
            return redirect("patient", survivor.pk)
    return _merge_page(request, survivor, retired, form, refused)


def _merge_page(
    request: HttpRequest, survivor: Patient, retired: Patient, form: MergeForm, refused: str
) -> HttpResponse:
    """As the two records stand now, with what was typed and answered."""
    plan = plan_merge(survivor=survivor, retired=retired, answers=form.answers)
    if refused and not plan.refused:
        form.tell(plan.pairs, code=refused, text=str(REFUSALS.get(refused, refused)))
    context = {
        "patient": survivor,
        "banner": banner_of(survivor),
        "sides": (_side(survivor), _side(retired)),
        "retired": retired,
        "form": form,
        "refused": REFUSALS.get(plan.refused, ""),
        "differences": [shown_difference(one) for one in plan.differences],
        "questions": [(form[one.field], one) for one in map(shown_pair, plan.pairs) if one.field in form.fields],
        "moved": moved_rows(plan.moved),
        "left": moved_rows(_left_unasked(plan)),
    }
    wrong = request.method == "POST"
    return render(request, "patients/merge.html", context, status=422 if wrong else 200)


def _left_unasked(plan: MergePlan) -> dict[str, list[int]]:
    """What stays behind because both records hold it; of draws that may be one blood the questions tell."""
    asked = {pair.other.pk for pair in plan.pairs}
    return plan.left | {"draw": [pk for pk in plan.left.get("draw", []) if pk not in asked]}


@login_required
@require_POST
def patient_merge_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a merge back; which one stands in the form."""
    user, patient = _open(request, pk)
    text = request.POST.get("merge", "")
    wanted = int(text) if text.isascii() and text.isdigit() else 0
    merge = PatientMerge.objects.filter(
        pk=wanted, survivor=patient, retired__in=merged_patients(user, permission=Permission.MERGE_PATIENTS)
    ).first()
    if merge is None:
        messages.error(request, gettext("There is no such merge to undo."))
        return redirect("patient_merges", patient.pk)
    try:
        undo_merge(actor=user.audit_name, merge_id=merge.pk, by=user)
    except MergeRefused as refusal:
        nothing = gettext("not named")
        params = {name: text or nothing for name, text in refusal.params.items()}
        messages.error(request, str(REFUSALS.get(refusal.code, refusal.code)) % params)
    else:
        messages.success(request, gettext("The merge is undone: these are two records again."))
        if not PatientIdentifier.objects.filter(patient=merge.retired_id, retired_on=None).exists():
            messages.warning(request, gettext("The record that came back has no number in use. Add its number."))
    return redirect("patient_merges", patient.pk)


def _open(request: HttpRequest, pk: int) -> tuple[User, Patient]:
    user = may(request, Permission.VIEW_PATIENT)
    return user, access_patient(user, pk, permission=Permission.MERGE_PATIENTS, purpose="opened_for_merge")


def _stories(user: User, patient: Patient) -> tuple[MergeStory, ...]:
    """The merges of this record with records of the viewer's teams; of others nothing is said."""
    seen = visible_patients(user) | merged_patients(user)
    merges = PatientMerge.objects.filter(survivor=patient, retired__in=seen)
    return stories_of(merges)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two records, as they are laid beside each other."""

    patient: Patient
    numbers: str
    team: str
    draws: int
    last_draw: str


def _side(patient: Patient) -> Side:
    draws = Draw.objects.filter(patient=patient).order_by("-collected_at").values_list("collected_at", flat=True)
    numbers = numbers_of(patient.pk, tz=timezone.get_current_timezone())
    return Side(
        patient=patient,
        numbers=gettext(", ").join(one.value for one in numbers),
        team=patient.care_team.name,
        draws=len(draws),
        last_draw=date_format(timezone.localtime(draws[0]), "SHORT_DATE_FORMAT") if draws else "",
    )
