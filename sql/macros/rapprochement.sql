-- Comparing the texts of two traces of AI use.

-- The words of a text that can tell two uses apart: flat, cut at six letters (plural and gender fall together).
create or replace macro mots_radicaux(texte) as
    list_transform(
        list_filter(string_split(nom_plat(coalesce(texte, '')), ' '), lambda m: length(m) > 2),
        lambda m: left(m, 6)
    );

-- The names that a title gives to a tool or a project, known by their capitals (IssyGPT, RECITAL); a title all in capitals
-- tells nothing.
create or replace macro noms_propres(titre) as
    case
        when titre <> upper(titre) then list_transform(
            list_filter(
                regexp_extract_all(titre, '[\p{L}\d]*\p{Lu}[\p{L}\d]*\p{Lu}[\p{L}\d]*'), lambda m: length(m) > 3
            ),
            lambda m: nom_plat(m)
        )
        else cast([] as varchar[])
    end;

-- An address without what varies between two links to one page.
create or replace macro url_page(url) as
    regexp_replace(regexp_replace(lower(url), '^https?://(?:www\.)?', ''), '(?:[#?].*|/+)$', '');

-- The name of an authority as an inventory in English writes it, without what says its kind.
create or replace macro autorite_plate(nom) as
    trim(regexp_replace(nom_plat(nom), '\b(?:(?:municipality|city|town|region|department|province) of|municipality|(?:city|town|county|regional) council)\b', '', 'g'));

-- What the machine proposes for two traces. The thresholds were set on tests/gold/fusions.csv, half « apprentissage ».
--   meme_usage: one authority, and (a) one title, or (b) a close title, from two pages or two sources, or (c) one name of
--     tool or project that no other authority has, or (d) close texts in one theme;
--   a_examiner: less than that, shown to analysts with the reason;
--   null: nothing links them.
-- Two records that one source draws from one page were told apart by it: only (a) joins them.
create or replace macro rapprochement_propose(
    meme_autorite, meme_source, meme_page, meme_theme, meme_nom, liees, titres, textes
) as
    case
        when meme_autorite and titres >= 0.88 then 'meme_usage'
        when meme_autorite and not (meme_source and meme_page) and (
            titres >= 0.75
            or (not meme_source and titres >= 0.5)
            or meme_nom
            or (meme_theme and textes >= 0.25)
        ) then 'meme_usage'
        when meme_autorite and (textes >= 0.1 or titres >= 0.2 or (meme_theme and (meme_page or not meme_source)))
            then 'a_examiner'
        when liees and textes >= 0.25 then 'a_examiner'
        when meme_page and meme_theme then 'a_examiner'
    end;

-- What the machine does by itself of a pair, null when it leaves it to analysts.
create or replace macro fusion_dite(proposition, du_registre) as
    case when proposition = 'meme_usage' and not du_registre then 'meme_usage' end;
