/* A small Stripe.js look-alike for the sandbox's card gateway. No real card, no real money. */
(function () {
  "use strict";
  var base = new URL(".", document.currentScript.src).href.replace(/v3\/$/, "");
  var origin = new URL(base).origin;

  function errorOf(message) {
    return { error: { type: "validation_error", message: message } };
  }

  function call(path, options) {
    return fetch(base + path, options)
      .then(function (response) { return response.json(); })
      .catch(function () { return { error: { type: "api_connection_error", message: "Không gọi được cổng thẻ. Bạn thử lại nhé." } }; });
  }

  function CardElement(group) {
    this.group = group;
    this.handlers = {};
    this.frame = null;
    this.waiting = null;
    this.listen = this.listen.bind(this);
  }

  CardElement.prototype.listen = function (event) {
    if (!this.frame || event.origin !== origin || event.source !== this.frame.contentWindow) return;
    var data = event.data || {};
    if (data.kind === "height") this.frame.style.height = Number(data.height) + "px";
    if (data.kind === "ready") this.emit("ready", { elementType: "payment" });
    if (data.kind === "change") this.emit("change", { elementType: "payment", complete: Boolean(data.complete) });
    if (data.kind === "result" && this.waiting) {
      var done = this.waiting;
      this.waiting = null;
      done(data.result);
    }
  };

  CardElement.prototype.emit = function (name, value) {
    (this.handlers[name] || []).forEach(function (handler) { handler(value); });
  };

  CardElement.prototype.on = function (name, handler) {
    (this.handlers[name] = this.handlers[name] || []).push(handler);
    return this;
  };

  CardElement.prototype.mount = function (target) {
    var holder = typeof target === "string" ? document.querySelector(target) : target;
    if (!holder) throw new Error("stripe.js: nowhere to mount, " + target);
    var frame = document.createElement("iframe");
    frame.src = base + "v3/card?parent=" + encodeURIComponent(window.location.origin);
    frame.title = "Nhập thẻ thanh toán";
    frame.style.width = "100%";
    frame.style.height = "430px";
    frame.style.border = "0";
    window.addEventListener("message", this.listen);
    holder.replaceChildren(frame);
    this.frame = frame;
    return this;
  };

  CardElement.prototype.unmount = function () {
    window.removeEventListener("message", this.listen);
    if (this.frame) this.frame.remove();
    this.frame = null;
  };
  CardElement.prototype.destroy = CardElement.prototype.unmount;

  CardElement.prototype.confirm = function (message) {
    var element = this;
    if (!element.frame) return Promise.resolve(errorOf("Chưa có ô nhập thẻ trên trang."));
    if (element.waiting) return Promise.resolve(errorOf("Đang gửi thanh toán, bạn chờ một chút."));
    return new Promise(function (resolve) {
      element.waiting = resolve;
      element.frame.contentWindow.postMessage(message, origin);
    });
  };

  function Elements(options) {
    this.clientSecret = (options || {}).clientSecret || "";
    this.elements = {};
  }
  Elements.prototype.create = function (type) {
    return (this.elements[type] = new CardElement(this));
  };
  Elements.prototype.getElement = function (type) { return this.elements[type] || null; };
  Elements.prototype.submit = function () { return Promise.resolve({}); };

  function withResult(url, intent) {
    var back = new URL(url, window.location.href);
    back.searchParams.set("payment_intent", intent.id);
    back.searchParams.set("payment_intent_client_secret", intent.client_secret);
    back.searchParams.set("redirect_status", intent.status === "succeeded" ? "succeeded" : "failed");
    return back.href;
  }

  function leave(url) {
    window.location.assign(url);
    return new Promise(function () {});
  }

  window.Stripe = function (publishableKey) {
    return {
      elements: function (options) { return new Elements(options); },

      retrievePaymentIntent: function (clientSecret) {
        var id = String(clientSecret).split("_secret_")[0];
        var query = new URLSearchParams({ key: publishableKey, client_secret: clientSecret });
        return call("v1/payment_intents/" + encodeURIComponent(id) + "?" + query).then(function (body) {
          return body.error ? { error: body.error } : { paymentIntent: body };
        });
      },

      confirmPayment: function (options) {
        var elements = options.elements;
        var params = options.confirmParams || {};
        var element = elements && (elements.getElement("payment") || elements.getElement("card"));
        var clientSecret = options.clientSecret || (elements && elements.clientSecret) || "";
        if (!element) return Promise.resolve(errorOf("Chưa có ô nhập thẻ trên trang."));
        if (!params.return_url && options.redirect !== "if_required") {
          return Promise.resolve(errorOf("confirmParams.return_url is required."));
        }
        return element
          .confirm({ kind: "confirm", key: publishableKey, clientSecret: clientSecret, returnUrl: params.return_url || "" })
          .then(function (body) {
            if (body.error) return { error: body.error };
            if (body.next_action && body.next_action.redirect_to_url) return leave(body.next_action.redirect_to_url.url);
            if (options.redirect === "if_required" || !params.return_url) return { paymentIntent: body };
            return leave(withResult(params.return_url, body));
          });
      },
    };
  };
})();
