"""A disk that fills up, a folder that cannot be written, at every step: one clear line, and nothing half done."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from observatoire.errors import StorageError
from tests.ingest.conftest import Bench

A, B = "01,Évreux\n02,Paris\n", "01,Évreux\n02,Lyons\n"
HEAD = "code,nom\n"
SAID = {
    errno.ENOSPC: "disque plein. Libérer de la place puis relancer : rien n'a été modifié.",
    errno.EROFS: "dossier en lecture seule. Donner le droit d'écrire ou changer OBSERVATOIRE_DATA_DIR.",
    errno.EACCES: "droit d'écriture refusé. Donner le droit d'écrire ou changer OBSERVATOIRE_DATA_DIR.",
}


@contextmanager
def failing(data: Path, code: int, after: int) -> Iterator[list[str]]:
    """Every write under `data` fails once `after` of them were made; the calls that failed are listed."""
    patch, failed, made = pytest.MonkeyPatch(), [], 0

    def guarded(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal made
            if made >= after:
                failed.append(name)
                raise OSError(code, os.strerror(code), str(data))
            made += 1
            return real(*args, **options)

        return call

    for module, name in (
        (os, "fsync"), (os, "replace"), (tempfile, "mkstemp"), (tempfile, "mkdtemp"), (shutil, "copyfile"), (os, "mkdir"),
    ):  # fmt: skip
        patch.setattr(module, name, guarded(name, getattr(module, name)))
    try:
        yield failed
    finally:
        patch.undo()


@pytest.mark.parametrize("code", SAID, ids=errno.errorcode.get)
def test_a_fault_at_every_step_leaves_the_old_delivery_or_the_new_one(bench: Bench, code: int) -> None:
    bench.take(A)
    old, new = [(HEAD + A).encode()], [(HEAD + B).encode()]
    bench.write(B)
    steps = 0
    for after in range(200):
        with failing(bench.settings.data, code, after) as failed:
            try:
                bench.take()
            except StorageError as error:
                assert SAID[code] in str(error) and "\n" not in str(error)
        assert bench.used() in (old, new)
        if not failed:
            break
        steps += 1
    assert steps >= 10, "the fault was met at each of the steps"
    assert bench.used() == new
    assert bench.take().outcome == "inchangée"
    left = [path.name for path in bench.settings.data.rglob("*") if path.suffix in (".tmp", ".part", ".utf8")]
    assert left == []


@pytest.mark.parametrize("code", SAID, ids=errno.errorcode.get)
def test_a_fault_while_the_rows_are_written_refuses_nothing(
    bench: Bench, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is no fault of the delivery: it is not refused, and the next run takes it in."""
    import pyarrow.parquet as pq

    bench.take(A)
    bench.write(B)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(pq.ParquetWriter, "write_table", full)
        with pytest.raises(StorageError) as said:
            bench.take()
    assert SAID[code] in str(said.value)
    assert not (bench.settings.raw / "refused").exists()
    assert bench.used() == [(HEAD + A).encode()]
    assert bench.take().outcome == "nouvelle"
