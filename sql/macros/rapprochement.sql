-- Comparing the texts of two traces of AI use.

-- A flat word without the mark of the plural.
create or replace macro mot_singulier(mot) as
    if(length(mot) > 3 and not ends_with(mot, 'ss'), regexp_replace(mot, '[sx]$', ''), mot);

-- The words of a text that can tell two uses apart: flat, singular, without those of grammar, nor numbers and years.
create or replace macro mots_utiles(texte) as
    list_transform(
        list_filter(
            string_split(nom_plat(coalesce(texte, '')), ' '),
            lambda m: length(m) > 2 and not regexp_full_match(
                m,
                '\d+|artificial|artificielle?|intelligence|the|and|for|with|from|that|this|its|are|has|have|been|will|which|into|using|use|used|les|des|une|aux|par|pour'
                || '|avec|dans|sur|son|ses|leur|leurs|qui|que|est|ont|afin|mise|place|oeuvre'
            )
        ),
        lambda m: mot_singulier(m)
    );

-- The same, cut at six letters: derived words fall together.
create or replace macro mots_radicaux(texte) as
    list_transform(mots_utiles(texte), lambda m: left(m, 6));

-- Whether the small words of a text are English ones, more than French ones.
create or replace macro texte_anglais(texte) as
    len(regexp_extract_all(nom_plat(texte), '\b(?:the|of|and|to|for|with|by|is|in|from|an)\b'))
    > len(regexp_extract_all(nom_plat(texte), '\b(?:de|la|le|les|des|et|du|l|d|un|une|au|aux|pour|par|dans|en)\b'));

-- The words of a text as they are written, « GPT@EC » and « PIAST-Q » in one piece.
create or replace macro mots_ecrits(texte) as
    regexp_extract_all(coalesce(texte, ''), '[\p{L}\d]+(?:[@&+][\p{L}\d]+|-[\p{Lu}\d][\p{L}\d]*)*');

-- The words that open its sentences.
create or replace macro mots_de_debut(texte) as
    regexp_extract_all(coalesce(texte, ''), '(?:^|[.!?:|«»"“–—-]\s*)([\p{L}\d]+)', 1);

-- The number by which a source tells apart the cases of one project (« Use case 2 », « Pilot3 »).
create or replace macro numero_de_cas(titre) as
    nullif(regexp_extract(nom_plat(titre), '\b(?:use ?case|case|pilot|cas d usage|cas|pilote|module|axe|volet) ?(\d{1,2})\b', 1), '');

-- Whether one source wrote two records one after the other: keys that differ by a last number, ten apart at most.
create or replace macro cles_a_la_suite(cle_a, cle_b) as
    coalesce(
        regexp_replace(cle_a, '\d+$', '') = regexp_replace(cle_b, '\d+$', '')
        and abs(
            try_cast(regexp_extract(cle_a, '(\d{1,18})$', 1) as bigint) - try_cast(regexp_extract(cle_b, '(\d{1,18})$', 1) as bigint)
        ) <= 10,
        false
    );

-- An address without what varies between two links to one page.
create or replace macro url_page(url) as
    regexp_replace(regexp_replace(lower(url), '^https?://(?:www\.)?', ''), '(?:[#?].*|/+)$', '');

-- The name of an authority as an inventory in English writes it: without its acronym and what says that it is a
-- municipality, with what says that it is not (« Trento » is no « province trento »).
create or replace macro autorite_plate(nom) as
    trim(regexp_replace(
        regexp_replace(
            regexp_replace(
                nom_plat(regexp_replace(nom, '\([^)]*\)?', ' ', 'g')),
                '^the\b|\b(?:(?:municipality|city|town) (?:council )?of(?: the)?|municipality|(?:city|town) (?:council|hall))\b', '', 'g'
            ),
            '\b(region|county|department)(?:al)? council\b', '\1'
        ),
        '^\s*(region|county|department|province) of (?:the )?(.*)$', '\2 \1'
    ));

