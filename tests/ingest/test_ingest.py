"""Deliveries accepted, seen again, refused: what is in use, what is kept, what is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from observatoire.delivery_date import register_date
from observatoire.errors import ArchiveCorrupted, UsageError
from observatoire.ingest import deliveries_in_use, ingest_source
from observatoire.settings import Settings
from observatoire.state import read_journal
from tests.helpers import make_source
from tests.ingest.conftest import FORM, Bench, with_arrival

A, B = "01,Évreux\n02,Paris\n03,Metz\n", "01,Évreux\n02,Lyon\n03,Lille\n"
HEAD = "code,nom\n"


def test_a_first_delivery_is_archived_and_used(bench: Bench) -> None:
    result = bench.take(A)
    assert (result.outcome, result.message, result.degraded) == ("nouvelle", None, False)
    assert bench.used() == [(HEAD + A).encode()]
    assert bench.objects()[0].stat().st_mode & 0o222 == 0
    assert [event["outcome"] for event in read_journal(bench.settings)] == ["nouvelle"]


def test_what_is_received_is_open_to_its_owner_alone(bench: Bench) -> None:
    """Also where an older version left it open: suppliers and beneficiaries may be persons."""
    places = (bench.settings.raw, bench.settings.work)
    for place in places:
        place.mkdir(parents=True)
        place.chmod(0o755)
    bench.take(A)
    assert [place.stat().st_mode & 0o777 for place in places] == [0o700, 0o700]


def test_the_same_bytes_make_no_new_delivery(bench: Bench) -> None:
    first = bench.take(A)
    again = bench.take()
    assert again.outcome == "inchangée" and again.delivery == first.delivery
    assert len(bench.objects()) == 1 and len(bench.archive.deliveries("essai")) == 1
    assert bench.state.last_seen[""] == "2026-01-02T08:00:00Z"
    assert bench.archive.deliveries("essai")[0].first_seen == "2026-01-01T08:00:00Z"


def test_from_a_to_b_and_back_uses_a(bench: Bench) -> None:
    bench.take(A)
    bench.take(B)
    assert bench.used() == [(HEAD + B).encode()]
    bench.take(A)
    assert bench.used() == [(HEAD + A).encode()]
    assert len(bench.archive.deliveries("essai")) == 2
    assert bench.take().outcome == "inchangée"


def test_a_lost_state_is_answered_by_the_archive(bench: Bench) -> None:
    bench.take(A)
    bench.take(B)
    shutil.rmtree(bench.settings.state)
    assert bench.used() == [(HEAD + B).encode()]
    assert bench.take().outcome == "inchangée"


def test_a_state_that_names_a_lost_delivery_falls_back(bench: Bench) -> None:
    bench.take(A)
    path = bench.settings.state / "sources" / "essai.json"
    path.write_text(path.read_text().replace(bench.state.in_use[""], "f" * 64))
    assert bench.used() == [(HEAD + A).encode()]


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"autre": 1}', "null", '{"source": "essai", "in_use": 3}'])
def test_a_spoilt_state_is_no_obstacle(bench: Bench, spoilt: str) -> None:
    bench.take(A)
    (bench.settings.state / "sources" / "essai.json").write_text(spoilt)
    assert bench.used() == [(HEAD + A).encode()]
    assert bench.take(B).outcome == "nouvelle"


REFUSED = "Livraison refusée, la précédente (2026-01-01) reste utilisée. Voir docs/analysts.md#"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"code,libelle\n01,a\n", "colonne « nom » absente. " + REFUSED + "colonne-renommee"),
        (b"code,nomm\n01,a\n", "colonne « nom » absente (trouvé « nomm »). " + REFUSED + "colonne-renommee"),
        (
            HEAD.encode() + b"01,\xc9vreux\n",
            "encodage UTF-8 attendu, octet à la ligne 2 (enregistré par un tableur ?). " + REFUSED + "encodage",
        ),
        (b"code;nom\n01;a\n", "séparateur « , » attendu, « ; » trouvé. " + REFUSED + "separateur"),
        (b"code,nom\n01\n02\n", "2 enregistrements sur 2 n'ont pas 2 champs. " + REFUSED + "structure"),
        (b"code,nom\n", "0 enregistrements, au moins 1 attendus. " + REFUSED + "seuils-darrivee"),
    ],
    ids=["renamed", "near", "encoding", "delimiter", "ragged", "no record"],
)
def test_a_wrong_structure_is_refused_and_mended_by_the_next_run(bench: Bench, content: bytes, said: str) -> None:
    history = bench.settings.register / "historique.csv"
    history.write_text("date,auteur,fichier\n2026-01-01,x,essai.csv\n")
    bench.take("01,a\n02,b\n")
    bench.file.write_bytes(content)
    lenient = with_arrival(bench, bytes_drop_max=1)
    result = lenient.take()
    assert result.outcome == "refusée" and result.degraded
    assert result.message == f"essai 2026-01-01 : {said}."[:-1]
    assert bench.used() == [b"code,nom\n01,a\n02,b\n"]
    state = bench.state
    assert state.degraded_since == "2026-01-02T08:00:00Z" and state.message == result.message

    assert result.delivery
    kept = json.loads((bench.settings.raw / "refused" / "essai" / f"{result.delivery.key}.json").read_text())
    assert kept["reason"] == result.message
    assert bench.archive.object_path(kept["sha256"]).read_bytes() == content
    assert [item.sha256 for item in bench.archive.deliveries("essai")] != [kept["sha256"]]

    assert lenient.take().outcome == "refusée"
    assert bench.state.degraded_since == "2026-01-02T08:00:00Z", "since when it is degraded does not move"
    assert bench.take("01,a\n02,c\n").outcome == "nouvelle"
    assert bench.state.degraded_since is None and bench.state.message is None
    assert bench.used() == [b"code,nom\n01,a\n02,c\n"]


def test_a_first_delivery_refused_leaves_nothing_in_use(bench: Bench) -> None:
    result = bench.take("01,a\n", header="code,libelle")
    assert result.message and "aucune autre n'est disponible" in result.message
    assert bench.used() == []


def test_a_missing_or_empty_file_fails_and_the_previous_one_stays(bench: Bench) -> None:
    bench.take(A)
    bench.file.unlink()
    missing = bench.take()
    assert missing.outcome == "échec" and missing.message and "n'existe pas" in missing.message
    bench.file.write_bytes(b"")
    empty = bench.take()
    assert empty.outcome == "refusée" and empty.message and "est vide" in empty.message
    assert bench.used() == [(HEAD + A).encode()]
    assert bench.take(A).outcome == "inchangée" and not bench.state.degraded


@pytest.mark.parametrize(
    ("limits", "rows", "said"),
    [
        ({"bytes_min": 1000}, A, "octets, au moins 1000 attendus"),
        ({"rows_min": 4}, A, "3 enregistrements, au moins 4 attendus"),
        ({"bytes_drop_max": 0.25}, "01,É\n02,P\n03,L\n", "baisse de plus de 25\u00a0%"),
        ({"bytes_drop_max": 1, "rows_drop_max": 0.15}, "01,a long name indeed\n", "1 enregistrements au lieu de 3"),
    ],
    ids=["bytes", "rows", "fewer bytes", "fewer rows"],
)
def test_arrival_thresholds(bench: Bench, limits: dict[str, float], rows: str, said: str) -> None:
    bench.take(B)
    before = bench.used()
    result = with_arrival(bench, **limits).take(rows)
    assert result.outcome == "refusée" and result.message and said in result.message
    assert bench.used() == before
    assert not [path for path in (bench.settings.work / "raw").rglob("*") if result.delivery.sha256[:16] in path.name]  # type: ignore[union-attr]


def test_exactly_the_tolerated_drop_is_accepted(bench: Bench) -> None:
    bench.take("".join(f"{n:02d},aaaa\n" for n in range(20)))
    fewer = with_arrival(bench, bytes_drop_max=1, rows_drop_max=0.15)
    assert fewer.take("".join(f"{n:02d},aaaa\n" for n in range(17))).outcome == "nouvelle"
    assert fewer.take("".join(f"{n:02d},aaaa\n" for n in range(14))).outcome == "refusée"


@pytest.mark.parametrize("harm", ["flip", "truncate", "delete", "empty"])
def test_a_damaged_object_is_said_and_mended_by_the_same_file(bench: Bench, harm: str) -> None:
    delivery = bench.take(A).delivery
    assert delivery
    path = bench.archive.object_path(delivery.sha256)
    damage(path, harm)
    with pytest.raises(ArchiveCorrupted) as said:
        bench.used()
    place = f"raw/objects/{delivery.sha256[:2]}/{delivery.sha256}"
    what = "a disparu de l'archive" if harm == "delete" else "est corrompu dans l'archive"
    assert f"essai {delivery.label} : {place} {what}." in str(said.value)
    assert "observatoire ingest essai" in str(said.value) and "\n" not in str(said.value)
    assert bench.archive.corrupted([delivery]) == [str(said.value)]
    assert bench.take().outcome == "inchangée"
    assert bench.used() == [(HEAD + A).encode()]


def test_a_damaged_object_of_the_past_is_mended_when_its_bytes_return(bench: Bench) -> None:
    old = bench.take(A).delivery
    bench.take(B)
    assert old
    damage(bench.archive.object_path(old.sha256), "flip")
    bench.take(A)
    assert bench.used() == [(HEAD + A).encode()] and bench.archive.corrupted([old]) == []


def test_a_damaged_record_is_said(bench: Bench) -> None:
    bench.take(A)
    record = next((bench.settings.raw / "deliveries" / "essai").glob("*.json"))
    for spoilt in (b"", b"{", b"\xff", b"[]", b'{"source": "essai"}'):
        record.write_bytes(spoilt)
        with pytest.raises(ArchiveCorrupted, match=f"{record.name} est illisible"):
            bench.used()


def damage(path: Path, harm: str) -> None:
    path.chmod(0o644)
    content = path.read_bytes()
    if harm == "delete":
        path.unlink()
    elif harm == "empty":
        path.write_bytes(b"")
    elif harm == "truncate":
        path.write_bytes(content[:-1])
    else:
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])


def test_a_file_given_by_hand(bench: Bench, tmp_path: Path) -> None:
    given = tmp_path / "reçu.csv"
    given.write_text(HEAD + B)
    result = bench.take(file=given)
    assert result.outcome == "nouvelle" and result.delivery and result.delivery.url == "reçu.csv"
    assert given.is_file(), "the file given is left where it was"
    given.write_bytes(b"")
    assert bench.take(file=given).message == "essai : reçu.csv est vide. Livraison refusée. Donner le bon fichier."
    with pytest.raises(UsageError, match="introuvable"):
        bench.take(file=tmp_path / "absent.csv")
    with pytest.raises(UsageError, match="introuvable"):
        bench.take(file=tmp_path)


def test_a_refused_file_given_by_hand_is_named_and_leaves_the_source_as_it_stood(bench: Bench, tmp_path: Path) -> None:
    """Who gave the wrong file is told; the source, whose delivery in use is sound, did nothing wrong."""
    mars, septembre = tmp_path / "mars.csv", tmp_path / "septembre.csv"
    mars.write_text(HEAD + "01,a\n02,b\n03,c\n")
    septembre.write_text(HEAD + "01,a\n")
    lenient = with_arrival(bench, bytes_drop_max=1, rows_drop_max=0.1)
    taken = lenient.take(file=mars)
    assert taken.told() == "essai : livraison nouvelle, 3 enregistrements."
    stood = bench.state
    result = lenient.take(file=septembre)
    assert result.outcome == "refusée" and result.message == (
        "essai, fichier « septembre.csv » : 1 enregistrements au lieu de 3 (baisse de plus de 10\u00a0%). Livraison refusée, "
        "la précédente (« mars.csv », prise le 2026-01-01) reste utilisée. Voir docs/analysts.md#seuils-darrivee"
    )
    assert bench.state == stood and not stood.degraded
    assert list((bench.settings.raw / "refused" / "essai").iterdir()), "what was received is kept"


def test_a_file_given_by_hand_mends_a_degraded_source_only_when_it_is_good(bench: Bench, tmp_path: Path) -> None:
    bench.take(A)
    bench.take(A, header="code,libelle")
    since = bench.state
    assert since.degraded
    given = tmp_path / "recu.csv"
    given.write_text("a,b\n1,2\n")
    bench.take(file=given)
    assert bench.state == since, "since when and why the source is degraded do not move"
    given.write_text(HEAD + B)
    bench.take(file=given)
    assert not bench.state.degraded


def test_a_file_given_by_hand_says_its_vintage(bench: Bench, tmp_path: Path) -> None:
    urls = {"2025": "https://a.fr/2025", "2026": "https://a.fr/2026"}
    source = make_source(FORM, protocol={"name": "http_file", "vintages": urls})
    for name, rows in (("communes-2025.csv", A), ("communes-2026.csv", B)):
        (tmp_path / name).write_text(HEAD + rows)
        assert [item.vintage for item in ingest_source(bench.settings, source, tmp_path / name)] == [name[9:13]]
    assert [item.vintage for item in deliveries_in_use(bench.settings, source)] == ["2025", "2026"]
    for name in ("communes.csv", "2025-2026.csv"):
        (tmp_path / name).write_text(HEAD + A)
        with pytest.raises(UsageError, match="2025, 2026"):
            ingest_source(bench.settings, source, tmp_path / name)


def test_the_register_dates_its_files(tmp_path: Path) -> None:
    day = "2026-02-10"
    assert register_date(tmp_path, "a.csv", day) is None
    (tmp_path / "historique.csv").write_text(
        "date,auteur,fichier\n2026-01-05,x,a.csv\n2026-02-01,x,b.csv\n2026-01-30,x,a.csv\n,x,a.csv\nbientôt !!,x,a.csv\n"
    )
    assert register_date(tmp_path, "a.csv", day) == "2026-01-30"
    assert register_date(tmp_path, "historique.csv", day) == "2026-02-01"
    assert register_date(tmp_path, "c.csv", day) is None
    assert register_date(tmp_path, "a.csv", "2026-01-10") == "2026-01-05", "a date after today is none"


def test_a_history_in_another_encoding_does_not_stop_the_others(bench: Bench) -> None:
    """The history is a source of its own, refused with its line; the other files are still taken in."""
    (bench.settings.register / "historique.csv").write_bytes(
        "date,auteur,fichier\n2026-01-05,Zoé,a.csv\n".encode("cp1252")
    )
    assert bench.take(A).outcome == "nouvelle"


def test_a_new_date_in_the_history_follows_the_delivery(bench: Bench) -> None:
    history = bench.settings.register / "historique.csv"
    history.write_text("date,auteur,fichier\n2025-12-01,x,essai.csv\n")
    bench.take(A)
    history.write_text("date,auteur,fichier\n2026-01-01,x,essai.csv\n")
    assert bench.take().outcome == "inchangée"
    assert [item.date for item in deliveries_in_use(bench.settings, bench.source)] == ["2026-01-01"]


def test_required_sources_that_are_missing_are_named(bench: Bench, tmp_path: Path) -> None:
    from observatoire.ingest import required_missing

    required = make_source(FORM, required=True)
    settings: Settings = bench.settings
    assert required_missing(settings, {"essai": required}) == ["essai"]
    bench.take(A)
    assert required_missing(settings, {"essai": required}) == []
