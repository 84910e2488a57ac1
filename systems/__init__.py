"""What the Department's data systems hold, and the snapshots of their registers.

    system = load_system("CARPOS")
    system.table("order_entry").column("issue_date").identifier_class

`systems.database` opens the embedded database, `systems.tabular` reads outside files,
`systems.register` keeps the snapshots. What a TOML can state is in no code.
"""
