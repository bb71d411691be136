"""What every test shares: no network but loopback, a project of its own, the real deliveries beside the checkout."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as examples

from observatoire import pipeline
from observatoire.pipeline import Report
from observatoire.release.store import Release, find_release
from observatoire.settings import PREFIX, Settings
from tests.helpers import NetworkBlocked

ROOT = Path(__file__).resolve().parents[1]

# The same examples at every run: a test must not fail for a change that it does not test.
examples.register_profile("same", derandomize=True)
examples.load_profile("same")

# These take the longest: taken first, they leave no worker alone at the end.
SLOW_FIRST = ("test_killed.py", "test_prefect_server.py", "test_prefect_flows.py", "test_names_measured.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first, the others in their order."""
    items.sort(key=lambda item: SLOW_FIRST.index(item.path.name) if item.path.name in SLOW_FIRST else len(SLOW_FIRST))


def is_loopback(host: object) -> bool:
    """Whether a host given to a socket is this machine."""
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def offline() -> Iterator[None]:
    """Sockets reach loopback only; a name is resolved only when it is this machine's. Settings of the shell are unset."""
    patch = pytest.MonkeyPatch()

    def guarded(name: str) -> Callable[..., Any]:
        real = getattr(socket.socket, name)

        def call(self: socket.socket, *args: Any) -> Any:
            address = args[-1]
            if self.family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(address[0]):
                raise NetworkBlocked(f"network is blocked in tests: {address}")
            return real(self, *args)

        return call

    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if host is not None and not is_loopback(host):
            raise NetworkBlocked(f"network is blocked in tests: {host}")
        return resolve(host, *args, **options)

    for name in ("connect", "connect_ex", "sendto"):
        patch.setattr(socket.socket, name, guarded(name))
    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    patch.setenv("GX_ANALYTICS_ENABLED", "false")
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        patch.delenv(name)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real deliveries beside the checkout. Missing, it is a failure in CI and a skip elsewhere."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{folder} is missing: the tests on real deliveries cannot run")
        pytest.skip(f"{folder} is missing")
    return folder


def copy_project(folder: Path) -> Settings:
    """A project of its own in `folder`: sql/ and data/register copied (writable), an empty data folder."""
    for part in ("sql", "data/register"):
        shutil.copytree(ROOT / part, folder / "projet" / part, copy_function=shutil.copyfile)
    project = folder / "projet"
    return Settings(project=project, data=folder / "data", register=project / "data" / "register")


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """Settings over a temporary copy of the project, nothing ingested yet."""
    return copy_project(tmp_path)


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Report]:
    """Settings and report of one refresh of the real register. Read it, never write to it."""
    settings = copy_project(tmp_path_factory.mktemp("publie"))
    return settings, pipeline.refresh(settings)


@pytest.fixture
def current(released: tuple[Settings, Report]) -> Release:
    """The release of `released`."""
    return find_release(released[0], "current")
