/*
The seller's listening page: shows each arrived payment and says it aloud, once.

Markup (the macro `ui.sound_panel` writes it): an element with
  data-sound             marks the panel
  data-url               answers ?since=<n> with {items: [{seq, amount_vnd, words, label, at}], last_seq} in rising seq;
                         may add total_vnd, today's sum, which then replaces our own adding-up
  data-key               names this stall; what was said last is kept on this phone under it
  data-since             the server's newest seq when the page was made: where a first visit starts
  data-total             today's sum in đồng up to data-since
  data-say-idle|on|off|mute   the words for the light, and the note when the phone has no Vietnamese voice
and inside it: [data-start] and [data-again] buttons (hidden without JavaScript), [data-light], [data-words],
[data-voice-note], [data-total-out], [data-items] (list, newest first), [data-none] (shown while the list is empty).

Promises
  Nothing is said twice: the seq is written to the phone before its words are said. Reloading resumes after it.
  What came while the page was away is said when it is back, unless it is older than ten minutes: then it is only shown.
  Without a Vietnamese voice there is a two-tone chime, and the words stand large.
  Text from the server only ever becomes text nodes.
When something is said, "chophien:spoken" bubbles from the panel; detail = {seq, words, by: "voice" | "chime"}.
*/
(function () {
  "use strict";

  var EVERY_MS = 1000, SLOWEST_MS = 10000, PATIENCE_MS = 8000, STALE_MS = 10 * 60 * 1000, KEPT_LINES = 100;
  var panel = document.querySelector("[data-sound]");
  if (!panel) return;

  var part = function (name) { return panel.querySelector("[data-" + name + "]"); };
  var memory = "chophien.sound." + panel.dataset.key;
  var pageSince = Number(panel.dataset.since) || 0;
  var total = Number(panel.dataset.total) || 0;
  var heard = remembered();          // the last seq said on this phone
  if (heard === null) { heard = pageSince; remember(heard); }
  var since = heard;                 // the last seq received
  var queue = [], lastItem = null, speaking = false, started = false, wait = EVERY_MS, timer = 0, asking = false, answered = false;
  var audio = null, voice = null, lock = null;

  function remembered() {
    try { var kept = localStorage.getItem(memory); return kept === null ? null : Number(kept); } catch (e) { return null; }
  }
  function remember(seq) {
    try { localStorage.setItem(memory, String(seq)); } catch (e) { /* private mode: this page still remembers */ }
  }
  function vnd(amount) { return String(amount).replace(/\B(?=(\d{3})+$)/g, ".") + "\u00a0₫"; }
  function clock(at) {
    var when = new Date(at);
    return isNaN(when) ? "" : when.toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" });
  }
  function light(state) {
    panel.dataset.state = state;
    var words = panel.dataset[state === "off" ? "sayOff" : state === "on" ? "sayOn" : "sayIdle"];
    if (part("light").textContent !== words) part("light").textContent = words;
  }

  /* Showing */
  function show(item) {
    var line = document.createElement("li"), sum = document.createElement("span"), about = document.createElement("span");
    line.className = "new"; sum.className = "price"; about.className = "soft";
    line.dataset.seq = item.seq;
    sum.textContent = "+" + vnd(item.amount_vnd);
    about.textContent = [item.label, clock(item.at)].filter(Boolean).join(" ");
    line.append(sum, about);
    part("items").prepend(line);
    while (part("items").children.length > KEPT_LINES) part("items").lastElementChild.remove();
    part("none").hidden = true;
    total += item.amount_vnd;
  }

  /* Saying */
  function findVoice() {
    var voices = window.speechSynthesis ? speechSynthesis.getVoices() : [];
    voice = voices.find(function (v) { return /^vi\b/i.test(v.lang.replace("_", "-")); }) || null;
    part("voice-note").textContent = panel.dataset.sayMute;
    part("voice-note").hidden = Boolean(voice) || !started;
  }
  function chime() {
    if (!audio) return;
    [[880, 0], [1175, 0.22]].forEach(function (tone) {
      var from = audio.currentTime + tone[1], sound = audio.createOscillator(), loud = audio.createGain();
      sound.frequency.value = tone[0];
      loud.gain.setValueAtTime(0.0001, from);
      loud.gain.exponentialRampToValueAtTime(0.5, from + 0.02);
      loud.gain.exponentialRampToValueAtTime(0.0001, from + 0.5);
      sound.connect(loud).connect(audio.destination);
      sound.start(from); sound.stop(from + 0.55);
    });
  }
  function say(item, done) {
    var over = false, guard = 0;
    function end() { if (!over) { over = true; clearTimeout(guard); done(); } }
    part("words").textContent = item.words;
    if (voice) {
      var speech = new SpeechSynthesisUtterance(item.words);
      speech.voice = voice; speech.lang = voice.lang; speech.rate = 0.95;
      speech.onend = speech.onerror = end;
      speechSynthesis.speak(speech);
      // Some browsers never report the end: go on after a time no sentence needs.
      guard = setTimeout(function () { speechSynthesis.cancel(); end(); }, 4000 + 150 * item.words.length);
    } else {
      chime();
      guard = setTimeout(end, 2500);
    }
  }
  function sayNext() {
    if (!started || speaking || !queue.length) return;
    var item = queue.shift(), elsewhere = remembered();
    if (elsewhere !== null && elsewhere > heard && elsewhere >= item.seq) { sayNext(); return; }  // another tab said it
    heard = item.seq; remember(heard);
    lastItem = item; part("again").hidden = false;
    speaking = true;
    say(item, function () { speaking = false; sayNext(); });
    panel.dispatchEvent(new CustomEvent("chophien:spoken", {
      bubbles: true, detail: { seq: item.seq, words: item.words, by: voice ? "voice" : "chime" },
    }));
  }

  /* Asking */
  function take(answer, now) {
    if (answer.last_seq < since) { since = heard = answer.last_seq; remember(heard); }  // the books were begun anew
    answer.items.forEach(function (item) {
      if (item.seq <= since) return;
      since = item.seq;
      if (item.seq > pageSince) show(item);
      if (now - Date.parse(item.at) > STALE_MS) return;
      queue.push(item);
    });
    if (typeof answer.total_vnd === "number") total = answer.total_vnd;
    part("total-out").textContent = vnd(total);
    sayNext();
  }
  async function ask() {
    if (asking) return;
    asking = true; clearTimeout(timer);
    var stop = new AbortController(), patience = setTimeout(function () { stop.abort(); }, PATIENCE_MS);
    try {
      var url = panel.dataset.url + (panel.dataset.url.includes("?") ? "&" : "?") + "since=" + since;
      var reply = await fetch(url, { signal: stop.signal, cache: "no-store", headers: { Accept: "application/json" } });
      // Signed out meanwhile: a reload leads to the sign-in page. Only after a good answer, so that it can't go in circles.
      if ((reply.status === 401 || reply.status === 403) && answered) { location.reload(); return; }
      if (!reply.ok) throw new Error("status " + reply.status);
      // The server's clock judges what is old; a phone's own may be years off.
      take(await reply.json(), Date.parse(reply.headers.get("Date")) || Date.now());
      answered = true;
      wait = EVERY_MS;
      light(started ? "on" : "idle");
    } catch (e) {
      wait = Math.min(wait * 2, SLOWEST_MS);
      light("off");
    } finally {
      clearTimeout(patience);
      asking = false;
      timer = setTimeout(ask, wait);
    }
  }

  async function stayAwake() {
    try { lock = navigator.wakeLock && (await navigator.wakeLock.request("screen")); } catch (e) { lock = null; }
  }
  function start() {
    started = true;
    part("start").hidden = true;
    var Audio = window.AudioContext || window.webkitAudioContext;
    if (Audio) { audio = new Audio(); audio.resume(); }
    // An empty utterance inside the tap is what lets later ones sound on phones.
    if (window.speechSynthesis) speechSynthesis.speak(new SpeechSynthesisUtterance(""));
    findVoice(); stayAwake(); light("on"); chime(); sayNext(); ask();
  }

  part("start").hidden = false;
  part("start").addEventListener("click", start);
  part("again").addEventListener("click", function () {
    if (lastItem && !speaking) { speaking = true; say(lastItem, function () { speaking = false; sayNext(); }); }
  });
  if (window.speechSynthesis && speechSynthesis.addEventListener) speechSynthesis.addEventListener("voiceschanged", findVoice);
  window.addEventListener("online", ask);
  window.addEventListener("offline", function () { light("off"); });
  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState !== "visible") return;
    if (started && (!lock || lock.released)) stayAwake();
    ask();
  });
  light("idle");
  ask();
})();
