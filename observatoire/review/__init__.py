"""Human judgement kept as data: corrections of sources."""
