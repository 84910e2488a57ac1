"""Made-up registers and cohorts whose truth is known, for the demonstration, tests and benchmarks.

Nothing here is about real people: names are drawn from lists of common names, numbers at random.
Every file that a made-up register consists of says so.

    truth = make_system("CARPOS", directory / "register", records=250_000, seed=1)
    cohort = make_cohort(directory, truth, rows=5_000, seed=2)
"""
