"""Quality: one specification per published table, from which types, checks, dictionary and metadata follow."""
