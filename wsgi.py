"""The entry point: `gunicorn wsgi:app`, `flask --app wsgi ...`."""

import gc
import sys

from app import create_app
from app.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    print(f"chophien: {error}", file=sys.stderr)
    sys.exit(3)  # gunicorn gives up on a worker that ends with 3 instead of starting it over and over

# What is here now lives as long as the process. Without this, Python looks through all 300,000 objects now and then, in
# the middle of somebody's request: 180 ms (docs/speed.md).
gc.freeze()
