// Asks an authenticator for a passkey or for its signature, puts the answer into the form, and sends it.
"use strict";
(() => {
  const form = document.getElementById("ceremony"), trouble = document.getElementById("trouble");
  const button = form.querySelector("button"), asked = JSON.parse(form.dataset.options);
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  asked.challenge = bytes(asked.challenge);
  if (asked.user) asked.user.id = bytes(asked.user.id);
  for (const name of ["allowCredentials", "excludeCredentials"]) {
    if (asked[name]) asked[name] = asked[name].map((one) => ({ ...one, id: bytes(one.id) }));
  }
  const fill = (fields) => { for (const [name, value] of Object.entries(fields)) form.elements[name].value = text(value); };
  const ask = async () => {
    if (form.dataset.kind === "create") {
      const made = await navigator.credentials.create({ publicKey: asked });
      return { client: made.response.clientDataJSON, attestation: made.response.attestationObject };
    }
    const found = await navigator.credentials.get({ publicKey: asked });
    const said = found.response;
    return { credential: found.rawId, authenticator: said.authenticatorData, client: said.clientDataJSON, signature: said.signature };
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    trouble.textContent = "";
    button.disabled = true;
    try {
      if (!window.PublicKeyCredential) throw new DOMException("", "SecurityError");
      fill(await ask());
      form.submit();
    } catch (error) {
      const why = { SecurityError: "none", InvalidStateError: "known" }[error.name] || "refused";
      trouble.textContent = trouble.dataset[why];
      button.disabled = false;
    }
  });
})();
