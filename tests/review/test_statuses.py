"""What newer evidence may propose of a status: rule by rule over small tables, then in a release that holds a contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from observatoire import pipeline
from observatoire.release.store import current_release
from observatoire.review.export import FIELDS, doubts
from observatoire.review.upkeep import proposed_statuses
from observatoire.settings import Settings
from observatoire.vocabularies import load_vocabularies
from observatoire.warehouse.models import load_macros, used_macros
from tests.conftest import ROOT, copy_project
from tests.helpers import asked

TABLES = """
create schema core; create schema staging;
create table core.usages (usage_id varchar, source varchar, cle_source varchar, statut varchar, nature varchar, date_entree date);
create table core.preuves_usages (preuve_id varchar, source varchar, cle_source varchar, date date, date_precision varchar);
create table core.decisions_usages (cle varchar, statut varchar, statut_date date);
create table core.usages_groupes (usage_id varchar, trace_id varchar);
create table core.rapprochements (trace_a varchar, trace_b varchar, du_registre boolean, proposition varchar, verdict varchar);
create table core.traces (trace_id varchar, cle varchar);
create table core.candidats (candidat_id varchar, source varchar, cle varchar, type_candidat varchar, objet varchar, url varchar,
                             statut varchar, statut_declare varchar, date date);
create table core.pstw_france (candidat_id varchar);
create table staging.cas_usage (id varchar, titre varchar, source_url varchar, statut varchar, nature varchar, source_date date);
create table staging.boamp (avis varchar, nature varchar);
create table staging.ted (avis varchar, type_avis varchar);
"""
QUERY = (ROOT / "sql" / "core" / "statuts_proposes.sql").read_text(encoding="utf-8")


class Uses:
    """A use of the register, « v1 », and what tells of it."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        con.execute(TABLES)
        for macro in used_macros(QUERY, {macro.name: macro for macro in load_macros(ROOT / "sql")}):
            con.execute(macro.statement)

    def add(self, table: str, **values: Any) -> None:
        columns = ", ".join(values)
        self.con.execute(f"insert into {table} ({columns}) values ({', '.join('?' * len(values))})", [*values.values()])

    def use(self, status: str, date: str | None = "2024-06-15", precision: str = "jour", nature: str = "usage") -> None:
        self.add("core.usages", usage_id="u1", source="cas_usage", cle_source="v1", statut=status, nature=nature,
                 date_entree="2025-01-01")  # fmt: skip
        self.add("core.preuves_usages", preuve_id="t1", source="cas_usage", cle_source="v1", date=date,
                 date_precision=precision if date else None)  # fmt: skip
        self._trace("t1", "cas_usage|v1", "u1")

    def _trace(self, trace: str, key: str, use: str) -> None:
        self.add("core.traces", trace_id=trace, cle=key)
        self.add("core.usages_groupes", usage_id=use, trace_id=trace)

    def case(self, key: str, status: str, date: str | None, use: str = "u1", nature: str = "usage") -> None:
        self.add("staging.cas_usage", id=key, titre=f"Cas {key}", source_url=f"https://a.fr/{key}", statut=status,
                 nature=nature, source_date=date)  # fmt: skip
        self._trace(f"t{key}", f"cas_usage|{key}", use)

    def pair(self, key: str, proposition: str, verdict: str) -> None:
        self.add("core.rapprochements", trace_a=f"t{key}", trace_b="t1", du_registre=True, proposition=proposition,
                 verdict=verdict)  # fmt: skip

    def record(
        self,
        source: str,
        kind: str,
        read: str | None,
        date: str | None = "2026-03-02",
        use: str = "u1",
        declared: str | None = None,
    ) -> None:
        """A record of open data whose text the rules read `read` in, and whose source declares `declared`."""
        self.add("core.candidats", candidat_id=f"c{source}", source=source, cle="1", type_candidat=kind, objet="Objet",
                 url=None, statut=declared or read, statut_declare=declared, date=date)  # fmt: skip
        self._trace(f"c{source}", f"{source}|1", use)

    def decided(self, key: str, status: str, date: str) -> None:
        self.add("core.decisions_usages", cle=key, statut=status, statut_date=date)

    def proposed(self) -> tuple[str, str] | None:
        found = self.con.execute(
            f"select statut_propose, origine_id from ({QUERY}) where objet = 'cas_usage|v1'"
        ).fetchall()
        assert len(found) < 2
        return found[0] if found else None

    def proposal(self) -> str | None:
        found = self.proposed()
        return found and found[0]


