// What every page does besides: signing out who is idle, and asking before a step that can't be taken back.
"use strict";
(() => {
  const idle = Number(document.body.dataset.idle || 0);
  if (idle) {
    let since = Date.now();
    const seen = () => { since = Date.now(); };
    for (const what of ["pointerdown", "keydown"]) addEventListener(what, seen, { passive: true });
    // The server counts requests, the page counts steps: whichever comes first hides what stands here.
    setInterval(() => { if (Date.now() - since > idle * 1000) location.replace("/left"); }, 5000);
  }
  for (const form of document.querySelectorAll("form[data-ask]")) {
    form.addEventListener("submit", (event) => {
      if (!confirm(form.dataset.ask)) event.preventDefault();
    });
  }
  // A page that the browser kept for its back button may show what has changed since.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
