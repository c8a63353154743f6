/* Reload every few seconds, but not under the fingers of someone typing a number. Without JavaScript, <noscript> reloads. */
setInterval(function () {
  if (document.activeElement === null || document.activeElement.tagName !== "INPUT") window.location.reload();
}, 5000);