@pytest.fixture
def uses() -> Iterator[Uses]:
    with closing(duckdb.connect()) as con:
        yield Uses(con)


ORDER = ["idee", "prevu", "experimentation", "deploye", "termine", "abandonne", "inconnu", "sans_objet"]
FORWARD = {
    ("idee", "prevu"), ("idee", "experimentation"), ("idee", "deploye"), ("idee", "termine"), ("idee", "abandonne"),
    ("prevu", "experimentation"), ("prevu", "deploye"), ("prevu", "termine"), ("prevu", "abandonne"),
    ("experimentation", "deploye"), ("experimentation", "termine"), ("experimentation", "abandonne"),
    ("deploye", "termine"), ("deploye", "abandonne"), ("termine", "deploye"),
    ("inconnu", "experimentation"), ("inconnu", "deploye"), ("inconnu", "termine"), ("inconnu", "abandonne"),
}  # fmt: skip


def test_a_status_never_goes_back(uses: Uses) -> None:
    assert set(ORDER) == set(load_vocabularies(ROOT / "data" / "register")["statut"])
    listed = uses.con.execute("select a, unnest(statut_suites(a)) from (select unnest(?) as a)", [ORDER]).fetchall()
    assert set(listed) == FORWARD and len(listed) == len(FORWARD)


@pytest.mark.parametrize(("known", "told"), [(a, b) for a in ORDER for b in ORDER])
def test_a_newer_case_proposes_what_may_follow_and_nothing_else(uses: Uses, known: str, told: str) -> None:
    uses.use(known)
    uses.case("v2", told, "2025-01-01")
    assert uses.proposal() == (told if (known, told) in FORWARD else None)


@pytest.mark.parametrize(
    ("source", "kind", "read", "said"),
    [
        ("decp", "marche", "inconnu", "prevu"), ("decp", "marche", None, "prevu"),
        ("decp", "marche", "experimentation", "experimentation"), ("decp", "marche", "deploye", "prevu"),
        ("decp", "marche", "termine", "prevu"), ("fonds_vert", "aide", "inconnu", "prevu"),
        ("fonds_vert", "aide", "experimentation", "experimentation"), ("boamp", "avis", "experimentation", "prevu"),
        ("ted", "avis", "deploye", "prevu"), ("aides_territoires", "appel", "deploye", None),
        ("datagouv_catalogue", "jeu_de_donnees", "deploye", None), ("odap", "cas", "deploye", None),
    ],
)  # fmt: skip
def test_a_record_says_what_its_kind_can_say(
    uses: Uses, source: str, kind: str, read: str | None, said: str | None
) -> None:
    uses.add("staging.boamp", avis="1", nature="ATTRIBUTION")
    uses.add("staging.ted", avis="1", type_avis="cn-standard")
    uses.use("idee")
    uses.record(source, kind, read)
    assert uses.proposal() == said


@pytest.mark.parametrize(
    "known", ["prevu", "inconnu", "experimentation", "deploye", "termine", "abandonne", "sans_objet"]
)
def test_a_contract_makes_an_idea_decided_and_says_nothing_of_what_is_further(uses: Uses, known: str) -> None:
    uses.use(known)
    uses.record("decp", "marche", "deploye")
    assert uses.proposal() is None


@pytest.mark.parametrize("known", ["prevu", "inconnu"])
def test_a_contract_for_a_trial_says_a_trial(uses: Uses, known: str) -> None:
    uses.use(known)
    uses.record("decp", "marche", "experimentation")
    assert uses.proposal() == "experimentation"


