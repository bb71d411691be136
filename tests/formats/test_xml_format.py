"""XML: records as a stream, repeated elements as lists, no entity ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from observatoire.formats import FormatRefused, xml_records
from observatoire.sources.spec import XmlFormat

XML = {"name": "xml", "records": "marches.marche"}


def test_nested_repeated_and_absent_elements(read: Callable[..., Any]) -> None:
    document = """<?xml version="1.0" encoding="UTF-8"?>
    <marches xmlns:d="urn:x"><!-- note --><autre><id>0</id></autre>
      <marche n="1"><id> A&amp;1 </id><acheteur><id>21</id></acheteur><t><x>1.10</x><x>2</x></t><vide/></marche>
      <d:marche><id><![CDATA[<b>]]></id><acheteur><id>22</id><nom>É</nom></acheteur><t><x k="v">3</x></t></d:marche>
    </marches>"""
    columns = ("id", "@n", "acheteur.id", "acheteur", "t.x", {"name": "vide", "optional": True}, "t")
    assert read(document, XML, columns).rows == [
        (1, "A&1", "1", "21", '{"id":"21"}', '["1.10","2"]', None, '{"x":["1.10","2"]}'),
        (2, "<b>", None, "22", '{"id":"22","nom":"É"}', '{"#text":"3","@k":"v"}', None, '{"x":{"#text":"3","@k":"v"}}'),
    ]


def test_a_list_of_one_is_a_list_when_declared(read: Callable[..., Any]) -> None:
    document = "<marches><marche><t><x>1</x></t></marche><marche><t><x>1</x><x>2</x></t></marche></marches>"
    form = {**XML, "lists": ["t.x"]}
    assert read(document, form, ("t.x",)).rows == [(1, '["1"]'), (2, '["1","2"]')]


def test_two_kinds_of_records(read: Callable[..., Any]) -> None:
    document = "<m><a><id>1</id></a><b><id>2</id></b><a><id>3</id></a></m>"
    form = {"name": "xml", "records": ["m.a", "m.b"]}
    assert read(document, form, ("id",)).rows == [(1, "1"), (2, "2"), (3, "3")]


def test_a_record_inside_a_record_is_its_field(read: Callable[..., Any]) -> None:
    document = "<m><m><id>1</id><m><id>2</id></m></m></m>"
    assert read(document, {"name": "xml", "records": "m.m"}, ("id", "m.id")).rows == [(1, "1", "2")]


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_encodings_that_the_document_declares(read: Callable[..., Any], encoding: str) -> None:
    document = f'<?xml version="1.0" encoding="{encoding}"?><marches><marche><id>é</id></marche></marches>'
    assert read(document.encode(encoding), XML, ("id",)).rows == [(1, "é")]


def test_many_records_cross_blocks_and_batches(read: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_records, "BLOCK", 7)
    monkeypatch.setattr(xml_records, "BATCH", 3)
    document = "<marches>" + "".join(f"<marche><id>é{n}</id></marche>" for n in range(10)) + "</marches>"
    assert read(document, XML, ("id",)).rows == [(n + 1, f"é{n}") for n in range(10)]


BOMB = '<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><marches><marche><id>&b;</id></marche></marches>'
FILE = '<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/hostname">]><marches><marche><id>&a;</id></marche></marches>'


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (BOMB, "déclare des entités"),
        (FILE, "déclare des entités"),
        ('<!DOCTYPE m [<!ENTITY % p SYSTEM "http://x/">%p;]><marches/>', "déclare des entités"),
        ("<marches><marche><id>1</id></marche>", "XML illisible à la ligne 1, colonne 37"),
        ("<marches>\n<marche></autre></marches>", "XML illisible à la ligne 2"),
        ("", "XML illisible à la ligne 1"),
        ("id;nom\n", "XML illisible"),
        ('<?xml version="1.0" encoding="inconnu"?><marches/>', "XML illisible"),
        ("<marches/>", "aucun élément « marches.marche »"),
        ("<autre><marche><id>1</id></marche></autre>", "aucun élément « marches.marche »"),
        ("<marches><marche><idd>1</idd></marche></marches>", "colonne « id » absente (trouvé « idd »)"),
    ],
)
def test_what_is_refused(refusal: Callable[..., FormatRefused], document: str, says: str) -> None:
    assert says in str(refusal(document, XML, ("id",)))


def test_the_official_example(shared: Path) -> None:
    form = XmlFormat(name="xml", records="marches.marche", lists=("titulaires.titulaire",))
    found = list(xml_records.records(shared / "deliveries/decp-formats/Marche.xml", form))
    assert [(record["id"], record["acheteur"]["id"]) for record in found] == [("TEST2022", "21750001630040")] * 2
    assert found[0]["titulaires"] == {"titulaire": [{"id": "55204599900869", "typeIdentifiant": "SIRET"}]}
    assert found[0]["techniques"] == {"technique": ["Concours", "Accord-cadre"]}
    assert json.dumps(found[0]) == json.dumps(found[1])
