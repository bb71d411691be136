"""Judgement: is it AI, to what end. Rules are data (data/register/lexique_*.yml); what runs is SQL made from them."""
