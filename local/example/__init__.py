"""An example province to try everything on: real places and product names, made-up people, prices and accounts."""

from .load import load_example
from .people import sign_ins

__all__ = ["load_example", "sign_ins"]
