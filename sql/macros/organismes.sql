-- Reading the names of public bodies outside the territorial reference (syndicats, SDIS, régies, GIP…).

-- What BANATIC's legal nature says: a body of the reference (own taxation, EPT), a syndicat, or nothing known (NULL).
-- The export writes codes; labels are read too.
create or replace macro groupement_genre(nature) as
    case
        when upper(trim(nature)) in ('CC', 'CA', 'CU', 'METRO', 'MET69', 'SAN', 'EPT')
            or regexp_matches(nom_plat(nature), '^(?:communaute|metropole|etablissement public territorial)')
            then 'reference'
        when upper(trim(nature)) in ('SIVU', 'SIVOM', 'SIVOS', 'SMF', 'SMO', 'POLEM', 'PETR')
            or regexp_matches(nom_plat(nature), '^(?:syndicat|pole )')
            then 'syndicat'
    end;

-- A name as deliveries write it, spaces made one, without what names a person.
create or replace macro organisme_nom(nom) as sans_contact(trim(regexp_replace(nom, '[\s\p{Z}]+', ' ', 'g')));

-- Punctuation of Windows-1252 read as control characters (no name holds any) given back.
create or replace macro ponctuation_remise(texte) as
    translate(
        texte,
        chr(133) || chr(140) || chr(145) || chr(146) || chr(147) || chr(148) || chr(150) || chr(151) || chr(156),
        '…Œ‘’“”–—œ'
    );

-- A fire and rescue service, in all the ways that accounts and platforms shorten its name.
create or replace macro est_sdis(plat) as
    regexp_matches(plat, '^(?:sdis|sdmis)\b|^s(?:ce|erv\w*) (?:d ?\w+ (?:et metropolitain )?)?(?:d )?incendie\b');

-- The département that the name of a fire service tells: « 08 », « du gard », '' when it says nothing.
create or replace macro sdis_lieu(plat) as
    trim(regexp_replace(
        plat,
        '^(?:sdis|sdmis)\b|^s(?:ce|erv\w*) (?:d ?\w+ (?:et metropolitain )?)?(?:d )?incendie(?: et)?(?: de| d)?(?: secours)?\b|\b(?:sdis ?\w*|budget.*|bp|cantine)$',
        '', 'g'
    ));

-- Codes of data/register/vocabulaires.yml, list type_organisme. The first words that tell a type win: « syndicat des
-- écoles » is no school. Two leading digits help where the name does not: 11, 12, 15 and 17 are services of the State,
-- and every SIREN in 25 of the deliveries is a syndicat's or a pole's.
create or replace macro organisme_type(plat, siren) as
    case
        when est_sdis(plat) then 'sdis'
        when regexp_matches(plat, '^regies?\b') then 'regie'
        when regexp_matches(
            plat,
            '\b(?:synd|syndicat\w*|syndmc?|syn int|asymix|sivu|sivom|sivos|smo|smf|petr|pnr|sictom|smictom|smirtom|sirtom|smitom|sitom|siaepa?|smaep|smea|smtc|eptb|epage)\b'
            || '|^(?:sm|s m|si|s i|sia|sie|sier|s mixte) |parc naturel r|pole (?:metropolitain|d equilibre territorial)|commission syndicale'
            || '|^(?:ept|etablissement public territorial) (?:du |de )?bassin'
        ) then 'syndicat'
        when regexp_matches(plat, '\b(?:cdg|cdgfpt|cig)\b|^(?:centre|ctre) (?:dep\w* |interdep\w* )?(?:de )?gestion') then 'centre_gestion'
        when regexp_matches(plat, '\b(?:ccas|cias|cmas)\b|^(?:centre|ctre) (?:inter)?communal\w* (?:d )?action sociale') then 'ccas'
        when regexp_matches(
            plat, '^(?:ch|chu|chi|chr|chru|chs) |\b(?:hopita\w+|hospitali\w+|ehpad|ehpa|epsm)\b|maison de retraite|sante mentale'
        ) then 'hopital'
        when regexp_matches(plat, '\b(?:oph|oph\w{2}|opac|habitat|hlm)\b') then 'office_habitat'
        when regexp_matches(plat, '\b(?:gip|mdph)\b|groupement d interet public|maison departementale des personnes h') then 'gip'
        when regexp_matches(plat, '\b(?:universit(?:es?)?|lycees?|colleges?|ecoles?|crous|academie|rectorat)\b') then 'enseignement'
        when left(siren, 2) in ('11', '12', '15', '17')
            or regexp_matches(plat, '\b(?:ministeres?|prefectures?|parc national|voies navigables)\b')
            then 'etat'
        when regexp_matches(plat, '\bregies?\b') then 'regie'
        when left(siren, 2) = '25' then 'syndicat'
        else 'autre'
    end;