@pytest.mark.parametrize(
    ("source", "facts"),
    [
        ("boamp", {"avis": "1", "nature": "ANNULATION"}), ("boamp", {"avis": "1", "nature": "RECTIFICATIF"}),
        ("boamp", {"avis": "1", "nature": None}), ("ted", {"avis": "1", "type_avis": "pin-only"}),
        ("ted", {"avis": "1", "type_avis": None}), ("ted", {"avis": "2", "type_avis": "cn-standard"}),
    ],
)  # fmt: skip
def test_a_notice_that_is_no_purchase_says_nothing(uses: Uses, source: str, facts: dict[str, Any]) -> None:
    uses.add(f"staging.{source}", **facts)
    uses.use("idee")
    uses.record(source, "avis", "inconnu")
    assert uses.proposal() is None


def test_the_catalogue_says_the_status_it_declares(uses: Uses) -> None:
    uses.use("experimentation")
    uses.record("pstw", "cas", "deploye", declared="termine")
    uses.add("core.pstw_france", candidat_id="cpstw")
    assert uses.proposal() == "termine"


def test_a_case_whose_catalogue_declares_no_status_says_nothing(uses: Uses) -> None:
    uses.use("experimentation")
    uses.record("pstw", "cas", "deploye")
    uses.add("core.pstw_france", candidat_id="cpstw")
    assert uses.proposal() is None


def test_what_an_analyst_decided_of_a_record_is_what_it_says(uses: Uses) -> None:
    uses.use("prevu")
    uses.record("decp", "marche", "inconnu")
    uses.decided("decp|1", "deploye", "2026-05-01")
    assert uses.proposal() == "deploye"


@pytest.mark.parametrize(
    ("date", "precision", "evidence", "newer"),
    [
        ("2024-06-15", "jour", "2024-06-16", True), ("2024-06-15", "jour", "2024-06-15", False),
        ("2024-01-01", "annee", "2024-12-31", False), ("2024-01-01", "annee", "2025-01-01", True),
        ("2024-02-01", "mois", "2024-02-29", False), ("2024-02-01", "mois", "2024-03-01", True),
        (None, "", "2025-01-01", False), (None, "", "2025-01-02", True),  # the case came in on 2025-01-01
        ("2024-06-15", "jour", None, False),
    ],
)  # fmt: skip
def test_evidence_must_surely_be_newer(
    uses: Uses, date: str | None, precision: str, evidence: str | None, newer: bool
) -> None:
    uses.use("prevu", date, precision)
    uses.case("v2", "deploye", evidence)
    assert uses.proposal() == ("deploye" if newer else None)


def test_a_decision_is_contradicted_by_what_came_after_it_only(uses: Uses) -> None:
    uses.use("experimentation")
    uses.decided("cas_usage|v1", "experimentation", "2025-06-01")
    uses.case("v2", "deploye", "2025-05-31")
    assert uses.proposal() is None
    uses.case("v3", "deploye", "2025-06-02")
    assert uses.proposed() == ("deploye", "cas_usage|v3")


def test_the_newest_word_speaks_and_an_earlier_stage_hides_none(uses: Uses) -> None:
    uses.use("experimentation")
    uses.case("v2", "deploye", "2025-01-01")
    uses.case("v3", "prevu", "2026-01-01")
    assert uses.proposed() == ("deploye", "cas_usage|v2")
    uses.case("v4", "abandonne", "2025-03-01")
    assert uses.proposed() == ("abandonne", "cas_usage|v4")
    uses.case("v5", "experimentation", "2025-06-01")
    assert uses.proposed() is None, "it is said again to be a trial"
    uses.case("v6", "deploye", "2025-06-01")
    assert uses.proposed() == ("deploye", "cas_usage|v6"), "of two on one day, the one that goes further"


