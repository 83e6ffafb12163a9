"""Comparisons, plans and the catalogue as people read them.

The modules are imported one by one: `lossbench list` needs no statistics.
"""
