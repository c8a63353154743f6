"""Who works here: giving a role for an area and a time, ending it at once, switching a person off."""
