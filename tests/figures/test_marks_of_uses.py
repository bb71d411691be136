"""What is held against a use in the figures: coders who deny its AI, a site that nobody classified."""

from __future__ import annotations

from observatoire.quality.spec import load_table_specs
from observatoire.review.cases import add_cases
from observatoire.settings import Settings
from tests.helpers import Warehouse, edit_csv, ingest_register, read_csv, write_csv
from tests.review.conftest import CODED, decide

DAY, OLD, NEW = "2026-11-24", "2026-11-23/1", "2026-11-24/1"


def marked(settings: Settings, mark: str) -> list[str]:
    """The cases whose use bears the mark."""
    ingest_register(settings)
    warehouse = Warehouse(settings)
    warehouse.build("core.usages_figures")
    query = (
        f"select u.cle_source from core.usages_figures as f inner join core.usages as u using (usage_id) where f.{mark}"
    )
    return sorted(key for (key,) in warehouse.rows(query))


def test_ai_is_denied_by_two_coders_at_least_all_of_them_with_the_newest_codebook(project: Settings) -> None:
    said = [
        ("v001", "A", "false", NEW), ("v001", "B", "false", NEW),  # denied
        ("v002", "A", "false", NEW), ("v002", "B", "true", NEW),  # they disagree
        ("v003", "A", "false", NEW),  # one coder alone
        ("v004", "A", "false", NEW), ("v004", "B", "false", NEW),  # an analyst has decided since
        ("v005", "A", "false", OLD), ("v005", "B", "false", OLD),  # an older codebook
    ]  # fmt: skip
    records = [(key, "ia_explicite", coder, value, f"codeur {coder}", DAY, guide) for key, coder, value, guide in said]
    rows = [dict(zip(CODED, record, strict=True)) for record in records]
    write_csv(project.register / "codages.csv", rows, CODED)
    decide(project, ("detection", "cas_usage|v004", "oui", "oui", "A", DAY))
    assert marked(project, "ia_contredite") == ["v001"]
    assert marked(project, "ia_lue") == ["v001", "v002", "v004"], (
        "two coders and the newest codebook, whatever they say"
    )
    warehouse = Warehouse(project)
    warehouse.build("core.indicateurs_mentions")
    ((said,),) = warehouse.rows("select mention from core.indicateurs_mentions where indicateur_id = 'REG-USA'")
    ((uses,),) = warehouse.rows("select count(*) from core.usages where confirme")
    ((read,),) = warehouse.rows("select count(*) from core.usages_figures where confirme and ia_lue")
    assert f"(table codages)\u00a0: 1 sur {read}." in said and 0 < read <= 3
    assert f"pas encore lus\u00a0: {uses - read}." in said


def test_a_use_attested_otherwise_is_not_held_for_unclassified(project: Settings) -> None:
    """v001 and v002 are one use, of two sites; v003 has a site of its own that nobody classified."""
    before = marked(project, "non_classe")
    sites = {"numerique360.banquedesterritoires.fr", "banquedesterritoires.fr", "smartcitymag.fr"}
    rows = [row for row in read_csv(project.register / "hotes.csv") if row["hote"] not in sites]
    write_csv(project.register / "hotes.csv", rows)
    decide(project, ("fusion", "cas_usage|v001 + cas_usage|v002", "", "meme_usage", "A", DAY))
    after = marked(project, "non_classe")
    assert not {"v001", "v002", "v003"} & set(before)
    assert "v003" in after and not {"v001", "v002"} & set(after)


def test_why_a_use_is_not_confirmed_is_said_in_words(project: Settings) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        rows[0].update(nature="plan_ou_charte", statut="sans_objet")
        rows[1].update(nature="programme", ia_explicite="false", statut="idee")
        rows[2].update(statut="prevu")

    edit_csv(project.register / "cas_usage.csv", change)
    ingest_register(project)
    warehouse = Warehouse(project)
    warehouse.build("core.usages")
    said = dict(warehouse.rows("select cle_source, motif_exclusion from core.usages"))
    assert [said[key] for key in ("v001", "v002", "v003")] == [
        "nature : plan ou charte", "nature : programme de soutien ; IA non explicite ; statut : idée", "statut : prévu",
    ]  # fmt: skip


def test_a_name_that_nothing_identifies_is_counted_where_it_belongs(project: Settings) -> None:
    """A commune of Isère that the embedded reference does not hold, and a département whose place is not said. DONNÉES FICTIVES."""
    common = {
        "theme": "eau", "finalite_environnementale": "true", "technique": "predictif", "statut": "experimentation",
        "nature": "usage", "ia_explicite": "true", "source_url": "https://exemple.fr/essai", "confiance": "haute",
    }  # fmt: skip
    commune = {
        "collectivite": "Grenoble",
        "type_collectivite": "commune",
        "departement_ou_region": "Isère",
        "titre": "A",
    }
    county = {"collectivite": "Département des Essais", "type_collectivite": "departement", "titre": "B"}
    put = add_cases(project, [commune | common, county | common], "C. Exemple", "Essai", "2026-11-28")
    assert put.faults == []
    ingest_register(project)
    warehouse = Warehouse(project)
    warehouse.build("core.indicateurs_mentions", "curated.usages")
    found = warehouse.rows(
        "select code, ventilation, modalite, n_non_resolus, n_non_situes, mention from core.indicateurs "
        "inner join core.indicateurs_mentions using (indicateur_id) where code in ('REG-COL', 'REG-COUV')"
    )
    cells = {(code, modality): (number, unknown) for code, _, modality, number, unknown, _ in found if number}
    regions = {modality for _, breakdown, modality, *_ in found if breakdown == "region"}
    small = ("[0 ; 3 500[", "[3 500 ; 10 000[", "[10 000 ; 100 000[", "[100 000 ; +[")
    assert len(regions) > 10 and cells == {
        ("REG-COL", ""): (2, 0),
        ("REG-COL", "commune"): (1, 0),
        ("REG-COL", "departement"): (1, 0),
        ("REG-COL", "département"): (1, 0),
        ("REG-COUV", "departement × département"): (1, 0),
        **{("REG-COL", region): (1 + (region == "84"), 1) for region in regions},
        **{("REG-COL", stratum): (1, 1) for stratum in small},
        **{("REG-COUV", f"commune × {stratum}"): (1, 1) for stratum in small},
    }
    said = {(code, modality): mention for code, _, modality, _, _, mention in found}
    assert "reconnus, comptés à part\u00a0: 2." in said["REG-COL", ""] and "rien ne dit" not in said["REG-COL", ""]
    assert "rien ne dit la strate" in said["REG-COL", small[0]] and "à part" not in said["REG-COL", small[0]]
    assert "à part\u00a0: 1." in said["REG-COL", "84"] and "rien ne dit la région" in said["REG-COL", "84"]
    (check,) = [item for item in load_table_specs(project.sql)["usages"].declared_checks if item.code == "USG-19"]
    query = f"select cle_source from curated.usages where {check.rule} order by 1"
    assert warehouse.rows(query) == [("v159",), ("v160",)]
