"""The play card gateway: shaped like Stripe, so that the official SDK and a Stripe.js page work against it."""
