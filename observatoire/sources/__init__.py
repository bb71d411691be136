"""Sources as data: one YAML specification each, validated down to the options of its protocol and format."""

from observatoire.sources.spec import Source, load_source, load_sources

__all__ = ["Source", "load_source", "load_sources"]
