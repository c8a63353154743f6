"""Goods change hands: catalogue, places, orders; later delivery and syndication."""
