"""Browsers at a standing desk, without a network, each with an authenticator in its owner's hand."""

import html
import json
import re
import secrets

from crypto.passkeys import from_base64url, to_base64url
from pipelines.desk.pages import TOPICS
from pipelines.desk.web import application
from tests.desk import TestClient
from tests.unit.crypto.passkeys.authenticators import SITE, Authenticator


def answer_fields(assertion):
    """An assertion as the fields of a form."""
    names = ("credential", "authenticator", "client", "signature")
    return {name: to_base64url(getattr(assertion, name)) for name in names}


class Visitor:
    """A browser at a standing desk, with an authenticator in its owner's hand."""

    def __init__(self, desk, authenticator=None, origin=SITE.origin, headers=None):
        self.client = TestClient(
            application(desk, TOPICS), base_url=origin, follow_redirects=False, headers=headers
        )
        self.authenticator = authenticator or Authenticator(credential=secrets.token_bytes(16))
        self.token = ""

    def get(self, path, **headers):
        answer = self.client.get(path, headers=headers)
        self._learn(answer)
        return answer

    def post(self, path, **form):
        sent = {"token": self.token} | form
        answer = self.client.post(
            path, data=sent, headers={"origin": str(self.client.base_url).rstrip("/")}
        )
        self._learn(answer)
        return answer

    def _learn(self, answer):
        if found := re.search(r'name="token" value="([0-9a-f]{64})"', answer.text):
            self.token = found[1]

    @staticmethod
    def asked(page):
        """What a page asks an authenticator, and the fields that its form has already."""
        form = re.search(
            r'(?s)<form method="post" action="([^"]*)" class="stack" id="ceremony".*?</form>', page
        )
        assert form, page
        options = json.loads(html.unescape(re.search(r'data-options="([^"]*)"', form[0])[1]))
        return form[1], options, dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))

    def answered(self, page, sign=None):
        """Answer what a page asks, as its script does."""
        action, options, fields = self.asked(page)
        challenge = from_base64url(options["challenge"])
        if "rp" in options:
            client, attestation = self.authenticator.create(challenge)
            sent = {"client": to_base64url(client), "attestation": to_base64url(attestation)}
        else:
            sent = answer_fields((sign or self.authenticator.sign)(challenge))
        return self.post(action, **fields | sent)

    def register(self, code):
        """Take an invitation; the last page."""
        page = self.post("/register", code=code)
        page = self.answered(page.text)
        return self.answered(page.text) if page.status_code == 200 else page

    def sign_in(self, sign=None):
        """Sign in; the answer."""
        answer = self.answered(self.get("/sign-in").text, sign)
        if answer.status_code == 303:
            self.get("/")
        return answer

    def decide(self, path, sign=None, **form):
        """Take a step that has to be signed, and sign it."""
        page = self.post(path, **form)
        assert 'name="signing"' in page.text, page.text
        return self.answered(page.text, sign)
