"""One hierarchy of errors; each message is one French line: what is wrong, where, what to do."""

from __future__ import annotations


class ObservatoireError(Exception):
    """Base of every error shown to a user. `str(error)` is one French line."""

    exit_code = 1


class SpecError(ObservatoireError):
    """A source or table specification is wrong; the project must be mended, not the data."""


class DeliveryRefused(ObservatoireError):
    """The bytes arrived but cannot be used; the previous delivery stays in use."""


class FetchFailed(ObservatoireError):
    """The bytes could not be obtained (network, server, missing file); the previous delivery stays in use."""


class ArchiveCorrupted(ObservatoireError):
    """An archived object no longer has the bytes its address promises."""


class BuildFailed(ObservatoireError):
    """A model of the warehouse could not be built."""


class ChecksFailed(ObservatoireError):
    """A blocking check is violated: nothing is released."""


class LockHeld(ObservatoireError):
    """Another run holds the writer's lock."""


class StorageError(ObservatoireError):
    """The disk is full, or a folder cannot be written."""


class UsageError(ObservatoireError):
    """The command was called with something that does not exist."""

    exit_code = 2


class SurveyError(ObservatoireError):
    """A survey's design, weights or calibration cannot give an estimate that one could defend."""


class DisclosureRisk(ObservatoireError):
    """A confidential cell could be recomputed from what is about to be published."""


class AddressGone(FetchFailed):
    """The server says that the address exists no longer: another may lead to the same file."""


class RequestRefused(FetchFailed):
    """The server says that it does not take what is asked in this form: a simpler question may be answered."""
