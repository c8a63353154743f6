"""Card payments through Stripe: one intent per request, its events in an inbox, the same books as everything else."""