@pytest.mark.parametrize(
    ("proposition", "verdict", "told"),
    [
        ("meme_usage", "a_examiner", "deploye"), ("meme_usage", "distincts", None), ("meme_usage", "meme_projet", None),
        ("a_examiner", "a_examiner", None),
    ],
)  # fmt: skip
def test_a_row_of_the_register_speaks_unless_it_is_another_use(
    uses: Uses, proposition: str, verdict: str, told: str | None
) -> None:
    uses.use("experimentation")
    uses.case("v2", "deploye", "2025-01-01", use="u2")
    assert uses.proposal() is None
    uses.pair("v2", proposition, verdict)
    assert uses.proposal() == told


def test_a_record_of_another_use_and_a_plan_say_nothing(uses: Uses) -> None:
    uses.use("idee")
    uses.record("decp", "marche", "inconnu", use="u2")
    uses.case("v2", "deploye", "2025-01-01", nature="programme")
    assert uses.proposal() is None


def test_a_plan_has_no_status_to_propose(uses: Uses) -> None:
    uses.use("experimentation", nature="programme")
    uses.case("v2", "deploye", "2025-01-01")
    assert uses.proposal() is None


def contract(number: int, buyer: str, subject: str) -> dict[str, Any]:
    """A contract in the official format: DONNÉES FICTIVES."""
    return {
        "id": f"2026FICTIF{number}", "acheteur": {"id": buyer}, "nature": "Marché", "objet": f"DONNEES FICTIVES - {subject}",
        "codeCPV": "72000000-5", "procedure": "Appel d'offres ouvert", "dureeMois": 12, "dateNotification": "2026-03-02",
        "datePublicationDonnees": "2026-03-20", "montant": 90000.0,
        "titulaires": [{"titulaire": {"typeIdentifiant": "SIRET", "id": "12345678900023"}}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def bought(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The register, and two invented contracts that tell of v044 (an idea) and of v030 (a trial)."""
    settings = copy_project(tmp_path_factory.mktemp("marches"))
    contracts = [
        contract(1, "23750007900312", "Assistant d'intelligence artificielle pour l'orientation des habitants vers les aides "
                 "régionales et la recherche d'actes"),
        contract(2, "21440109300015", "Prévision par intelligence artificielle du nombre de repas des cantines scolaires"),
    ]  # fmt: skip
    file: Path = settings.project / "marches.json"
    file.write_text(json.dumps({"marches": {"marche": contracts}}), encoding="utf-8")
    pipeline.ingest_one(settings, "decp_2022", file, None, "essai")
    pipeline.refresh(settings)
    return settings


def test_a_contract_is_evidence_without_an_address(bought: Settings) -> None:
    release = current_release(bought)
    assert release is not None
    found = asked(
        f"select u.cle_source, p.url, p.type_source, p.lien_actif from '{release.path}/preuves.parquet' as p inner join "
        f"'{release.path}/usages.parquet' as u using (usage_id) where p.source = 'decp_2022' order by 1"
    )
    assert found == [("v030", None, "primaire", None), ("v044", None, "primaire", None)]


def test_the_proposals_of_the_real_register(bought: Settings) -> None:
    """v069 (IssyGPT, in service) stays: its telephone version, told by a newer article (v141), is in test."""
    told = {
        row["cle"]: (row["statut"], row["statut_propose"], row["preuve_nature"]) for row in proposed_statuses(bought)
    }
    assert told == {
        "cas_usage|v030": ("experimentation", "deploye", "cas du registre"),
        "cas_usage|v044": ("idee", "prevu", "marché notifié"),
    }
    rows = [dict(zip(FIELDS, row, strict=True)) for row in doubts(bought)]
    of = {row["cle"]: row for row in rows if row["objet_type"] == "statut" and "plus récente" in (row["raison"] or "")}
    assert of.keys() == told.keys()
    assert (of["cas_usage|v044"]["candidats"] or "").startswith("prevu (marché notifié decp_2022|")
    assert of["cas_usage|v030"]["raison"] == (
        "une preuve plus récente dit un autre statut ; les codeurs ne sont pas d'accord"
    ), "coders who disagree do not hide it"
