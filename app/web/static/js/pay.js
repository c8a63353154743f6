/*
The page a buyer pays from.
  [data-pay] with data-url (answers {status, paid_vnd, amount_vnd}) and data-status (what the page shows now): asked every
    two seconds, slower while the network is down; once the answer differs from what is shown, the page reloads itself.
    [data-pay-light] inside it, with data-waiting and data-lost, says in words how that goes.
  [data-copy] buttons (hidden without JavaScript) put their text on the clipboard and say so with data-copied.
*/
(function () {
  "use strict";

  var EVERY_MS = 2000, SLOWEST_MS = 15000, PATIENCE_MS = 10000;

  function watch(panel) {
    var light = panel.querySelector("[data-pay-light]"), wait = EVERY_MS, timer = 0, asking = false, paid = null;
    function tell(state) {  // "waiting" | "lost"
      if (!light) return;
      light.hidden = false;
      panel.dataset.state = state === "lost" ? "off" : "on";
      if (light.textContent !== light.dataset[state]) light.textContent = light.dataset[state];
    }
    function reload(seen) {  // once for each state, so that a page which keeps showing the old one can't go in circles
      try {
        if (sessionStorage.getItem(panel.dataset.url) === seen) return;
        sessionStorage.setItem(panel.dataset.url, seen);
      } catch (e) { /* no storage: reload all the same */ }
      location.reload();
    }
    async function ask() {
      if (asking) return;
      asking = true; clearTimeout(timer);
      var stop = new AbortController(), patience = setTimeout(function () { stop.abort(); }, PATIENCE_MS);
      try {
        var reply = await fetch(panel.dataset.url, { signal: stop.signal, cache: "no-store", headers: { Accept: "application/json" } });
        if (!reply.ok) throw new Error("status " + reply.status);
        var answer = await reply.json();
        if (paid === null) paid = answer.paid_vnd;
        if (answer.status !== panel.dataset.status || answer.paid_vnd !== paid) { reload(answer.status + answer.paid_vnd); }
        wait = EVERY_MS;
        tell("waiting");
      } catch (e) {
        wait = Math.min(wait * 2, SLOWEST_MS);
        tell("lost");
      } finally {
        clearTimeout(patience);
        asking = false;
      }
      timer = setTimeout(ask, wait);
    }
    window.addEventListener("online", ask);
    document.addEventListener("visibilitychange", function () { if (document.visibilityState === "visible") ask(); });
    ask();
  }

  async function put(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    var box = document.createElement("textarea");
    box.value = text; box.readOnly = true; box.className = "sr";
    document.body.append(box); box.select();
    var worked = document.execCommand("copy");
    box.remove();
    if (!worked) throw new Error("not copied");
  }

  document.querySelectorAll("[data-pay]").forEach(watch);
  document.querySelectorAll("[data-copy]").forEach(function (button) {
    var words = button.querySelector("span"), before = words.textContent;
    button.hidden = false;
    button.addEventListener("click", async function () {
      try {
        await put(button.dataset.copy);
        words.textContent = button.dataset.copied;
        setTimeout(function () { words.textContent = before; }, 2500);
      } catch (e) { button.hidden = true; }  // the text stands beside it and can be held and copied by hand
    });
  });
})();
