// The code behind the # is never part of a request: put it into the form, forget it, and send the form.
"use strict";
const code = location.hash.slice(1);
if (code) {
  history.replaceState(null, "", location.pathname);
  document.getElementById("code").value = code;
  document.getElementById("open").submit();
}
