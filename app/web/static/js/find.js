// The market's search: what may be meant while typing, and goods from around here. Without it the page works all the same.
"use strict";
(() => {
  const box = document.getElementById("q");
  const list = document.getElementById("suggested");
  let last = "";
  let timer = 0;

  async function suggest() {
    const typed = box.value.trim();
    if (typed === last || typed.length < 2) return;
    last = typed;
    try {
      const answer = await fetch("/api/v1/products/suggestions?q=" + encodeURIComponent(typed));
      if (!answer.ok || box.value.trim() !== typed) return;
      const { items } = await answer.json();
      list.replaceChildren(...items.map((item) => Object.assign(document.createElement("option"), { value: item.text })));
    } catch {
      // No network: the search itself will say so.
    }
  }
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, 200);
  });

  const near = document.getElementById("near");
  if (!navigator.geolocation) return;
  near.hidden = false;
  near.addEventListener("click", () => {
    near.disabled = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const asked = new URLSearchParams(new FormData(document.getElementById("find")));
        // About a kilometre: enough for what is near, and nobody's address.
        asked.set("gan", coords.latitude.toFixed(2) + "," + coords.longitude.toFixed(2));
        asked.delete("commune");
        for (const [name, value] of [...asked]) if (!value) asked.delete(name);
        location.assign("/cho?" + asked);
      },
      () => {
        near.disabled = false;
        document.getElementById("near-problem").hidden = false;
      },
      { timeout: 10000, maximumAge: 600000 },
    );
  });
})();
