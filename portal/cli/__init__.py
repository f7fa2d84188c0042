"""The `portal` command line: what can be said (`parser`), and a module for each kind of thing to do."""
