"""What is held against a use in the figures: coders who deny its AI, a site that nobody classified."""

from __future__ import annotations

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
    assert marked(project, "ia_lue") == ["v001", "v002", "v004"], "two coders and the newest codebook, whatever they say"
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
