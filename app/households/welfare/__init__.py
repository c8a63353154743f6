"""Welfare accounts of poor and near-poor households, and the public list that names nobody."""
