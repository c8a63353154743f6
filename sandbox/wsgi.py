"""Entry point: `gunicorn --workers 1 --threads 8 'sandbox.wsgi:app'`. One process, since faults live in its memory."""

from sandbox import create_app

app = create_app()
