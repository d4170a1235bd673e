"""How an alert reaches people: rows written with the alert (outbox), taken one by one (delivery), sent by a channel.

A channel is a module with a `CHANNEL`; adding one is adding a file here and its name to `channels()`.
"""

from __future__ import annotations
