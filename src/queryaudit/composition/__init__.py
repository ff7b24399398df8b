"""How Python source puts SQL text together: which parts stand there, and which come from elsewhere.

Reads syntax trees alone, so that a running program and ``queryaudit scan`` say the same.
"""
