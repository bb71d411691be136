"""The warehouse: one SELECT per file, run in dependency order, only where something changed."""

from observatoire.warehouse.connection import open_warehouse
from observatoire.warehouse.models import Model, load_models
from observatoire.warehouse.runner import BuildReport, build_models

__all__ = ["BuildReport", "Model", "build_models", "load_models", "open_warehouse"]
