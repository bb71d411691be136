"""Confidentiality of survey figures: what must be hidden, what else must be hidden with it, and the proof that it is."""
