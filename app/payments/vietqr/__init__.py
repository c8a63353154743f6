"""The EMVCo/VietQR codec, its pictures, the memo a payment is matched on, and the banks."""
