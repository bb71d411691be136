"""What the issue demands of a release of the real register, read from the Parquet as a researcher would."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from observatoire import ingest, pipeline, publication, state
from observatoire.errors import ChecksFailed
from observatoire.pipeline import Report
from observatoire.quality.spec import load_table_specs
from observatoire.release.store import Release, current_release, damaged_files, list_releases
from observatoire.settings import Settings
from observatoire.standing import release_rows
from tests.conftest import ROOT, copy_project
from tests.helpers import asked, edit_csv

Released = tuple[Settings, Report]


def one(release: Release, query: str) -> tuple[object, ...]:
    with duckdb.connect() as con:
        row = con.execute(query.replace("{", f"'{release.path}/").replace("}", ".parquet'")).fetchone()
    assert row is not None
    return row


def test_every_case_of_the_register_is_a_use(current: Release) -> None:
    counts = one(
        current,
        "select count(*), count(*) filter (confirme), count(*) filter (confirme and finalite_environnementale) from {usages}",
    )
    assert counts == (158, 126, 85)
    assert one(current, "select count(*) from {rejets}") == (0,)


def test_a_declared_effect_is_published_with_who_declares_it(current: Release) -> None:
    asked_of = ("v002", "v027", "v032", "v077", "v098", "v123", "v155")
    found = asked(
        "select cle_source, effet_valeur, effet_unite, concat_ws(' ', effet_portee, effet_qualificatif, effet_periode), effet_extrait, "
        "split_part(effet_source, ' - ', 1) "
        f"from '{current.path}/usages.parquet' where cle_source in {asked_of} order by 1"
    )
    assert found == [
        ("v002", 110000, "m3", "affirme exact an", "pour 110 000 m3 évités par an", "Numérique360"),
        ("v027", 80, "%", "annonce exact", "la ville annonce une baisse de 80 % des dépôts et 35 verbalisations", "BFM Marseille"),
        ("v032", 10, "%", "affirme environ", "environ 10 % d'économie", "Numérique360"),
        ("v077", 31, "%", "affirme exact", "L'analyse de données de capteurs laser rend les tournées dynamiques et réduit le carburant de 31 %", "Numérique360"),
        ("v098", 5.5, "°C", "annonce exact", "5,5 degrés gagnés sur la place Tony de Graaf pour moins de 40 000 euros", "Smart City Mag"),
        ("v123", None, None, "", None, None),
        ("v155", None, None, "", None, None),
    ]  # fmt: skip


def test_every_quoted_figure_is_kept(current: Release) -> None:
    assert one(current, "select count(*) from {chiffres_publies}") == (84,)
    qualified = "select qualificatif, valeur_min, valeur_max from {chiffres_publies} where valeur = 250"
    assert one(current, qualified) == ("plus_de", 250, None)


def test_a_quoted_figure_keeps_its_qualifier_and_its_remark_wherever_it_is_read(current: Release) -> None:
    path = current.path
    beside = asked(
        f"select i.qualificatif, i.remarque, c.qualificatif, c.remarque from '{path}/indicateurs_et_publies.parquet' as i "
        f"inner join '{path}/chiffres_publies.parquet' as c on c.chiffre_id = i.identifiant_chiffre"
    )
    assert len(beside) > 10 and all(row[:2] == row[2:] for row in beside)
    assert any(row[1] for row in beside) and {"environ", "plus_de"} <= {row[0] for row in beside}
    compared = asked(
        "select edition_avant, libelle, qualificatif_avant, edition_apres, qualificatif_apres "
        f"from '{path}/comparaisons.parquet' where origine = 'publie'"
    )
    announced = asked(f"select edition, indicateur, qualificatif from '{path}/chiffres_publies.parquet'")
    for before, label, first, after, second in compared:
        was, now = label.split(" / ")
        assert (before, was, first) in announced and (after, now, second) in announced
    assert {row[-1] for row in compared} == {"exact", "plus_de"}, "« plus de 77 % » is not 77 %"


def test_maurepas_is_ambiguous_and_never_guessed(current: Release) -> None:
    found = one(current, "select siren, siren_statut, siren_candidats from {usages} where collectivite = 'Maurepas'")
    assert found == (None, "ambigu", ["217803832", "218004943"])


def test_every_figure_says_what_it_rests_on(current: Release) -> None:
    missing = one(
        current,
        "select count(*) from {indicateurs} where base is null or definition is null or case plan "
        "when 'registre' then mention not like 'Inventaire non exhaustif%' "
        "when 'publication' then mention not like 'Ni recensement ni échantillon%' or valeur is not null else true end or (n is null and absence <> 'non_couvert')",
    )
    assert missing == (0,)


def test_the_schema_says_which_columns_may_be_empty(current: Release) -> None:
    """A column without NULLs today must not become required; a declared one must be."""
    spec = load_table_specs(ROOT / "sql")["usages"]
    schema = pq.read_schema(current.path / "usages.parquet")
    assert {field.name: field.nullable for field in schema} == {column.name: column.nullable for column in spec.columns}
    assert schema.field("description").nullable and schema.field("description").metadata[b"fr"]
    assert schema.metadata[b"cle"] == b"usage_id"


def test_rows_are_in_the_order_of_their_key(current: Release) -> None:
    keys = asked(f"select usage_id from '{current.path}/usages.parquet'")
    assert keys == sorted(keys)


def test_the_dictionary_and_the_package_describe_every_column(current: Release) -> None:
    with (current.path / "dictionnaire.csv").open(encoding="utf-8", newline="") as handle:
        described = {(row["table"], row["colonne"]) for row in csv.DictReader(handle) if row["description_en"]}
    package = json.loads((current.path / "datapackage.json").read_text())
    fields = {
        (resource["title"], field["name"])
        for resource in package["resources"]
        for field in resource["schema"]["fields"]
    }
    stored = {(path.stem, name) for path in current.path.glob("*.parquet") for name in pq.read_schema(path).names}
    assert described == fields == stored
    for name in ("dictionnaire_fr.md", "dictionary_en.md", "LISEZMOI.md", "definitions.md"):
        assert (current.path / name).stat().st_size > 500


def test_a_release_names_itself_once_and_never_the_machine(released: Released, current: Release) -> None:
    """The moment stays in release.json, outside SHA256SUMS: else equal inputs could not give equal bytes. Of the identity,
    which follows from the inputs, only the id is written, as the version of the data package."""
    inside = [path for path in current.path.iterdir() if path.name != "release.json"]
    for path in inside:
        content = path.read_bytes()
        assert content.count(current.id.encode()) == (1 if path.name == "datapackage.json" else 0), path.name
        assert current.about()["identity"].encode() not in content, path.name
        assert str(released[0].data).encode() not in content, path.name
        assert current.about()["released_at"].encode() not in content, path.name
    assert "release.json" not in (current.path / "SHA256SUMS").read_text()


def test_a_release_is_open_to_all_and_the_warehouse_to_its_owner_alone(released: Released, current: Release) -> None:
    settings = released[0]
    assert {path.stat().st_mode & 0o444 for path in [current.path, *current.path.iterdir()]} == {0o444}
    assert [place.stat().st_mode & 0o077 for place in (settings.raw, settings.work)] == [0, 0]


def test_the_inputs_of_a_release_are_kept_by_hash(released: Released, current: Release) -> None:
    listed = json.loads((current.path / "inputs.json").read_text())
    assert "sql/curated/usages.sql" in listed and "data/register/definitions.yml" in listed
    for digest in listed.values():
        assert (released[0].curated / "inputs" / digest[:2] / digest).is_file()


def test_rebuilding_elsewhere_with_other_threads_at_another_moment_gives_the_same_bytes(
    released: Released, current: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (ingest, publication, state):
        monkeypatch.setattr(module, "now", lambda: "2031-02-03T04:05:06Z")
    other = replace(copy_project(tmp_path), threads=1)
    assert released[0].threads != other.threads
    report = pipeline.refresh(other)
    rebuilt = current_release(other)
    assert rebuilt is not None and report.release == current.id
    assert (rebuilt.path / "SHA256SUMS").read_bytes() == (current.path / "SHA256SUMS").read_bytes()
    assert rebuilt.about()["released_at"] == "2031-02-03T04:05:06Z"


def test_nothing_new_makes_no_release(released: Released, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, first = released
    monkeypatch.setattr(publication, "_release_anew", lambda *_: pytest.fail("nothing changed, nothing may be built"))
    again = pipeline.refresh(settings)
    assert (again.release, again.new) == (first.release, False)
    assert len(list_releases(settings)) == 1


def test_an_audit_rebuilds_every_byte_and_notices_a_changed_one(released: Released, tmp_path: Path) -> None:
    settings, _ = released
    assert pipeline.audit(settings) == []
    current = current_release(settings)
    assert current is not None
    damaged = current.path / "LISEZMOI.md"
    kept = damaged.read_bytes()
    try:
        damaged.write_bytes(kept + b" ")
        assert pipeline.audit(settings) == [f"{current.id} : LISEZMOI.md est abîmé ou manque."]
    finally:
        damaged.write_bytes(kept)


def test_what_changes_and_comes_back(project: Settings) -> None:
    """A change makes a release that names its predecessor; a damaged or reverted one is found again; checks block."""
    first = pipeline.refresh(project)
    register = project.register / "cas_usage.csv"
    kept = register.read_bytes()
    edit_csv(register, lambda rows: rows[0].update(statut="deploye"))
    second = pipeline.refresh(project)
    assert second.new and second.predecessor == first.release and second.release != first.release

    register.write_bytes(kept)
    third = pipeline.refresh(project)
    current = current_release(project)
    assert current is not None
    assert (third.release, current.id) == (first.release, first.release)
    assert len(list_releases(project)) == 2
    rows = {row["id"]: row for row in release_rows(project)}
    assert [len(rows[id_]["entrees_en_service"]) for id_ in (first.release, second.release)] == [2, 1]
    assert rows[first.release]["en_service"]

    (current.path / "usages.parquet").write_bytes(b"damaged")
    again = pipeline.refresh(project)
    current = current_release(project)
    assert current is not None and again.release == first.release and damaged_files(current) == []

    spec = project.sql / "curated" / "usages.yml"
    spec.write_text(
        spec.read_text().replace(
            'rule: "montant_eur is not null and montant_eur <= 0"', 'rule: "coalesce(montant_eur > 0, false)"'
        )
    )
    with pytest.raises(
        ChecksFailed, match=r"^USG-06 \(usages\.montant_eur, \d+ lignes\) : .* La version .* reste en service\.$"
    ):
        pipeline.refresh(project)
    kept_release = current_release(project)
    assert kept_release is not None and kept_release.id == first.release and damaged_files(kept_release) == []


def test_suppliers_and_dates_are_those_that_cases_state(current: Release) -> None:
    found = asked(
        "select cle_source, fournisseur, solution, date_debut::varchar, date_debut_precision, date_fin::varchar, date_fin_precision "
        f"from '{current.path}/usages.parquet' where cle_source in ('v003', 'v004', 'v116') order by 1"
    )
    assert found == [
        ("v003", "Lacroix", None, "2022-04-01", "mois", None, None),
        ("v004", None, None, None, None, None, None),
        ("v116", None, "Cortexia", "2020-10-01", "mois", "2022-10-01", "mois"),
    ]
