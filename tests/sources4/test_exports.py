"""Opendatasoft portals: notices of the BOAMP and the ministry's contracts, by an export that asks only for what is new."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from observatoire import cli_output
from observatoire.archive import Archive
from observatoire.errors import FetchFailed
from observatoire.ingest import Ingested, deliveries_in_use, ingest_source
from observatoire.pipeline import Report, load_all_sources
from observatoire.protocols import fetch
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.state import read_journal
from tests.helpers import Warehouse
from tests.servers import Answer, Seen, Server

BOAMP = "https://boamp-datadila.opendatasoft.com/api/explore/v2.1/catalog/datasets/boamp"
DECP = "https://data.economie.gouv.fr/api/explore/v2.1/catalog/datasets/decp-2022-marches-valides"


DATES = {"dateparution", "datenotification", "datepublicationdonnees"}
Test = Callable[[str, str], bool]
# What the documentation of ODSQL (Explore v2.1) gives for a field of dates, then for a field of text.
PREDICATES: list[tuple[str, bool, Test]] = [
    (r"(?P<field>\w+) >= date'(?P<value>\d{4}-\d{2}-\d{2})'", True, lambda held, value: held >= value),
    (r'startswith\((?P<field>\w+), "(?P<value>[^"]*)"\)', False, lambda held, value: held.startswith(value)),
]


class Refused(Exception):
    """The portal answers 400."""


@dataclass
class Portal:
    """The Explore API v2.1 over one data set: /records in pages of at most 100 and not beyond 10,000, /exports whole.

    `where` knows the documented conditions that our sources write, joined by « or »: a date not before another, a text that
    begins like another. Anything else is a 400: a comparison of texts, a function on another type of field, a field that the
    data set does not have; and what `refuses` names, for a portal that would know less.
    """

    records: list[dict[str, Any]]
    asked: list[dict[str, str]] = field(default_factory=list)
    refuses: str = "\0"

    def __call__(self, seen: Seen) -> Answer:
        path, query = urlsplit(seen.path).path, urlsplit(seen.path).query
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        self.asked.append(asked)
        names = asked.get("select", ",".join(self.records[0])).split(",")
        try:
            if unknown := set(names) - self.records[0].keys():
                raise Refused(f"Unknown field {unknown}")
            tests = [self.condition(text) for text in asked["where"].split(" or ")]
        except Refused as error:
            return Answer(400, json.dumps({"error_code": "ODSQLError", "message": str(error)}).encode())
        found = [{name: item[name] for name in names} for item in self.records if any(test(item) for test in tests)]
        if path.endswith("/records"):
            return self.page(found, asked)
        if path.endswith("/exports/parquet"):
            out = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(found, pa.schema([(name, pa.string()) for name in names])), out)
            return Answer(body=out.getvalue())
        assert path.endswith("/exports/jsonl"), path
        return Answer(body="".join(json.dumps(item) + "\n" for item in found).encode())

    def condition(self, text: str) -> Callable[[Mapping[str, Any]], bool]:
        """What one condition tells of a record. Raises Refused."""
        for pattern, of_dates, test in PREDICATES:
            if (said := re.fullmatch(pattern, text)) and self.refuses not in text:
                name, value = said["field"], said["value"]
                if name not in self.records[0] or (name in DATES) is not of_dates:
                    raise Refused(f"{name}: no such field of that type")
                return lambda item: test(str(item[name] or ""), value)
        raise Refused(f"syntax error: {text}")

    def page(self, found: list[dict[str, Any]], asked: Mapping[str, str]) -> Answer:
        limit, offset = int(asked.get("limit", 10)), int(asked.get("offset", 0))
        if limit > 100 or offset + limit > 10_000:
            return Answer(400, b'{"error_code": "InvalidRESTParameterError"}')
        return Answer(body=json.dumps({"total_count": len(found), "results": found[offset : offset + limit]}).encode())


def notice(number: int, date: str = "2026-01-05", **fields: Any) -> dict[str, Any]:
    return {
        "idweb": f"26-{number}", "objet": f"Avis {number}", "dateparution": date, "nomacheteur": "Ville d'Exempleville",
        "code_departement": ["59", "62"], "descripteur_code": ["163"], "descripteur_libelle": ["Informatique"],
        "type_marche": ["SERVICES"], "nature": "APPEL_OFFRE", "url_avis": f"https://www.boamp.fr/avis/26-{number}",
        "donnees": '{"CONTACT": "Jeanne Dupont, jeanne.dupont@example.org"}', **fields,
    }  # fmt: skip


BUYER = "21590328700013"


def contract(number: int, published: str = "2026-01-05", **fields: Any) -> dict[str, str | None]:
    source = json.loads(json.dumps({
        "id": f"2025A{number}", "acheteur_id": BUYER, "nature": "Marché", "objet": f"Comptage de vélos {number}",
        "codecpv": "72000000-5", "procedure": "Procédure adaptée", "techniques": "Sans objet", "dureemois": "12",
        "datenotification": "2025-12-01", "datepublicationdonnees": published, "montant": "50000.0",
        "titulaire_id_1": "55204599900869", "titulaire_id_2": "CDL", "titulaire_id_3": None, "idaccordcadre": "CDL",
        "marcheinnovant": "0", "source": "data.gouv.fr_pes", "idmodification": "CDL", "montantmodification": "CDL",
        "dureemoismodification": "CDL", "datenotificationmodificationmodification": "CDL",
        "datepublicationdonneesmodificationmodification": "CDL", "idsoustraitant": "JEANNE DUPONT",
    }))  # fmt: skip
    return {**source, **fields}


@pytest.fixture
def served(project: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Settings, Server]]:
    """A server, and a clock that advances by a day each time a source is asked."""
    days = itertools.count(1)
    monkeypatch.setattr("observatoire.ingest.now", lambda: f"2026-06-{next(days):02}T00:00:00Z")
    with Server() as server:
        yield replace(project, mirror_url=server.url), server


def take(settings: Settings, name: str) -> Ingested:
    source = load_all_sources(settings)[name]
    arrival = source.arrival.model_copy(update={"bytes_min": 1})
    [result] = ingest_source(settings, source.model_copy(update={"arrival": arrival}))
    return result


def built(settings: Settings, *names: str) -> Warehouse:
    warehouse = Warehouse(settings)
    warehouse.build(*names)
    return warehouse


def test_notices_come_whole_by_the_export_and_without_contacts(served: tuple[Settings, Server]) -> None:
    settings, server = served
    portal = Portal([notice(n) for n in range(12_000)])
    server.route(f"{BOAMP}/exports/jsonl", portal)
    assert take(settings, "boamp").outcome == "nouvelle"
    assert len(portal.asked) == 1, "beyond 10,000 in one request"
    assert portal.asked[0]["where"] == "dateparution >= date'2024-01-01'"
    [delivery] = deliveries_in_use(settings, load_all_sources(settings)["boamp"])
    text = Archive(settings.raw).object_path(delivery.sha256).read_text(encoding="utf-8")
    assert text.count("\n") == 12_000 and "Dupont" not in text
    found = built(settings, "staging.boamp").rows("select * exclude (_livraison) from staging.boamp where _ligne = 7")
    assert found == [(
        "26-6", "Ville d'Exempleville", "Avis 6", "APPEL_OFFRE", "https://www.boamp.fr/avis/26-6", ["59", "62"], ["163"],
        ["Informatique"], found[0][8], 7,
    )]  # fmt: skip
    assert str(found[0][8]) == "2026-01-05"


def test_only_new_notices_are_asked_and_a_corrected_one_replaces_the_former(served: tuple[Settings, Server]) -> None:
    settings, server = served
    portal = Portal([notice(1), notice(2, "2026-02-10"), notice(3, "2000-01-01")])
    server.route(f"{BOAMP}/exports/jsonl", portal)
    assert take(settings, "boamp").outcome == "nouvelle"
    portal.records += [notice(4, "2026-02-11")]
    portal.records[1] = notice(2, "2026-02-10", objet="Voir a.b@exemple.fr ou 03 20 49 50 00")
    assert take(settings, "boamp").outcome == "nouvelle"
    assert take(settings, "boamp").outcome == "inchangée"
    assert [asked["where"][-11:-1] for asked in portal.asked] == ["2024-01-01", "2026-02-03", "2026-02-04"]
    found = built(settings, "staging.boamp").rows("select avis, objet from staging.boamp order by avis")
    assert found == [("26-1", "Avis 1"), ("26-2", "Voir [adresse retirée] ou [téléphone retiré]"), ("26-4", "Avis 4")]


def test_notices_that_cannot_be_judged_are_set_aside(served: tuple[Settings, Server]) -> None:
    settings, server = served
    rows = [notice(1), notice(1), notice(2, objet=""), notice(3, "1970-01-01"), notice(4, code_departement="75")]
    server.script(f"{BOAMP}/exports/jsonl", Answer(body="".join(json.dumps(row) + "\n" for row in rows).encode()))
    assert take(settings, "boamp").outcome == "nouvelle"
    warehouse = built(settings, "staging.boamp")
    assert warehouse.rows("select _ligne, _motifs from staging._boamp where _motifs <> [] order by 1") == [
        (2, ["idweb : « 26-1 » répété"]), (3, ["objet : vide"]),
    ]  # fmt: skip
    found = warehouse.rows("select avis, departements, date_parution::varchar from staging.boamp order by 1")
    assert found[1:] == [("26-3", ["59", "62"], None), ("26-4", ["75"], "2026-01-05")], "a sentinel is no date"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(400, b'{"error_code": "ODSQLError"}'), "a répondu 400"),
        (Answer(429, headers={"Retry-After": "0"}), "a répondu 429"),
        (Answer(body=b""), "réponse vide"),
        (Answer(body=b'{"error_code": "Timeout"}\n'), "colonne « idweb » absente"),
        (Answer(body=json.dumps(notice(1)).encode() * 3, cut_at=300), "tronqué"),
        (Answer(body=b'{"idweb": "1", "obj'), "ne sont pas des objets JSON"),
    ],
)
def test_a_failed_export_keeps_the_last_good_one_and_says_so(
    served: tuple[Settings, Server], monkeypatch: pytest.MonkeyPatch, answer: Answer, said: str
) -> None:
    settings, server = served
    monkeypatch.setattr("observatoire.protocols.http_rules.BACKOFF", 0.0)
    server.route(f"{BOAMP}/exports/jsonl", Portal([notice(1)]))
    first = take(settings, "boamp")
    server.script(f"{BOAMP}/exports/jsonl", answer)
    result = take(settings, "boamp")
    assert result.degraded and said in str(result.message) and "\n" not in str(result.message)
    [used] = deliveries_in_use(settings, load_all_sources(settings)["boamp"])
    assert first.delivery and used.sha256 == first.delivery.sha256


@pytest.mark.parametrize(("count", "size", "said"), [(10_050, 100, "n'en donne que 10000"), (150, 101, "400")])
def test_pages_of_records_stop_at_the_limits_of_the_portal(
    served: tuple[Settings, Server], tmp_path: Path, count: int, size: int, said: str
) -> None:
    """Why the export is asked: /records refuses a page of 101, and what lies beyond 10,000."""
    settings, server = served
    portal = Portal([notice(n) for n in range(count)])
    server.route(f"{BOAMP}/records", portal)
    boamp = load_all_sources(settings)["boamp"]
    protocol = {
        "name": "paged_api", "url": f"{BOAMP}/records", "params": {"where": "dateparution >= date'{since}'"},
        "records": "results", "total": "total_count", "rate": 50, "since": {"column": "dateparution", "start": "2024-01-01"},
        "pagination": {"kind": "offset", "param": "offset", "size_param": "limit", "size": size},
    }  # fmt: skip
    source = Source(**{**boamp.model_dump(), "protocol": protocol})
    with pytest.raises(FetchFailed, match=said):
        fetch(source, settings, vintage=None, previous=None, folder=tmp_path / "recu")
    assert len(portal.asked) == 1
    portal.records = portal.records[:150]
    small = Source(
        **{**source.model_dump(), "protocol": {**protocol, "pagination": {**protocol["pagination"], "size": 100}}}
    )
    assert fetch(small, settings, vintage=None, previous=None, folder=tmp_path / "recu")
    assert [asked.get("offset") for asked in portal.asked[1:]] == ["0", "100"]


def test_the_ministrys_export_is_read_in_place_row_by_modification(served: tuple[Settings, Server]) -> None:
    settings, server = served
    first = contract(1)
    changed = contract(
        1, idmodification="1", montantmodification="60000.0", dureemoismodification="18",
        datenotificationmodificationmodification="2026-02-01", datepublicationdonneesmodificationmodification="2026-02-02",
    )  # fmt: skip
    portal = Portal(
        [first, changed, changed, contract(2, titulaire_id_2="HORS-UE JEANNE DUPONT"), contract(3, montant="CDL")]
    )
    server.route(f"{DECP}/exports/parquet", portal)
    assert take(settings, "decp_officiel").outcome == "nouvelle"
    warehouse = built(settings, "core.contrats")
    found = warehouse.rows(
        "select substr(contrat_cle, 15) as id, montant::integer, montant_motif, duree_mois, nb_titulaires, nb_lignes, "
        "date_notification::varchar, source from core.contrats order by id"
    )
    assert found == [
        ("2025A1", 60_000, None, 18, 1, 3, "2025-12-01", "decp_officiel"),
        ("2025A2", 50_000, None, 12, 2, 1, "2025-12-01", "decp_officiel"),
        ("2025A3", None, "absent", 12, 1, 1, "2025-12-01", "decp_officiel"),
    ]
    history = (
        "select version, lignes, date_notification::varchar from core.contrats_versions where contrat_cle like '%A1'"
    )
    assert warehouse.rows(f"{history} order by 1") == [(0, 1, "2025-12-01"), (1, 2, "2026-02-01")]
    everything = str(warehouse.rows("select * from staging.decp_officiel")) + str(
        warehouse.rows("select * from core.contrats")
    )
    assert "DUPONT" not in everything
    archived = b"".join(path.read_bytes() for path in (settings.raw / "objects").rglob("*") if path.is_file())
    assert b"idsoustraitant" not in archived, "subcontractors are not even received"


def test_the_ministrys_export_asks_for_what_is_new_with_an_overlap(served: tuple[Settings, Server]) -> None:
    settings, server = served
    portal = Portal([contract(1), contract(2, "2026-03-05")])
    server.route(f"{DECP}/exports/parquet", portal)
    assert take(settings, "decp_officiel").outcome == "nouvelle"
    portal.records = [contract(2, "2026-03-05", montant="1.0"), contract(3, "2026-03-06")]
    assert take(settings, "decp_officiel").outcome == "nouvelle"
    portal.records[1]["datepublicationdonnees"] = "2020-01-01"
    portal.records[0]["datepublicationdonnees"] = "2020-01-01"
    assert take(settings, "decp_officiel").outcome == "inchangée", "an empty export is nothing new"
    since = [re.match(r"datepublicationdonnees >= date'(.{10})' or ", asked["where"]) for asked in portal.asked]
    assert [found and found[1] for found in since] == ["2024-01-01", "2026-02-03", "2026-02-04"]
    rows = built(settings, "staging.decp_officiel").rows(
        "select substr(uid, 15), montant::integer from staging.decp_officiel order by 1"
    )
    assert rows == [("2025A1", 50_000), ("2025A2", 1), ("2025A3", 50_000)]


def test_two_increments_that_number_their_records_alike_stay_apart(served: tuple[Settings, Server]) -> None:
    """Line 1 of each delivery is another contract: each keeps its own texts."""
    settings, server = served
    portal = Portal([contract(1, objet="Voirie"), contract(2, "2026-03-05", objet="Piscine")])
    server.route(f"{DECP}/exports/parquet", portal)
    take(settings, "decp_officiel")
    portal.records = [contract(2, "2026-03-05", objet="Piscine couverte"), contract(3, "2026-03-06", objet="Musée")]
    take(settings, "decp_officiel")
    warehouse = built(settings, "core.contrats")
    found = warehouse.rows("select substr(contrat_cle, 15), objet, _ligne from core.contrats order by 1")
    assert found == [("2025A1", "Voirie", 1), ("2025A2", "Piscine couverte", 1), ("2025A3", "Musée", 2)]


def changed(number: int, published: str, **fields: Any) -> dict[str, str | None]:
    """A later modification of a contract of 2022, with the date of publication of the contract and its own."""
    return contract(
        number, "2022-06-01", datenotification="2022-05-01", idmodification="1", montantmodification="60000.0",
        datenotificationmodificationmodification="2026-02-20", datepublicationdonneesmodificationmodification=published,
        **fields,
    )  # fmt: skip


def test_a_later_change_of_an_old_contract_is_seen(served: tuple[Settings, Server]) -> None:
    """Nothing but its own date, which is text, tells that it is new."""
    settings, server = served
    portal = Portal([contract(1), contract(8, "2022-06-01"), changed(9, "2023-12-31")])
    server.route(f"{DECP}/exports/parquet", portal)
    assert take(settings, "decp_officiel").message is None
    portal.records += [changed(2, "2026-03-01"), changed(3, "2025-11-30")]
    assert take(settings, "decp_officiel").message is None
    assert len(portal.asked) == 2, "neither was refused"
    found = built(settings, "core.contrats").rows(
        "select substr(contrat_cle, 15), montant::integer, date_notification::varchar from core.contrats order by 1"
    )
    assert found == [("2025A1", 50_000, "2025-12-01"), ("2025A2", 60_000, "2022-05-01")]


@pytest.mark.parametrize("refuses", ["startswith", "datepublicationdonneesmodificationmodification"])
def test_a_portal_that_refuses_to_search_texts_still_gives_what_is_new(
    served: tuple[Settings, Server], refuses: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, server = served
    portal = Portal([contract(1), changed(2, "2026-03-01")], refuses=refuses)
    server.route(f"{DECP}/exports/parquet", portal)
    result = take(settings, "decp_officiel")
    assert (result.outcome, result.degraded) == ("nouvelle", False)
    assert result.message == (
        "decp_officiel : condition élargie refusée par le serveur, demandé sans elle : les modifications récentes d'anciens "
        "marchés ne sont pas vues. Vérifier « wider » dans observatoire/sources/decp_officiel.yml."
    )
    assert result.told() == f"decp_officiel : livraison nouvelle, 1 enregistrement. {result.message}"
    report = Report("2026-06-01-00000000", False, ingested=[result])
    cli_output.report(report, json=False)
    assert f"À regarder : {result.message}" in capsys.readouterr().out and report.exit_code == 0
    assert read_journal(settings)[-1]["message"] == result.message
    found = built(settings, "staging.decp_officiel").rows("select substr(uid, 15) from staging.decp_officiel")
    assert found == [("2025A1",)]


@pytest.mark.parametrize(
    "where",
    [
        'datepublicationdonneesmodificationmodification >= "2026-01-01"',
        "datepublicationdonneesmodificationmodification >= date'2026-01-01'",
        'startswith(datepublicationdonnees, "2026")',
    ],
)
def test_what_the_documentation_does_not_give_is_refused(where: str) -> None:
    """So that the portal of these tests cannot be kinder than the real one: texts are not compared, dates do not begin."""
    portal = Portal([contract(1)])
    assert portal(Seen("GET", f"/{DECP}/exports/parquet?{urlencode({'where': where})}", {}, b"")).status == 400
