"""Takes the README's picture anew: `python docs/images/take.py` while `manage.py demo` runs.

Needs Chromium, Playwright and Pillow.
"""

from __future__ import annotations

import base64
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

SITE = "http://localhost:8000"
PICTURE = Path(__file__).with_name("demo.png")
SIZE = {"width": 1200, "height": 735}
FRAME = """<!doctype html><meta charset="utf-8"><style>
body { background: #dfe5ee; margin: 0; }
img { border: 1px solid #b9c3d2; border-radius: 10px; box-shadow: 0 5px 16px #51607a66; position: absolute; }
</style>"""


def main() -> None:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        picture = composed(browser, *shots(browser.new_page(device_scale_factor=2)))
        browser.close()
    picture.quantize(256, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


def shots(page: Page) -> tuple[bytes, bytes, bytes]:
    page.goto(f"{SITE}/oidc/login/alpha/?next=/")
    picker = shot(page, 600, 385)
    page.click("button[value=kim]")
    page.wait_for_url(f"{SITE}/")
    home = shot(page, 1060, 460)
    page.goto(f"{SITE}/admins/")
    return home, picker, shot(page, 510, 410)


def shot(page: Page, width: int, height: int) -> bytes:
    page.set_viewport_size({"width": width, "height": height})
    return page.screenshot()


def composed(browser: Browser, home: bytes, picker: bytes, refused: bytes) -> Image.Image:
    page = browser.new_page(viewport=SIZE, device_scale_factor=1.5)
    windows = (window(home, 160, 30, 880), window(picker, 40, 394, 490), window(refused, 770, 394, 390))
    page.set_content(FRAME + "".join(windows))
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def window(png: bytes, left: int, top: int, width: int) -> str:
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return f'<img style="left: {left}px; top: {top}px; width: {width}px" src="{url}">'


if __name__ == "__main__":
    main()
