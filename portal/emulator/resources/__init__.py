"""One module per API resource; every module here registers its own routes when it is imported."""
