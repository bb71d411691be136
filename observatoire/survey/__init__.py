"""Surveys: designs, estimates, calibration, change between editions, disclosure control."""
