"""The offline app of the community teams: its one page, its service worker and its manifest.

The page holds nothing of anybody: what is personal comes through the API once a person is signed in. So the page may be
kept on the phone and opened by whoever holds it. It carries no inline script; its texts travel as a block of JSON.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from flask import Blueprint, Response, current_app, jsonify, render_template, url_for
from flask_babel import gettext as _

from app.core.database import current_actor
from app.core.http import allow_sources, asset
from app.core.routes import open_to_all
from app.households.registry import words as registry_words
from app.households.registry.citizen import OLDEST_YEARS, PROVINCES
from app.identity.access import requires
from app.identity.roles import Role

from . import app_words

bp = Blueprint("doorstep_app", __name__, template_folder="templates")
ROOT = "/to-cong-nghe"
FOLDER = "onboarding"
SHARED = ("css/site.css", "icons.svg", "mark.svg")


@bp.get(f"{ROOT}/ung-dung")
@open_to_all
def shell() -> str:
    """Every screen of the app, for a phone to keep."""
    allow_sources("img-src", "blob:")  # pictures that wait on the phone
    return _shell()


@bp.get(f"{ROOT}/toi")
@requires(Role.TEAM_MEMBER, Role.COMMUNE_OFFICER)
def me() -> Response:
    """Who is signed in now: the app asks before it sends, so that nobody sends under another's name."""
    return jsonify(id=str(current_actor().user_id))


@bp.get(f"{ROOT}/sw.js")
@open_to_all
def worker() -> Response:
    """The service worker. Its text, and so the phone's copy, changes with any file the app is made of."""
    files = [url_for(".shell"), url_for(".manifest"), *_files()]
    text = render_template("onboarding/sw.js", version=_version(), files=json.dumps(files), shell=url_for(".shell"))
    answer = Response(text, content_type="text/javascript; charset=utf-8")
    answer.headers["Service-Worker-Allowed"] = f"{ROOT}/"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@bp.get(f"{ROOT}/manifest.webmanifest")
@open_to_all
def manifest() -> Response:
    """What a phone needs to put the app on its first screen."""
    icons = [
        {"src": asset(f"{FOLDER}/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size in (192, 512)
        for purpose in ("any", "maskable")
    ]
    answer = jsonify(
        id=url_for(".shell"),
        name=_("Chợ Phiên: tổ công nghệ"),
        short_name=_("Tổ công nghệ"),
        start_url=url_for(".shell"),
        scope=f"{ROOT}/",
        display="standalone",
        orientation="portrait",
        background_color="#f8f5ea",
        theme_color="#123f2e",
        lang="vi",
        icons=icons,
    )
    answer.content_type = "application/manifest+json"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _shell() -> str:
    facts = {
        "words": app_words.all_words(),
        "purposes": [
            {"purpose": purpose, "name": name, "words": sentence}
            for purpose, name, sentence in registry_words.purposes()
        ],
        "provinces": sorted(PROVINCES),
        "oldest_years": OLDEST_YEARS,
        "icons": asset("icons.svg"),
        "urls": {
            "app": url_for(".shell"),
            "worker": url_for(".worker"),
            "me": url_for(".me"),
            "scope": f"{ROOT}/",
            "sign_in": url_for("identity.ask_phone", next=url_for(".shell")),
            "api": "/api/v1/onboarding",
            "team": ROOT,
        },
    }
    return render_template("onboarding/app.html", facts=facts, scripts=asset(f"{FOLDER}/app.js"))


def _files() -> list[str]:
    """Addresses of everything the page draws on. Modules name each other without a release, and are kept so."""
    own = [path.name for path in _own_files()]
    modules = [url_for("static", filename=f"{FOLDER}/{name}") for name in own if name.endswith(".js")]
    others = [asset(f"{FOLDER}/{name}") for name in own if not name.endswith(".js") or name == "app.js"]
    return [*modules, *others, *(asset(name) for name in SHARED)]


def _own_files() -> list[Path]:
    return sorted(path for path in (Path(current_app.static_folder or "") / FOLDER).iterdir() if path.is_file())


def _version() -> str:
    """A mark of the page in this language and of every file it needs."""
    mark = hashlib.sha256(_shell().encode())
    for path in [*_own_files(), *(Path(current_app.static_folder or "") / name for name in SHARED)]:
        mark.update(path.name.encode() + path.read_bytes())
    return mark.hexdigest()[:16]
