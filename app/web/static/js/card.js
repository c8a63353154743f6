/*
The page where a card is typed. The fields are a frame of the card gateway; this page never sees a number.
  [data-card] form (hidden without JavaScript) with data-key (publishable key), data-secret (client secret of this payment),
    data-return (where to go after), data-locale. Inside: [data-card-field] takes the gateway's fields, [data-card-error]
    says what went wrong, and the button sends once at a time.
*/
(function () {
  "use strict";

  var form = document.querySelector("[data-card]");
  if (!form) return;
  var button = form.querySelector("button"), error = form.querySelector("[data-card-error]"), set = form.dataset;

  function say(words) {
    error.textContent = words;
    error.hidden = !words;
  }

  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  if (!window.Stripe) { say(set.sayMissing); return; }

  var stripe = window.Stripe(set.key, { locale: set.locale });
  var elements = stripe.elements({ clientSecret: set.secret, locale: set.locale });
  var fields = elements.create("payment");
  fields.on("ready", function () { button.disabled = false; });
  fields.on("loaderror", function () { say(set.sayMissing); });
  fields.mount(form.querySelector("[data-card-field]"));

  form.addEventListener("submit", async function () {
    if (button.disabled) return;
    button.disabled = true;
    form.setAttribute("aria-busy", "true");
    say("");
    try {  // when it goes well, the browser leaves for data-return
      var answer = await stripe.confirmPayment({ elements: elements, confirmParams: { return_url: set.return } });
      if (answer.error) say(answer.error.message || set.sayFailed);
    } catch (e) {
      say(set.sayFailed);
    }
    form.removeAttribute("aria-busy");
    button.disabled = false;
  });
})();
