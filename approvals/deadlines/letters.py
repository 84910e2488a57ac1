"""The texts of the letters; what is in braces is filled in by ``notices``."""

FRAME = """\
California Department of Justice
Research Services

{on}

{name}
{address}

Project {number}: {title}

{body}

Questions and submissions: {contact}

Research Services
"""

RENEWAL = """\
The approval of your project expires on {date}. If the project will continue, please submit a
project renewal request in writing on official letterhead, and complete the renewal before that
date ({section}). The request must include:

  1. any changes in personnel and updated contact information, including removal or addition of the
     Bona Fide Researcher or Team Members;
  2. any changes in the details of the project;
  3. any technology changes, including software or hardware changes to the computers or servers;
  4. any changes to the location where the data is stored or accessed;
  5. any changes to the security protocols used to prevent unauthorized access;
  6. if applicable, changes or updates in the approval of the institutional review board or human
     subjects committee, with all documentation, the application number and the expiration date.

If the project ends, please notify us within 30 days of its completion, together with the
certificate of data destruction (§§ 964(l), 967(a))."""

EXTENSION = """\
The extension of time for the destruction of the data ends on {date} ({section}). Before that date
please either submit an additional request to extend the time, or the signed and dated certificate
of data destruction (§ 967(a)). Up to seven requests for a total of seven years are possible."""

EVIDENCE = """\
Our records show a date of {date} by which you would have to {what} ({section}). Without it no
further data can be released to your project from the day after."""

REVIEW = """\
California Department of Justice
Research Services: note to ourselves

{on}

Project {number}

Due on {date} ({section}): {what}.

It began on {started}. Counted: {count} ({calendar}).
Record the answer when it is given; until then this stands under `doj-release deadlines`.
"""
