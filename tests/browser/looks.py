"""The looks that a page is tried in, and what has to hold in each."""

from __future__ import annotations

from pathlib import Path

FAINT_TEXTS = Path(__file__).with_name("faint_texts.js").read_text(encoding="utf-8")
NIGHT = {"color_scheme": "dark"}
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "has_touch": True}
LOOKS = {"day": {}, "night": NIGHT, "phone": PHONE, "phone-night": PHONE | NIGHT}


def looks_right(page):
    """Nothing too faint to read, and nothing to scroll sideways for."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    faint = page.evaluate(FAINT_TEXTS)
    assert faint == [], faint
