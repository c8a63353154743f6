"""The yardstick: a Flask route that does nothing, under the same gunicorn."""

from flask import Flask

app = Flask(__name__)


@app.route("/", methods=["GET", "POST"])
def nothing() -> str:
    """Answer."""
    return "ok"