-- The same body abroad, known by its country and its flat name; and every body or acronym that its name joins.
create or replace macro autorite_situee(pays, nom) as
    trim(concat_ws(' ', pays, autorite_plate(nom)));

create or replace macro autorites_situees(pays, nom) as
    list_sort(list_distinct(
        [autorite_situee(pays, nom)] || list_transform(
            list_filter(noms_parties(regexp_replace(nom, '[()]', '/', 'g')), lambda p: length(autorite_plate(p)) > 3),
            lambda p: autorite_situee(pays, p)
        )
    ));

-- How much each comparison tells that two traces of one authority are one use (docs/decisions/010): points that add up, in the
-- manner of Fellegi & Sunter (1969), rounded from what the learning half of tests/gold/fusions.csv shows.
create or replace macro points_titres(ressemblance) as
    case
        when ressemblance >= 0.75 then 8
        when ressemblance >= 0.5 then 6
        when ressemblance >= 0.3 then 3
        when ressemblance >= 0.2 then 2
        else 0
    end;

create or replace macro points_textes(ressemblance) as
    case
        when ressemblance >= 0.5 then 6
        when ressemblance >= 0.35 then 4
        when ressemblance >= 0.25 then 2
        when ressemblance >= 0.1 then 1
        else 0
    end;

-- A title alone (a grant, a contract) is too short to be compared with a text: what counts is how much of it the text says. Half
-- of a title is often the name of the place or of the equipment, which another project shares.
create or replace macro points_contenance(part) as
    case
        when part >= 0.75 then 6
        when part >= 0.6 then 4
        when part >= 0.3 then 1
        when part is not null then 0
    end;

-- A name in both titles, in one title and the other text, in both texts. One that an authority gives to three cases or more
-- may be that of a programme.
create or replace macro points_nom(lieu, traces) as
    case lieu
        when 'titres' then if(traces > 2, 3, 5)
        when 'titre et texte' then if(traces > 2, 2, 4)
        when 'textes' then 1
        else 0
    end;

create or replace macro points_theme(meme_theme) as
    case when meme_theme then 1 when not meme_theme then -2 else 0 end;

create or replace macro points_page(meme_page) as if(meme_page, 3, 0);

create or replace macro points_sources(meme_source) as if(meme_source, 0, 1);

-- From how many points two traces of one authority are one use; of two names of which one holds the other (« Ville et
-- Métropole »); and are worth an analyst's time.
create or replace macro seuil_meme_usage() as 8;
create or replace macro seuil_corps_reunis() as 12;
create or replace macro seuil_a_examiner() as 2;

-- What the machine proposes for two traces.
--   meme_usage: one authority and points enough, unless the source or the titles tell the two apart;
--   a_examiner: less than that, or two authorities, shown to analysts with the reason;
--   null: nothing links them.
-- `autorites` is « même », « réunies » (one name holds the body of the other among several), « communes » (a body in common)
-- or « autres »; `distinguees` when the source or the titles tell them apart; `saisie_deux_fois` when all is alike.
create or replace macro rapprochement_propose(
    points, autorites, distinguees, saisie_deux_fois, liees, meme_page, meme_theme, titres, textes
) as
    case
        when autorites = 'même' and (saisie_deux_fois or (points >= seuil_meme_usage() and not distinguees)) then 'meme_usage'
        when autorites = 'réunies' and points >= seuil_corps_reunis() and not distinguees then 'meme_usage'
        when autorites <> 'autres' and points >= seuil_a_examiner() then 'a_examiner'
        when liees and (textes >= 0.25 or titres >= 0.5) then 'a_examiner'
        when meme_page and meme_theme then 'a_examiner'
    end;

-- What the machine does by itself of a pair, null when it leaves it to analysts.
create or replace macro fusion_dite(proposition, reservee) as
    case when proposition = 'meme_usage' and not reservee then 'meme_usage' end;
