"""A barcode reader: keys two milliseconds apart with Enter at the end, whatever the machine is doing meanwhile.

The page tells a reader from a hand by the time stamps of the keys, which a keyboard gives and a busy machine does not
move. Keys that Playwright types are stamped when they are handled; so these carry the reader's own time.
"""

import time
from typing import Final

from playwright.sync_api import CDPSession, Page

BETWEEN_KEYS: Final = 0.002  # seconds
RETURN: Final = 13


def scan(page: Page, code: str) -> None:
    """Send `code` and Enter to the element that has the focus."""
    page.wait_for_load_state()
    session = page.context.new_cdp_session(page)
    started = time.time()
    try:
        for place, sign in enumerate(f"{code}\r"):
            _press(session, sign, started + place * BETWEEN_KEYS)
    finally:
        session.detach()


def _press(session: CDPSession, sign: str, moment: float) -> None:
    named = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": RETURN} if sign == "\r" else {"key": sign}
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": sign, "timestamp": moment, **named})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", "timestamp": moment + BETWEEN_KEYS / 2, **named})
