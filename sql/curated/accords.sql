-- How far independent coders agree, with one another and each with the register, by variable and version of the codebook.
select
    variable,
    guide,
    comparaison,
    passes,
    n,
    accord,
    kappa,
    kappa_ic_bas,
    kappa_ic_haut,
    alpha,
    alpha_ic_bas,
    alpha_ic_haut,
    motif
from core.accords
