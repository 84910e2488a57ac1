"""The desk: review and sign-off in a browser, over the same functions that the commands call.

It knows pages, forms, visitors and how they are served; each request opens a session that acts as its visitor, so that roles, two
people and the ledger are those of the commands. It holds no rule of the domain, keeps nothing but who is signed in, imports no
Prefect, and shows a person's values nowhere but on a release's review pages, to its reviewers.
"""

from pipelines.desk.serving import PORT, Address, serve_own, serve_standing
