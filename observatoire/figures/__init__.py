"""Figures: indicators computed from definitions kept as data."""
