"""`./dev run` and `./dev story`: the product with a demo tenant, on one machine, from nothing."""
