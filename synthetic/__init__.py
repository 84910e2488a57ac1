"""Made-up registers and cohorts whose truth is known, for the demonstration, tests and benchmarks.

Nothing here is about real people: names are drawn from lists of common names, numbers at random.
Every file that a made-up register consists of says so.

    truth = make_register(directory / "register", orders=250_000, seed=1)
    truth = make_system("RIPA", directory / "register", records=100_000, seed=1)
    cohort = make_cohort(directory, truth, rows=5_000, seed=2)
    cohort_table, records, pairs = make_linkage(records=1_000_000, cohort=100_000, seed=3)
"""
