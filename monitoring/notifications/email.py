"""E-mail, through Django's mail backend: text and HTML, in the person's language."""

from __future__ import annotations

import smtplib
from typing import Final

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User
from monitoring.errors import DeliveryProblem
from monitoring.notifications.letter import Letter

FIRST_PERMANENT_REPLY: Final = 500
HEADERS: Final = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


class EmailChannel:
    def address_of(self, person: User) -> str:
        return person.email

    def send(self, letter: Letter) -> None:
        message = compose(letter)
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as problem:
            codes = [code for code, _text in problem.recipients.values()]
            refused_for_good = all(code >= FIRST_PERMANENT_REPLY for code in codes)
            raise DeliveryProblem(_name(problem, *codes), permanent=refused_for_good) from None
        except smtplib.SMTPDataError as problem:
            permanent = problem.smtp_code >= FIRST_PERMANENT_REPLY
            raise DeliveryProblem(_name(problem, problem.smtp_code), permanent=permanent) from None
        except smtplib.SMTPResponseException as problem:
            # Sign-in, greeting, our own address: a mistake of the installation that somebody will mend.
            raise DeliveryProblem(_name(problem, problem.smtp_code), permanent=False) from None
        except (smtplib.SMTPException, OSError) as problem:
            raise DeliveryProblem(_name(problem), permanent=False) from None


def compose(letter: Letter) -> EmailMultiAlternatives:
    with translation.override(letter.language):
        tag = translation.to_locale(letter.language).replace("_", "-")  # zh-Hans, as HTML and mail headers write it
        context = {"words": letter.words, "link": letter.link, "language": tag}
        message = EmailMultiAlternatives(
            subject=str(letter.words.subject),
            body=render_to_string("monitoring/mail/message.txt", context),
            to=[letter.address],
            headers={**HEADERS, "Message-ID": letter.message_id, "Content-Language": tag},
        )
        message.attach_alternative(render_to_string("monitoring/mail/message.html", context), "text/html")
    return message


def _name(problem: Exception, *codes: int) -> str:
    return " ".join([type(problem).__name__, *(str(code) for code in codes)])


CHANNEL: Final = EmailChannel()
