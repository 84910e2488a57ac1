"""A request of the desk, from the wire to a page: who asks, their session, their form, what refuses it, and how a page is drawn.

It knows HTTP and templates. It holds no page of its own but the one that says what went wrong, and decides nothing.
"""

from pipelines.desk.web.asgi import application
from pipelines.desk.web.desk import Desk
from pipelines.desk.web.pages import Page, Pages
from pipelines.desk.web.visit import Visit
