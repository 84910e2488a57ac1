"""Who may receive what, until when: applications, projects, the gate, deadlines, the ledger, custody.

    people = People.read(home / "people.toml")
    actor = acting_person(people)
    ledger = Ledger.open(f"sqlite:///{home}/ledger.sqlite3")
    projects = Projects(ledger, home / "projects", digest=keyring.digest,
                        key=lambda number, create: keyring.document_key(number, create=create))
    releases = Releases(projects)
    state = projects.submit(path, actor, on=today)
    check(projects.show("2026-001"), ReleaseRequest("aggregated", today, "CARPOS")).check()

Nothing here touches a record of a register or of a cohort.
"""