-- A name that is that of an authority, most often a former one that the reference of today no longer holds.
create or replace macro est_nom_d_autorite(plat) as
    concat_ws(
        '', nom_forme(plat).epci, nom_forme(plat).commune, nom_forme(plat).departement, nom_forme(plat).region,
        nom_forme(plat).ept, nom_forme(plat).collectivite
    ) <> ''
    or nom_finit_en_epci(plat);

-- The flat name with the ways of writing « syndicat » made one, and a park's syndicat called by its park.
create or replace macro organisme_plat(plat) as
    regexp_replace(
        regexp_replace(
            regexp_replace(plat, '^(?:syndmc|asymix|sm|s m|s mixte|synd mixte|syndicat mixte(?: ouvert| ferme| intercommunal)?)\b', 'syndicat mixte'),
            '^(?:si|s i|synd inter\w*|syndicat inter\w*)\b', 'syndicat intercommunal'
        ),
        '^(?:syndicat mixte )?(?:(?:d|de|du|l|la|et|pour|amenagement|gestion|realisation|mixte) )*(?:pnr|parc nat\w* reg\w*)\b',
        'parc naturel regional'
    );

-- A key that says what a body is and not which: many answer to it.
create or replace macro organisme_generique(cle) as
    regexp_full_match(
        cle,
        '(?:syndicat|synd|mixte|intercommunal|departemental|commission|commune|service|centre|office|regie|public|gestion|collecte|traitement|ordures|menageres|dechets|eaux?|potable|assainissement|energies?|electricite|transports?|pour|budget|principal|annexe|maison|siege'
        || '|sivu|sivom|sivos|sirp|siaepa?|siae|sier|siea|smaep|sdea?|sdee|sdem|sictom|smictom|sirtom|smirtom|s[mi]*tom|smidom|smtc|eptb?|epage|petr|parcnaturelregional|ccas|cias|mdph|ehpad|sdis)+'
    );

-- The single word of a part of a name, when it may be an acronym.
create or replace macro organisme_sigle(plat) as case when regexp_full_match(plat, '[a-z][a-z0-9]{3,14}') then plat end;

-- The keys a name is found by: itself without its brackets, what stands before a dash, an acronym in brackets or beside a
-- dash. A fire service answers to one key: its département tells it apart.
create or replace macro organisme_cles(nom) as
    case
        when est_sdis(nom_plat(nom)) then ['sdis']
        else list_distinct(list_filter(
            [
                nom_cle(organisme_plat(nom_plat(regexp_replace(nom, '\([^)]*\)?', ' ', 'g')))),
                nom_cle(organisme_plat(nom_plat(regexp_extract(nom, '^(.+?)\s+[-–—:]\s', 1)))),
                organisme_sigle(nom_plat(regexp_extract(nom, '\(([^)]*)', 1))),
                organisme_sigle(nom_plat(regexp_extract(nom, '\s[-–—:]\s+([^(]*)', 1)))
            ],
            lambda c: c is not null and length(c) >= 4 and not organisme_generique(c)
        ))
    end;
