"""Prefect flows over observatoire.pipeline: what analysts start, schedule and read. The only code that imports prefect."""
