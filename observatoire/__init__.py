"""Data pipeline of the observatory of AI in French local authorities."""

__version__ = "0.1.0"
