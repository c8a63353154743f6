/* Inside the card field's frame: take the numbers, confirm at the gateway, tell only the platform's page how it went. */
(function () {
  "use strict";
  var form = document.getElementById("card");
  var parentOrigin = form.dataset.parent;
  var message = document.getElementById("message");

  function field(name) { return form.elements.namedItem(name); }

  function tell(data) { window.parent.postMessage(data, parentOrigin); }

  function complete() {
    return field("number").value.replace(/\D/g, "").length >= 12 && /^\d{1,2}\s*\/\s*\d{2}$/.test(field("expiry").value.trim())
      && /^\d{3,4}$/.test(field("cvc").value);
  }

  function say(text) {
    message.textContent = text;
    message.hidden = !text;
    tellHeight();
  }

  function tellHeight() { tell({ kind: "height", height: document.documentElement.offsetHeight }); }

  var inVietnamese = {
    card_declined: "Thẻ bị từ chối. Bạn thử thẻ khác nhé.",
    insufficient_funds: "Thẻ không đủ tiền.",
    incorrect_number: "Số thẻ chưa đúng.",
    invalid_expiry_month: "Tháng hết hạn chưa đúng.",
    invalid_expiry_year: "Năm hết hạn chưa đúng.",
    expired_card: "Thẻ đã hết hạn.",
    invalid_cvc: "Mã bảo mật (CVC) chưa đúng.",
  };

  function confirm(data) {
    var expiry = field("expiry").value.split("/");
    var id = String(data.clientSecret).split("_secret_")[0];
    var body = new URLSearchParams({
      key: data.key,
      client_secret: data.clientSecret,
      "payment_method_data[type]": "card",
      "payment_method_data[card][number]": field("number").value.replace(/\s/g, ""),
      "payment_method_data[card][exp_month]": (expiry[0] || "").trim(),
      "payment_method_data[card][exp_year]": (expiry[1] || "").trim(),
      "payment_method_data[card][cvc]": field("cvc").value,
    });
    if (data.returnUrl) body.set("return_url", data.returnUrl);
    say("");
    return fetch("/stripe/v1/payment_intents/" + encodeURIComponent(id) + "/confirm", { method: "POST", body: body })
      .then(function (response) { return response.json(); })
      .catch(function () { return { error: { type: "api_connection_error", message: "Không gọi được cổng thẻ. Bạn thử lại nhé." } }; })
      .then(function (result) {
        if (result.error) {
          var words = inVietnamese[result.error.decline_code] || inVietnamese[result.error.code] || result.error.message;
          result.error.message = words;
          say(words);
        }
        tell({ kind: "result", result: result });
      });
  }

  window.addEventListener("message", function (event) {
    if (event.source !== window.parent || event.origin !== parentOrigin) return;
    if (event.data && event.data.kind === "confirm") confirm(event.data);
  });

  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("input", function () { tell({ kind: "change", complete: complete() }); });
  document.querySelectorAll("[data-number]").forEach(function (button) {
    button.addEventListener("click", function () {
      field("number").value = button.dataset.number;
      field("expiry").value = button.dataset.expiry;
      field("cvc").value = "123";
      say("");
      tell({ kind: "change", complete: complete() });
    });
  });
  new ResizeObserver(tellHeight).observe(document.documentElement);
  tell({ kind: "ready" });
})();
