"""Plans, reductions, notebooks and reports: from a recipe to kept products."""
