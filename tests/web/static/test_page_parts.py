"""What every page is made of keeps its promises to weak networks, strict browsers and people in trouble."""

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask, render_template, render_template_string
from flask.testing import FlaskClient

APP = Path(__file__).parents[3] / "app"
STATIC = APP / "web" / "static"
# What is printed on paper no browser shows: `….pdf.html` brings its own style.
TEMPLATES = sorted(path for path in APP.rglob("*.html") if not path.name.endswith(".pdf.html"))


def _on_the_wire(content: bytes) -> int:
    return len(gzip.compress(content, 6))


def test_the_frame_with_style_drawings_and_scripts_stays_under_thirty_kilobytes(client: FlaskClient):
    page = client.get("/khong-co-trang-nay", headers={"Accept": "text/html"}).data
    files = [STATIC / name for name in ("css/site.css", "icons.svg", "mark.svg", "js/sound.js", "js/pay.js")]
    assert _on_the_wire(page) + sum(_on_the_wire(file.read_bytes()) for file in files) < 30_000


def test_the_one_style_sheet_stays_small():
    assert (STATIC / "css/site.css").stat().st_size < 16 * 1024


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(APP)))
def test_no_template_needs_what_the_content_policy_refuses(template: Path):
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)
    refused = re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    inline = [tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag and "json" not in tag]
    bare_scripts = [tag for tag in inline if "nonce=" not in tag]
    assert refused + bare_scripts == []


def test_every_drawing_a_template_asks_for_is_in_the_sprite():
    drawn = set(re.findall(r'<symbol id="(\w+)"', (STATIC / "icons.svg").read_text()))
    asked = {
        name for template in TEMPLATES for name in re.findall(r'(?:icon\(|icon_name=)"(\w+)"', template.read_text())
    }
    assert asked - drawn == set()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503, 418, 599])
def test_every_refusal_is_a_kind_page_with_one_heading_and_a_way_on(app: Flask, status: int):
    with app.test_request_context("/"):
        page = render_template("errors/error.html", status=status)
    assert page.count("<h1>") == 1
    assert 'href="/cho"' in page
    assert 'lang="vi"' in page


def _render(app: Flask, source: str, **context: object) -> str:
    with app.test_request_context("/"):
        return render_template_string('{% import "components.html" as ui %}' + source, **context)


def test_what_people_typed_is_shown_as_text_never_as_markup(app: Flask):
    typed = '"><script>alert(1)</script>'
    page = _render(
        app,
        "{{ ui.field(t, 'a', t, hint=t, error=t, maxlength=t) }}{{ ui.textarea(t, 'b', t) }}"
        "{{ ui.select(t, 'c', [(t, t)], t) }}{{ ui.notice('error', t, t) }}{{ ui.code(t) }}{{ ui.badge(t) }}"
        "{{ ui.facts([(t, t)]) }}{{ ui.table(t, [t], [[t]]) }}{{ ui.copy(t, t) }}{{ ui.error_summary({t: t}) }}"
        "{{ ui.qr_panel('', t, t, t, 1, t, t) }}",
        t=typed,
    )
    assert "<script>" not in page
    assert '"><script' not in page
    assert "&#34;&gt;&lt;script&gt;" in page


def test_a_field_that_came_back_wrong_says_so_to_ears_as_well(app: Flask):
    page = _render(app, "{{ ui.field('Tên', 'ten', error='Còn trống', hint='Tên đầy đủ', required=true) }}")
    assert 'aria-invalid="true"' in page
    assert 'aria-describedby="ten-hint ten-error"' in page
    assert 'id="ten-error"' in page
    assert 'id="ten-hint"' in page


def test_a_password_typed_once_is_never_sent_back(app: Flask):
    assert "bi-mat" not in _render(app, "{{ ui.field('Mật khẩu', 'password', 'bi-mat', type='password') }}")


@pytest.mark.parametrize(
    ("code", "groups"),
    [("DH4K7P2M9Q", ["DH", "4K7P", "2M9Q"]), ("ABCD", ["ABCD"]), ("A1", ["A1"])],
)
def test_a_public_code_is_shown_in_groups_but_copied_whole(app: Flask, code: str, groups: list[str]):
    assert re.findall(r"<span>([^<]+)</span>", _render(app, "{{ ui.code(c) }}", c=code)) == groups
    assert f'data-copy="{code}"' in _render(app, "{{ ui.copy(c, 'mã') }}", c=code)
