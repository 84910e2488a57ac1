"""What a machine and a home can and can't do, as findings, each with what to do about it.

It knows the program, a home, Prefect's server, a cluster and a bucket. It looks, and never changes anything but one object that it
writes into a bucket and deletes.
"""

from pipelines.deployment.doctor.examination import examine
